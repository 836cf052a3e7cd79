"""How the money of a promise is reckoned: its worth, that of a window, and what is given back."""

from __future__ import annotations

from typing import Any

from api.behind import promise_of_row
from api.reckoned.part import Part, Reckoning, part, reckoned
from streams.store.queries import RowDict
from twin.business.promise import Promise
from twin.business.windows import W
from twin.state import Twin
from twin.units import NS_PER_S, PPM, dollars, instant_text, parse_instant
from twin.views.commitments import is_exposed


def of_commitments(twin: Twin, column: str, row: RowDict) -> Reckoning | None:
    """The reckoning of money of a promise; None for any other column."""
    promise = promise_of_row(twin, row)
    if promise is None:
        return None
    windows = twin.windows[row["label"]]
    window = windows.rows[windows.ids.index(promise.commitment_id)].tolist()
    agreed = _agreed(twin, promise)
    match column:
        case "value_usd":
            return reckoned(
                "as agreed (CommitmentAgreed, CommitmentAmended): a worth by the year ×"
                " (ends - starts) / 31,557,600 s, or the whole; of launches the part due after the"
                " world opened",
                [agreed],
            )
        case "earned_usd" if promise.is_launch:
            return reckoned(
                "value_usd × flown_count / promised_qty - earned_before_usd, 0 at least",
                [agreed],
                _of_launches(promise, window),
            )
        case "earned_usd":
            terms = {"value_usd": dollars(promise.value_micro_usd), **_times(twin, promise)}
            runs = int(promise.starts_ns < twin.tick_ns <= promise.ends_ns)
            formula = "runs × value_usd × tick_s / duration_s, and no more than is left of it"
            return reckoned(formula, [agreed], {"runs": runs, **terms})
        case "credit_exposure_usd":
            return _credit(promise, window, counts=is_exposed(window), named="may_break")
        case "credit_usd":
            return _credit(promise, window, counts=bool(window[W.IS_OPENED]), named="broke")
        case "displaced_usd":
            return reckoned(
                "accelerator-hours that paid work was short of in the tick × their price, laid to"
                " the promises served before it by what they hold of its pools",
            )
    return None


def of_windows(twin: Twin, column: str, row: RowDict) -> Reckoning | None:
    """What was given back for a window that closed, if it was broken."""
    promise = promise_of_row(twin, row)
    if promise is None or column != "credit_usd":
        return None
    window = [0] * len(W)
    window[W.START_NS] = parse_instant(row["window_start"])
    window[W.END_NS] = parse_instant(row["window_end"])
    windows = twin.windows[row["label"]]
    flown_count = windows.rows[windows.ids.index(promise.commitment_id), W.FLOWN_COUNT]
    window[W.FLOWN_COUNT] = int(flown_count)
    return _credit(promise, window, counts=row["outcome"] == "breached", named="broke")


def _credit(promise: Promise, window: list[int], *, counts: bool, named: str) -> Reckoning:
    """What a window is worth, and the fraction of it that is given back when it breaks."""
    terms: dict[str, Any] = {
        named: int(counts),
        "window_worth_usd": dollars(_worth(promise, window)),
        # In whole millionths, as it is given back.
        "credit_fraction": round(promise.terms.credit_fraction * PPM) / PPM,
    }
    formula = f"{named} × window_worth_usd × credit_fraction, where {named} is 1 or 0"
    return reckoned(formula, [_window(promise, window)], terms)


def _worth(promise: Promise, window: list[int]) -> int:
    return promise.worth_micro_usd(
        start_ns=window[W.START_NS],
        end_ns=window[W.END_NS],
        flown_count=window[W.FLOWN_COUNT],
    )


def _window(promise: Promise, window: list[int]) -> Part:
    """The worth of a window: by its length, or by the launches that are missing."""
    value, worth = dollars(promise.value_micro_usd), dollars(_worth(promise, window))
    name = f"window/{promise.commitment_id}"
    if promise.is_launch:
        promised, flown = promise.terms.promised_qty, window[W.FLOWN_COUNT]
        terms = {
            "value_usd": value,
            "missing_count": max(0, promised - flown),
            "promised_qty": promised,
        }
        return part(name, "value_usd × missing_count / promised_qty", terms, worth)
    starts_ns, ends_ns = promise.starts_ns, promise.ends_ns
    from_ns, to_ns = max(window[W.START_NS], starts_ns), min(window[W.END_NS], ends_ns)
    is_one = window[W.END_NS] > 0
    span = {
        "value_usd": value,
        "window_s": max(0, to_ns - from_ns) / NS_PER_S if is_one else 0.0,
        "duration_s": (ends_ns - starts_ns) / NS_PER_S,
        "from": instant_text(from_ns) if is_one else None,
        "until": instant_text(to_ns) if is_one else None,
    }
    return part(name, "value_usd × window_s / duration_s", span, worth)


def _of_launches(promise: Promise, window: list[int]) -> dict[str, Any]:
    promised = promise.terms.promised_qty
    before = window[W.EARNED_SUM_MICRO_USD] - window[W.EARNED_MICRO_USD]
    return {
        "value_usd": dollars(promise.value_micro_usd),
        "flown_count": min(window[W.FLOWN_COUNT], promised),
        "promised_qty": promised,
        "earned_before_usd": dollars(before),
    }


def _times(twin: Twin, promise: Promise) -> dict[str, Any]:
    return {
        "tick_s": (twin.tick_ns - twin.start_ns) / NS_PER_S,
        "duration_s": (promise.ends_ns - promise.starts_ns) / NS_PER_S,
    }


def _agreed(twin: Twin, promise: Promise) -> Part:
    """The promise as agreed."""
    terms = promise.terms
    return part(
        f"commitment/{terms.commitment_id}",
        "as agreed",
        {
            "starts": instant_text(promise.starts_ns),
            "ends": instant_text(promise.ends_ns),
            **_times(twin, promise),
            "promised_qty": terms.promised_qty,
            "credit_fraction": terms.credit_fraction,
        },
        dollars(promise.value_micro_usd),
    )
