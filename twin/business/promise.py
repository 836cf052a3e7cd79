"""One promise: its terms as agreed, and whether they can hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from twin.business.terms import SPAN_MAX_S
from twin.errors import BadInput
from twin.events import CommitmentAgreed
from twin.regions import ORBIT
from twin.suggest import nearest
from twin.units import MS_PER_S, PPM, micro_usd, parse_instant

LAUNCH: Final = "launch"
LAUNCHES_MAX_COUNT: Final = 1_000_000

RESOURCES: Final = {
    "communications": ("downlink_bps",),
    "ai": ("accelerator_count",),
    "launch": ("launch_count",),
    "sensing": ("revisit_per_h",),
}
"""What each kind of promise may be a quantity of: what the fleet has pools of, or launches."""

UNCHANGING: Final = ("commitment_id", "commitment_kind", "starts_at")
"""What no amendment touches: that is another promise."""


class Promise(msgspec.Struct, frozen=True, eq=False):
    """What was agreed, as last amended; ``waived_ns`` is until when nothing counts against it."""

    terms: CommitmentAgreed
    starts_ns: int
    ends_ns: int
    due_ns: int
    value_micro_usd: int
    waived_ns: int = 0

    @property
    def commitment_id(self) -> str:
        """Its name."""
        return self.terms.commitment_id

    @property
    def is_launch(self) -> bool:
        """Whether it is kept by launches flown, not by a share of time."""
        return self.terms.commitment_kind == LAUNCH

    @property
    def region(self) -> str:
        """The theatre it is promised in; empty where none applies."""
        return "" if self.terms.region == ORBIT else self.terms.region

    @property
    def need_id(self) -> str:
        """What the allocator knows it by."""
        where = f"/{self.region}" if self.region else ""
        return f"commitment/{self.commitment_id}{where}"

    def value_between_micro_usd(self, from_ns: int, to_ns: int) -> int:
        """The part of the value that falls into a span; spans that meet add up exactly."""
        return self._value_until(to_ns) - self._value_until(from_ns)

    def worth_micro_usd(self, *, start_ns: int, end_ns: int, flown_count: int = 0) -> int:
        """What a window is worth; of a launch promise, the launches of it that did not fly."""
        if self.is_launch:
            missing = max(0, self.terms.promised_qty - flown_count)
            return self.value_micro_usd * missing // self.terms.promised_qty
        return self.value_between_micro_usd(start_ns, end_ns)

    def credit_micro_usd(self, *, start_ns: int, end_ns: int, flown_count: int = 0) -> int:
        """What is given back when a window is broken: a share of what the window is worth."""
        worth = self.worth_micro_usd(start_ns=start_ns, end_ns=end_ns, flown_count=flown_count)
        return worth * round(self.terms.credit_fraction * PPM) // PPM

    def _value_until(self, at_ns: int) -> int:
        whole_ns = self.ends_ns - self.starts_ns
        return self.value_micro_usd * min(max(0, at_ns - self.starts_ns), whole_ns) // whole_ns


class Known(msgspec.Struct, frozen=True):
    """Names of the twin that a promise may use; a region is judged only where some are known."""

    services: frozenset[str] = frozenset()
    segments: frozenset[str] = frozenset()
    sites: frozenset[str] = frozenset()
    regions: frozenset[str] = frozenset()


def promise_of(terms: CommitmentAgreed, known: Known) -> Promise:
    """The promise in some terms; ``BadInput`` where they cannot hold."""
    if "/" in terms.commitment_id or not terms.commitment_id:
        raise _refusal(terms, "commitment_id", "a name without a slash")
    starts_ns, ends_ns = span_of(terms.starts_at, terms.ends_at)
    expect("resource", terms.resource, RESOURCES[terms.commitment_kind])
    if terms.service:
        expect("service", terms.service, known.services)
    if terms.region not in ("", ORBIT) and known.regions:
        expect("region", terms.region, known.regions)
    for segment in terms.location_limit:
        expect("location_limit", segment, known.segments)
    if terms.commitment_kind == "sensing" and not terms.location_limit:
        raise _refusal(terms, "location_limit", "the segments that watch")
    if terms.promised_qty < 1:
        raise _refusal(terms, "promised_qty", "1 or more")
    is_launch = terms.commitment_kind == LAUNCH
    if is_launch and terms.promised_qty > LAUNCHES_MAX_COUNT:
        raise _refusal(terms, "promised_qty", f"{LAUNCHES_MAX_COUNT} launches at most")
    if not is_launch and terms.window_s * MS_PER_S < 1:
        raise _refusal(terms, "window_s", "a window of some length, such as 2678400")
    if terms.window_s > SPAN_MAX_S:
        raise _refusal(terms, "window_s", f"{SPAN_MAX_S} seconds at most")
    return Promise(
        terms=terms,
        starts_ns=starts_ns,
        ends_ns=ends_ns,
        due_ns=_due_ns(terms, starts_ns, ends_ns) if is_launch else 0,
        value_micro_usd=micro_usd(terms.value_usd, field="value_usd"),
    )


def _due_ns(terms: CommitmentAgreed, starts_ns: int, ends_ns: int) -> int:
    expected = f"an instant after {terms.starts_at} and not after {terms.ends_at}"
    if terms.due_at is None:
        raise _refusal(terms, "due_at", expected)
    due_ns = parse_instant(terms.due_at, field="due_at")
    if not starts_ns < due_ns <= ends_ns:
        raise _refusal(terms, "due_at", expected)
    return due_ns


def retermed(terms: CommitmentAgreed, fields: Mapping[str, Any]) -> CommitmentAgreed:
    """The terms with some fields replaced, judged as the event's own fields are."""
    known = [name for name in CommitmentAgreed.__struct_fields__ if name not in UNCHANGING]
    for name in fields:
        expect("fields", name, known)
    try:
        plain = msgspec.to_builtins(terms)
        # As JSON, so that a number is read here as it is in the event itself.
        return msgspec.json.decode(msgspec.json.encode({**plain, **fields}), type=CommitmentAgreed)
    except msgspec.MsgspecError as error:
        raise BadInput(
            f"fields={dict(fields)!r}: {error}", expected="values of those fields", field="fields"
        ) from None


def span_of(starts_at: str, ends_at: str) -> tuple[int, int]:
    """A span in nanoseconds; ``BadInput`` where it ends before it starts."""
    starts_ns = parse_instant(starts_at, field="starts_at")
    ends_ns = parse_instant(ends_at, field="ends_at")
    if ends_ns <= starts_ns:
        raise BadInput(
            f"ends_at={ends_at!r}",
            expected=f"an instant after starts_at={starts_at}",
            field="ends_at",
        )
    return starts_ns, ends_ns


def expect(field: str, given: str, known: Iterable[str]) -> None:
    """Refuse a name that is not known, with the nearest that is."""
    names = tuple(known)
    if given not in names:
        raise BadInput(f"{field}={given!r}", expected=nearest(given, names), field=field)


def _refusal(terms: CommitmentAgreed, field: str, expected: str) -> BadInput:
    return BadInput(
        f"{field}={getattr(terms, field)!r} of {terms.commitment_id!r}",
        expected=expected,
        field=field,
    )
