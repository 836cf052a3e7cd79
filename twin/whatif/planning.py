"""A scenario made ready at its fork: what its edits mean to the twin as it was then."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import msgspec

from twin.asset_ranges import nearest_range, strangers
from twin.baseline.bounds import refuse_impossible
from twin.business.terms import Contract
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
    fact,
)
from twin.identity import Identity
from twin.labels import PUBLIC, known_label
from twin.outcomes import Refused
from twin.state import Segment, Twin
from twin.suggest import nearest, unknown
from twin.units import NS_PER_S, instant_text
from twin.vehicles import VEHICLES
from twin.whatif.agreeing import Assumed, agreed_again, refuse_to_undo
from twin.whatif.contradicting import refuse_contradiction, refuse_no_time
from twin.whatif.plan import FOR_EVER_NS, SOURCE, Dropping, Losing, Plan, Scaling, Span
from twin.whatif.powering import starved
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

STREAM = "edit-"
"""What an edit puts in is on a stream of its own: this and its place, from 1."""


class Meaning(msgspec.Struct):
    """What the edits read so far mean."""

    droppings: list[Dropping] = []
    scalings: list[Scaling] = []
    losings: list[Losing] = []
    injected: list[Event] = []
    overridden: dict[str, tuple[Span, ...]] = {}
    assumed: list[Assumed] = []
    grounded: dict[str, tuple[Span, ...]] = {}
    notes: list[str] = []
    whole_ns: int = 0


def planned(scenario: Scenario, twin: Twin, *, fork_ns: int) -> Plan:
    """The plan of a scenario; ``Unmeant`` for a name that the twin does not know.

    The twin is that of the fork; or, forked before the first tick, when nothing has a name yet,
    that after it.
    """
    meaning = Meaning()
    for place, edit in enumerate(scenario.edits):
        starts_ns, ends_ns = span_ns(edit, fork_ns)
        try:
            refuse_no_time(edit, fork_ns)
            refuse_contradiction(scenario.edits[:place], edit, fork_ns)
            stream, span = f"{STREAM}{place + 1}", Span(starts_ns, ends_ns)
            bodies = _read(meaning, edit, twin, span, stream=stream)
            if isinstance(edit, Set):
                meaning.assumed += [(place, _set(edit, twin), span)]
            label = edit.label if isinstance(edit, Inject) else PUBLIC
            meaning.injected += _told(bodies, stream, label=label, at_ns=span.starts_ns)
        except BadInput as error:
            raise unmeant(scenario, place, error) from None
    _agree_again(meaning, scenario, twin)
    return Plan(
        droppings=tuple(meaning.droppings),
        scalings=tuple(meaning.scalings),
        losings=tuple(meaning.losings),
        injected=tuple(sorted(meaning.injected, key=lambda event: event.effective_ns)),
        overridden=meaning.overridden,
        grounded=meaning.grounded,
        kinds=frozenset(_touched(meaning)),
        notes=tuple(meaning.notes),
        whole_ns=meaning.whole_ns,
    )


def _agree_again(meaning: Meaning, scenario: Scenario, twin: Twin) -> None:
    """What follows from numbers that are set: said before whatever else is said at the time."""
    try:
        found, notes = agreed_again(twin, meaning.assumed)
    except BadInput as error:
        raise unmeant(scenario, meaning.assumed[-1][0], error) from None
    ended_ns = {
        body.contract_id: event.effective_ns
        for event in meaning.injected
        if isinstance(body := fact(event), ContractTerminated)
    }
    said: list[Event] = []
    for sequence, each in enumerate(found, start=2):
        try:
            refuse_to_undo(each, ended_ns)
        except BadInput as error:
            raise unmeant(scenario, each.place, error) from None
        stream = f"{STREAM}{each.place + 1}"
        said += _told([each.body], stream, label=each.label, at_ns=each.at_ns, first=sequence)
    meaning.injected = [*said, *meaning.injected]
    meaning.notes += [*notes, *starved(twin, meaning.assumed)]


def unmeant(scenario: Scenario, place: int, error: BadInput) -> Unmeant:
    """The refusal of an edit, with its line."""
    line = scenario.line_of(place)
    return Unmeant(
        f"line {line}: {error.given}" if line else error.given,
        line=line,
        expected=error.expected,
        remedy=error.remedy,
        field=error.field,
    )


def refused(scenario: Scenario, outcome: Refused) -> Unmeant:
    """The refusal of an edit whose event the fold refused."""
    number = outcome.identity.stream.removeprefix(STREAM)
    place = int(number) - 1 if number.isdigit() else len(scenario.lines)
    error = BadInput(f"an edit makes an impossible {outcome.kind}: {outcome.reason}", field="edits")
    return unmeant(scenario, place, error)


def _touched(meaning: Meaning) -> Iterator[str]:
    yield from (dropping.kind for dropping in meaning.droppings)
    if meaning.overridden:
        yield AssumptionSet.__name__
    if meaning.scalings:
        yield DemandObserved.__name__
    if meaning.grounded:
        yield VehicleStatusChanged.__name__


def _read(meaning: Meaning, edit: AnyEdit, twin: Twin, span: Span, *, stream: str) -> list[Body]:
    """What an edit means, and the facts that it tells."""
    match edit:
        case Drop():
            meaning.droppings.append(_dropping(edit, span))
        case Inject():
            known_label(edit.label)
            return [_injected(edit)]
        case Scale():
            _expect("service", edit.service, _services(twin))
            if edit.region:
                _expect("region", edit.region, _regions(twin))
            meaning.scalings.append(Scaling(edit.service, edit.region, edit.by, span))
        case Fail():
            meaning.losings.append(_losing(edit, twin, span, stream=stream))
            if (note := _placeless(edit, meaning.losings[-1], twin)) not in ("", *meaning.notes):
                meaning.notes.append(note)
        case Set():
            meaning.overridden[edit.name] = (*meaning.overridden.get(edit.name, ()), span)
            return [_set(edit, twin)]
        case Stop():
            return _stopped(meaning, edit, twin, span)
    return []


def _told(
    bodies: list[Body], stream: str, *, label: str, at_ns: int, first: int = 1
) -> Iterator[Event]:
    for sequence, body in enumerate(bodies, start=first):
        yield Event(
            identity=Identity(SOURCE, 1, stream, sequence),
            kind=type(body).__name__,
            effective_ns=at_ns,
            label=label,
            body=encode_fact(body),
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
        given, expected = str(error), _fields_of(KINDS[edit.kind])
        if strange is not None:
            given, expected = f"field {strange!r}", f"{nearest(strange, fields)}; {expected}"
        raise BadInput(f"inject {edit.kind}: {given}", expected=expected, field="body") from None


def _fields_of(kind: Kind) -> str:
    """The fields of a body, those first that must be given."""
    fields = msgspec.structs.fields(kind.body)
    required = [each.encode_name for each in fields if each.required]
    optional = [each.encode_name for each in fields if not each.required]
    told = f"fields {', '.join(required)}" if required else "no field that must be given"
    return f"{told}; and, if wanted, {', '.join(optional)}" if optional else told


def _set(edit: Set, twin: Twin) -> AssumptionSet:
    _expect("assumption", edit.name, twin.registry.assumptions)
    known = twin.registry.assumptions[edit.name]
    if isinstance(known.value, str) != isinstance(edit.to, str):
        kind = "text" if isinstance(known.value, str) else "a number"
        raise BadInput(f"set {edit.name} to {edit.to!r}", expected=kind, field="to")
    if not isinstance(edit.to, str):
        refuse_impossible(edit.name, edit.to, known.unit)
    return msgspec.structs.replace(
        known, value=edit.to, source=SOURCE, confidence="assumed", note="what if"
    )


def _losing(edit: Fail, twin: Twin, span: Span, *, stream: str) -> Losing:
    found = {
        segment.name: (label, segment)
        for label, fleet in twin.fleets.items()
        for segment in fleet.segments
    }
    _expect("segment", edit.segment, found)
    label, segment = found[edit.segment]
    if (edit.fraction > 0.0) == bool(edit.asset_ids):
        raise BadInput(
            f"fraction={edit.fraction} and {len(edit.asset_ids)} asset_ids of {edit.segment}",
            expected="one of them",
            field="fraction",
        )
    _refuse_strange_assets(edit, segment)
    return Losing(
        label=label,
        segment=edit.segment,
        fraction=edit.fraction,
        asset_ids=edit.asset_ids,
        cause=edit.cause,
        span=span,
        stream=stream,
    )


def _placeless(edit: Fail, losing: Losing, twin: Twin) -> str:
    """What becomes of failed satellites in the views: they stay on the books, but nowhere."""
    fleet = twin.fleets[losing.label]
    if fleet.segments[fleet.keys.index(edit.segment)].site is not None:
        return ""
    return (
        f"satellites of {edit.segment} that fail stay installed; they report no place, so they are"
        " counted in region orbit, with those that no region has"
    )


def _refuse_strange_assets(edit: Fail, segment: Segment) -> None:
    ranges = segment.asset_id_ranges
    for asset_id in strangers(edit.asset_ids, ranges)[:1]:
        near = nearest_range(asset_id, ranges)
        raise BadInput(
            f"asset {asset_id}, which is none of {edit.segment}",
            expected=f"an id from {near[0]} to {near[1]}, the nearest range" if near else "none",
            field="asset_ids",
        )


def _stopped(meaning: Meaning, edit: Stop, twin: Twin, span: Span) -> list[Body]:
    """Grounded, terminated, gone or not asked for: by what bears the name."""
    contracts = {k: v for each in twin.ledgers.values() for k, v in each.contracts.items()}
    promised = [
        (promise.terms.supplier, promise.terms.customer)
        for each in twin.promises.values()
        for promise in each.items
    ]
    if edit.name in VEHICLES:
        _refuse("notice", edit.notice_s, f"vehicle {edit.name}, which is grounded at once")
        meaning.grounded[edit.name] = (*meaning.grounded.get(edit.name, ()), span)
        until = None if span.ends_ns == FOR_EVER_NS else instant_text(span.ends_ns)
        return [VehicleStatusChanged(edit.name, "grounded", edit.reason, until)]
    if edit.name in _services(twin):
        _refuse("notice", edit.notice_s, f"service {edit.name}, which nobody asks for from then on")
        meaning.scalings.append(Scaling(edit.name, "", 0.0, span))
        return []
    what = f"{edit.name}, which is over for good"
    if edit.name in contracts:
        _refuse("for", math.isfinite(edit.for_s), f"contract {what}")
        return [_terminated(meaning, edit, contracts[edit.name], span)]
    if customers := [customer for name, customer in promised if name == edit.name]:
        _refuse("for", math.isfinite(edit.for_s), f"supplier {what}")
        return _left(meaning, edit, customers, span)
    known = {*VEHICLES, *contracts, *_services(twin), *(name for name, _ in promised)}
    raise BadInput(
        f"stop {edit.name!r}",
        expected=f"a vehicle, contract, service or supplier; {nearest(edit.name, known)}",
        field="stop",
    )


def _refuse(word: str, is_given: object, of: str) -> None:
    if is_given:
        raise BadInput(f"{word!r} of {of}", expected=f"no {word!r}", field=word)


def _left(meaning: Meaning, edit: Stop, customers: list[str], span: Span) -> list[Body]:
    """A supplier gone, with the customers of its promises, one each: it sells on all the same."""
    gone_ns = span.starts_ns + round(edit.notice_s * NS_PER_S)
    meaning.whole_ns = max(meaning.whole_ns, gone_ns)
    meaning.notes.append(
        f"supplier {edit.name} leaves its promises, {len(customers)} in all, at"
        f" {instant_text(gone_ns)}; contracts, customers and prices stay, and so does the revenue"
        " that they bring: to end it, stop a contract or a service"
    )
    return [SupplierExited(edit.name, each, "", edit.notice_s) for each in sorted({*customers})]


def _terminated(meaning: Meaning, edit: Stop, contract: Contract, span: Span) -> ContractTerminated:
    """A contract given notice of: it ends when the notice is over, or as soon as it may."""
    wanted_ns = span.starts_ns + round(edit.notice_s * NS_PER_S)
    ends_ns = min(max(wanted_ns, contract.earliest_end_ns(span.starts_ns)), contract.ends_ns)
    text = f"contract {edit.name} ends at {instant_text(ends_ns)}"
    if ends_ns > wanted_ns:
        text += ", the earliest that its terms allow"
    elif ends_ns < wanted_ns:
        text += f", as agreed: a notice to {instant_text(wanted_ns)} comes too late"
    meaning.notes.append(text)
    meaning.whole_ns = max(meaning.whole_ns, ends_ns)
    return ContractTerminated(edit.name, instant_text(ends_ns), edit.reason)


def _regions(twin: Twin) -> frozenset[str]:
    return frozenset(name for each in twin.telemetry.values() for name in each.regions)


def _services(twin: Twin) -> frozenset[str]:
    return frozenset(name for each in twin.services.values() for name in each.offered)


def _expect(what: str, given: str, known: Any) -> None:
    if given not in known:
        raise unknown(what, given, known)
