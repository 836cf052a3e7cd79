"""How a risk is reckoned: what each promise has at stake in a node, and what a purchase says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from api.reckoned.part import Part, Reckoning, part, reckoned
from streams.store.queries import RowDict
from twin.business.risk import DAY_NS, Exposure, Purchase, Stake, lost_with
from twin.state import Twin
from twin.units import NS_PER_S, dollars, instant_text
from twin.views.risk import found, outlook_of

_WORTH: Final = (
    "worth_usd = value_usd × left_s / duration_s: of the whole promise what falls due from the"
    " start of the day on"
)
_OF_ASSETS: Final = (
    "remaining_fraction = slack_ratio × (total_qty - node_qty) / total_qty, 1 at most, where"
    " slack_ratio is what is available to the promise over what is promised, in tenths, and the"
    " quantities are what segments have, rounded down to six binary digits"
)
_OF_SUPPLIERS: Final = (
    "remaining_fraction = 1 - what published shares of the purchase say of the node, and of other"
    " suppliers that left already; 0 where there is nobody else or nothing is published"
)
_MEAN: Final = "Σ worth_usd × {0} / Σ worth_usd over the parts; the plain mean if all are worth 0"
_WEIGHTED: Final = {
    "remaining_after_loss_fraction": "remaining_fraction",
    "group_share_fraction": "share",
    "hhi_points": "hhi_points",
}


def of_risk(twin: Twin, column: str, row: RowDict) -> Reckoning | None:
    """The reckoning of money at risk and of fractions; None for counts, words and times."""
    exposure = exposure_of_row(twin, row)
    if exposure is None or (column != "value_at_risk_usd" and column not in _WEIGHTED):
        return None
    if row["subject"].startswith("purchase/"):
        return _of_a_purchase(twin, column, row)
    if column == "value_at_risk_usd":
        return reckoned("Σ of the parts", _lost(twin, row, exposure))
    field = _WEIGHTED[column]
    return reckoned(_MEAN.format(field), _weighted(twin, row, exposure, field))


def exposure_of_row(twin: Twin, row: RowDict) -> Exposure | None:
    """The exposure that a row of risk tells."""
    place = row["subject"], row["node"]
    exposures = found(twin, row["label"]).exposures
    return next((each for each in exposures if (each.subject, each.node) == place), None)


def purchases_of_row(twin: Twin, row: RowDict) -> tuple[Purchase, ...]:
    """The purchases whose published shares a row of risk rests on."""
    exposure = exposure_of_row(twin, row)
    names = {row["subject"].removeprefix("purchase/")}
    names |= {stake.purchase for stake in exposure.stakes} if exposure is not None else set()
    return tuple(p for p in outlook_of(twin, row["label"]).purchases if p.name in names)


def _lost(twin: Twin, row: RowDict, exposure: Exposure) -> Iterator[Part]:
    """What of each promise would be lost, each rounded to whole micro-dollars."""
    for stake in exposure.stakes:
        lost = round(stake.worth_micro_usd * (1.0 - stake.remaining_fraction))
        yield part(
            f"commitment/{stake.commitment_id}",
            f"worth_usd × (1 - remaining_fraction), where {_WORTH}, and {_remaining(stake)}",
            _terms(twin, row, stake),
            dollars(lost),
        )


def _weighted(twin: Twin, row: RowDict, exposure: Exposure, field: str) -> Iterator[Part]:
    """Each promise with its worth and what is weighted by it; those without it are left out."""
    for stake in exposure.stakes:
        value = getattr(stake, field)
        if value is not None:
            where = f", and {_remaining(stake)}" if field == "remaining_fraction" else ""
            yield part(
                f"commitment/{stake.commitment_id}",
                f"{field}, where {_WORTH}{where}",
                {**_terms(twin, row, stake), field: value},
                value,
                unit="points" if field == "hhi_points" else "fraction",
            )


def _remaining(stake: Stake) -> str:
    return _OF_ASSETS if stake.total_qty else _OF_SUPPLIERS


def _terms(twin: Twin, row: RowDict, stake: Stake) -> dict[str, Any]:
    """A promise at stake: what it is worth in all and from this day on, and what remains of it."""
    promises = twin.promises[row["label"]]
    promise = next(each for each in promises.items if each.commitment_id == stake.commitment_id)
    day_ns = twin.tick_ns // DAY_NS * DAY_NS
    left_ns = promise.ends_ns - max(day_ns, promise.starts_ns)
    terms: dict[str, Any] = {
        "worth_usd": dollars(stake.worth_micro_usd),
        "value_usd": dollars(promise.value_micro_usd),
        "left_s": max(0, left_ns) / NS_PER_S,
        "duration_s": (promise.ends_ns - promise.starts_ns) / NS_PER_S,
        "from": instant_text(max(day_ns, promise.starts_ns)),
        "ends": instant_text(promise.ends_ns),
        "remaining_fraction": stake.remaining_fraction,
    }
    if stake.total_qty:
        names = ("total_qty", "node_qty", "slack_ratio")
        terms |= {name: getattr(stake, name) for name in names}
    if stake.share is not None:
        terms["share"] = stake.share
    if stake.purchase:
        terms["purchase"] = stake.purchase
    return terms


def _of_a_purchase(twin: Twin, column: str, row: RowDict) -> Reckoning | None:
    """Published shares of what a customer buys, whether a promise is part of it or not."""
    (bought,) = purchases_of_row(twin, row)
    lost = lost_with(row["node"], bought, outlook_of(twin, row["label"]))
    shares = [
        part(f"supplier/{name}", "as published", dict(bought.told_by), share, unit="fraction")
        for name, share in bought.shares
    ]
    match column:
        case "value_at_risk_usd":
            return reckoned("0: what is bought is no promise; those are in rows of their own")
        case "hhi_points":
            named = sum(share for _, share in bought.shares)
            terms = {"rest": max(0.0, 1.0 - named), "others_count": bought.others_count}
            formula = (
                "10000 × (Σ of the squares of the parts + rest × rest / others_count), without the"
                " last where nobody else sells"
            )
            return reckoned(formula, shares, terms)
    own = [each for each in shares if each["name"].removeprefix("supplier/") in lost]
    formula = "Σ of the parts, 1 at most"
    if column == "remaining_after_loss_fraction":
        formula = "1 - Σ of the parts, 0 at least"
    return reckoned(formula, own)
