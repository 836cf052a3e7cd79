"""A scenario made ready at its fork: what its edits mean to the twin as it was then."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from twin.errors import BadInput
from twin.events import (
    KINDS,
    AssumptionSet,
    Body,
    ContractTerminated,
    DemandObserved,
    Event,
    Kind,
    Nature,
    SupplierExited,
    VehicleStatusChanged,
    encode_fact,
)
from twin.identity import Identity
from twin.labels import PUBLIC, known_label
from twin.state import Twin
from twin.suggest import nearest, unknown
from twin.units import NS_PER_S, instant_text
from twin.vehicles import VEHICLES
from twin.whatif.scenario import (
    AnyEdit,
    Drop,
    Fail,
    Inject,
    Scale,
    Scenario,
    Set,
    Stop,
    span_ns,
)
from twin.whatif.text import Unmeant

SOURCE = "scenario"
FOR_EVER_NS = 2**63 - 1


class Span(msgspec.Struct, frozen=True):
    """From when to when something holds; the end is left out."""

    starts_ns: int
    ends_ns: int

    def holds(self, start_ns: int, tick_ns: int) -> bool:
        """Whether it holds in the tick [start, tick)."""
        return self.starts_ns < tick_ns and start_ns < self.ends_ns


class Dropping(msgspec.Struct, frozen=True):
    """Events of a kind that never happened, if their fields have these values."""

    kind: str
    where: Mapping[str, Any]
    span: Span


class Scaling(msgspec.Struct, frozen=True):
    """Demand of a service that is so many times as much."""

    service: str
    region: str
    by: float
    span: Span


class Losing(msgspec.Struct, frozen=True):
    """Assets of a segment that do not work: a share, or so many."""

    label: str
    segment: str
    fraction: float
    assets_count: int
    cause: str
    span: Span


class Plan(msgspec.Struct, frozen=True):
    """What is otherwise in a branch; empty where a scenario has no edits.

    ``injected`` are events by effective time; ``overridden`` are assumptions that later events of
    the log do not change back, with the instant from which; ``grounded`` are vehicles that no event
    of the log lets fly in between; ``kinds`` are those of the events an edit may touch.
    """

    droppings: tuple[Dropping, ...] = ()
    scalings: tuple[Scaling, ...] = ()
    losings: tuple[Losing, ...] = ()
    injected: tuple[Event, ...] = ()
    overridden: Mapping[str, int] = {}
    grounded: Mapping[str, Span] = {}
    kinds: frozenset[str] = frozenset()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is otherwise."""
        return not (self.droppings or self.scalings or self.losings or self.injected)


class Meaning(msgspec.Struct):
    """What the edits read so far mean."""

    droppings: list[Dropping] = []
    scalings: list[Scaling] = []
    losings: list[Losing] = []
    bodies: list[tuple[Body, str, int]] = []
    overridden: dict[str, int] = {}
    grounded: dict[str, Span] = {}


def planned(scenario: Scenario, twin: Twin) -> Plan:
    """The plan of a scenario forked from this twin; ``BadInput`` for a name it does not know."""
    fork_ns = scenario.fork_ns if scenario.fork_ns is not None else twin.tick_ns
    begins_ns = scenario.fork_ns if scenario.fork_ns is not None else twin.start_ns
    meaning = Meaning()
    for place, edit in enumerate(scenario.edits):
        starts_ns, ends_ns = span_ns(edit, fork_ns)
        try:
            _refuse_what_is_over(edit, ends_ns, begins_ns)
            _read(meaning, edit, twin, Span(max(starts_ns, fork_ns), ends_ns))
        except BadInput as error:
            line = scenario.line_of(place)
            raise Unmeant(
                f"line {line}: {error.given}" if line else error.given,
                line=line,
                expected=error.expected,
                field=error.field,
            ) from None
    return Plan(
        droppings=tuple(meaning.droppings),
        scalings=tuple(meaning.scalings),
        losings=tuple(meaning.losings),
        injected=tuple(_named(scenario, meaning.bodies)),
        overridden=meaning.overridden,
        grounded=meaning.grounded,
        kinds=frozenset(_touched(meaning)),
    )


def _touched(meaning: Meaning) -> Iterator[str]:
    yield from (dropping.kind for dropping in meaning.droppings)
    if meaning.overridden:
        yield AssumptionSet.__name__
    if meaning.scalings:
        yield DemandObserved.__name__
    if meaning.grounded:
        yield VehicleStatusChanged.__name__


def _refuse_what_is_over(edit: AnyEdit, ends_ns: int, fork_ns: int) -> None:
    if ends_ns <= fork_ns:
        raise BadInput(
            f"an edit from {edit.at or 'the fork'} that ends at {instant_text(ends_ns)}",
            expected=f"an end after the fork, {instant_text(fork_ns)}",
            field="for",
        )


def _read(meaning: Meaning, edit: AnyEdit, twin: Twin, span: Span) -> None:
    match edit:
        case Drop():
            meaning.droppings.append(_dropping(edit, span))
        case Inject():
            meaning.bodies.append((_injected(edit), known_label(edit.label), span.starts_ns))
        case Scale():
            _expect("service", edit.service, _services(twin))
            if edit.region:
                _expect("region", edit.region, _regions(twin))
            meaning.scalings.append(Scaling(edit.service, edit.region, edit.by, span))
        case Fail():
            meaning.losings.append(_losing(edit, twin, span))
        case Set():
            meaning.overridden[edit.name] = span.starts_ns
            meaning.bodies.append((_set(edit, twin), PUBLIC, span.starts_ns))
        case Stop():
            if edit.name in VEHICLES:
                meaning.grounded[edit.name] = span
            stopped = _stopped(edit, twin, span)
            if isinstance(stopped, Scaling):
                meaning.scalings.append(stopped)
            else:
                meaning.bodies += [(body, PUBLIC, span.starts_ns) for body in stopped]


def _named(scenario: Scenario, bodies: list[tuple[Body, str, int]]) -> Iterator[Event]:
    ordered = sorted(bodies, key=lambda each: each[2])
    for place, (body, label, at_ns) in enumerate(ordered, start=1):
        yield Event(
            identity=Identity(SOURCE, 1, scenario.name, place),
            kind=type(body).__name__,
            effective_ns=at_ns,
            label=label,
            body=encode_fact(body),
            correlation_id=scenario.name,
        )


def _dropping(edit: Drop, span: Span) -> Dropping:
    _expect("kind", edit.kind, KINDS)
    kind = KINDS[edit.kind]
    _refuse_what_nobody_says("drop", kind)
    for field in edit.where:
        _expect(f"field of {edit.kind}", field, kind.body.__struct_fields__)
    return Dropping(edit.kind, edit.where, span)


def _refuse_what_nobody_says(verb: str, kind: Kind) -> None:
    """Outcomes follow, the journal's own kinds are decided there, and telemetry is no event."""
    if kind.nature in (Nature.OUTCOME, Nature.JOURNAL, Nature.MEASURED):
        raise BadInput(
            f"{verb} {kind.name}", expected="a kind that is given, decided or followed", field=verb
        )


def _injected(edit: Inject) -> Body:
    _expect("kind", edit.kind, KINDS)
    _refuse_what_nobody_says("inject", KINDS[edit.kind])
    try:
        return msgspec.convert(edit.body, KINDS[edit.kind].body, strict=False)
    except msgspec.ValidationError as error:
        fields = KINDS[edit.kind].body.__struct_fields__
        strange = next((name for name in edit.body if name not in fields), None)
        if strange is None:
            raise BadInput(f"inject {edit.kind}: {error}", field="body") from None
        raise BadInput(
            f"inject {edit.kind}: field {strange!r}",
            expected=nearest(strange, fields),
            field="body",
        ) from None


def _set(edit: Set, twin: Twin) -> AssumptionSet:
    _expect("assumption", edit.name, twin.registry.assumptions)
    known = twin.registry.assumptions[edit.name]
    if isinstance(known.value, str) != isinstance(edit.to, str):
        kind = "text" if isinstance(known.value, str) else "a number"
        raise BadInput(f"set {edit.name} to {edit.to!r}", expected=kind, field="to")
    return msgspec.structs.replace(
        known, value=edit.to, source=SOURCE, confidence="assumed", note="what if"
    )


def _losing(edit: Fail, twin: Twin, span: Span) -> Losing:
    found = {key: label for label, fleet in twin.fleets.items() for key in fleet.keys}
    _expect("segment", edit.segment, found)
    if (edit.fraction > 0.0) == bool(edit.asset_ids):
        raise BadInput(
            f"fraction={edit.fraction} and {len(edit.asset_ids)} asset_ids of {edit.segment}",
            expected="one of them",
            field="fraction",
        )
    return Losing(
        label=found[edit.segment],
        segment=edit.segment,
        fraction=edit.fraction,
        assets_count=len(set(edit.asset_ids)),
        cause=edit.cause,
        span=span,
    )


def _stopped(edit: Stop, twin: Twin, span: Span) -> list[Body] | Scaling:
    """Grounded, terminated, gone or not asked for: by what bears the name."""
    contracts = {k: v for each in twin.ledgers.values() for k, v in each.contracts.items()}
    suppliers = {
        (promise.terms.supplier, promise.terms.customer)
        for each in twin.promises.values()
        for promise in each.items
    }
    if edit.name in VEHICLES:
        until = None if span.ends_ns == FOR_EVER_NS else instant_text(span.ends_ns)
        return [VehicleStatusChanged(edit.name, "grounded", edit.reason, until)]
    if edit.name in contracts:
        ends_ns = span.starts_ns + round(edit.notice_s * NS_PER_S)
        if not edit.notice_s:
            ends_ns = contracts[edit.name].earliest_end_ns(span.starts_ns)
        return [ContractTerminated(edit.name, instant_text(ends_ns), edit.reason)]
    if edit.name in _services(twin):
        return Scaling(edit.name, "", 0.0, span)
    if customers := sorted(customer for name, customer in suppliers if name == edit.name):
        return [SupplierExited(edit.name, each, "", edit.notice_s) for each in customers]
    known = {*VEHICLES, *contracts, *_services(twin), *(name for name, _ in suppliers)}
    raise BadInput(
        f"stop {edit.name!r}",
        expected=f"a vehicle, contract, service or supplier; {nearest(edit.name, known)}",
        field="stop",
    )


def _regions(twin: Twin) -> frozenset[str]:
    return frozenset(name for each in twin.telemetry.values() for name in each.regions)


def _services(twin: Twin) -> frozenset[str]:
    return frozenset(name for each in twin.services.values() for name in each.offered)


def _expect(what: str, given: str, known: Any) -> None:
    if given not in known:
        raise unknown(what, given, known)
