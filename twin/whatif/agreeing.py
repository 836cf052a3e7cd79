"""What was agreed on other numbers: the facts that follow from what a scenario assumes.

A world writes its prices, contracts, debts and promises from assumptions when it opens. So a number
that is set anew also changes what was agreed on it, from then on: the same world is asked what it
would have agreed on the numbers that then hold, and what differs is agreed again. What has changed
since it was agreed stays as it is, and so does what cannot be had back, such as money spent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from twin.baseline import Baseline, load, world_names
from twin.baseline.plans import Assumption
from twin.business import ledger
from twin.business.ledger import Ledger
from twin.business.promise import retermed
from twin.errors import BadInput
from twin.events import (
    AssumptionSet,
    Body,
    CommitmentAgreed,
    CommitmentAmended,
    ContractSigned,
    CustomersReported,
    DebtChanged,
    PeriodReported,
    PriceObserved,
    PriceSet,
)
from twin.labels import PUBLIC
from twin.simulate.accounts import account_facts
from twin.simulate.missions import read_lines
from twin.simulate.promises import promise_facts
from twin.state import Registry, Twin
from twin.units import instant_text, parse_instant
from twin.whatif.plan import FOR_EVER_NS, Span

Assumed = tuple[int, AssumptionSet, Span]
"""A number a scenario sets: the place of its edit, what it says, and from when to when."""

Name = tuple[str, ...]
"""What a fact is about: its kind and what it names."""

Agreed = Mapping[Name, tuple[Body, str]]
"""Facts and their labels."""

_INSTEAD: Final = {
    **dict.fromkeys(
        ("class", "shell", "power", "failure", "noise", "region", "thermal"),
        "what flies reports what it was built as, and its telemetry stays as recorded: only what is"
        " reckoned with the number follows; to have less of it, use fail",
    ),
    "demand": "what was asked for stays as recorded; to have it otherwise, use scale",
    "manifest": "launches stay as recorded; to have fewer, use stop or drop",
    "contract": "no contract in force at the fork was agreed on it; to agree one, inject it",
    "promise": "no promise in force at the fork was agreed on it; to agree one, inject it",
    "price": "nothing that was billed at the fork was agreed on it; to set a price, inject it",
}
"""What to edit instead of a number that nothing after the fork is made with, by its first word."""

_OF_LAUNCHES: Final = (
    "a launch costs its customer what it was scheduled at; to price one otherwise, inject"
    " LaunchScheduled with its launch_id"
)
_READ_ELSEWHERE: Final = frozenset(("contract.prepaid_fraction",))
"""Names of those kinds that every tick is reckoned with."""


class AgreedAgain(msgspec.Struct, frozen=True):
    """A fact that follows from the edit at a place, from an instant on; and who may see it."""

    place: int
    at_ns: int
    body: Body
    label: str


def agreed_again(twin: Twin, sets: Sequence[Assumed]) -> tuple[list[AgreedAgain], list[str]]:
    """What is agreed anew when numbers begin or cease to be assumed, in order; and notes on what
    does not follow.

    The twin is that of the fork. ``BadInput`` for numbers that nothing can be agreed on.
    """
    baseline = _baseline(twin.registry) if sets else None
    if baseline is None:
        return [], []
    books = twin.ledgers.get(PUBLIC, Ledger())
    first = was = _facts(baseline, books)
    held = {name for name, told in first.items() if _is_as_agreed(twin, *told)}
    felt = {each[0]: held & _otherwise(baseline, first, each, books) for each in sets}
    found: list[AgreedAgain] = []
    edges = {at_ns for *_, span in sets for at_ns in (span.starts_ns, span.ends_ns)}
    for at_ns in sorted(edges - {FOR_EVER_NS}):
        holding = [each for each in sets if _holds(each, at_ns)]
        now = _facts_assuming(baseline, holding, books)
        for name in sorted(held & now.keys() & was.keys()):
            body, label = now[name]
            if body != was[name][0]:
                place = max(place for place, names in felt.items() if name in names)
                found.append(AgreedAgain(place, at_ns, _anew(was[name][0], body), label))
        was = now
    unfelt = (_unfelt(said.name) for place, said, _ in sets if not felt[place])
    return found, [note for note in unfelt if note]


def refuse_to_undo(again: AgreedAgain, ended_ns: Mapping[str, int]) -> None:
    """``BadInput`` for a contract that is agreed anew after another edit ended it.

    ``ended_ns`` are the contracts that are ended, and when that is said.
    """
    if isinstance(again.body, ContractSigned):
        name = again.body.contract_id
        if ended_ns.get(name, again.at_ns) < again.at_ns:
            raise BadInput(
                f"a number that contract {name} is agreed on changes after its end is said",
                expected="a number that is set no later than the stop, and without 'for'",
                field="set",
            )


def _baseline(registry: Registry) -> Baseline | None:
    """The world that opened, with the numbers it told; None where no shipped one did."""
    worlds = {source.world for source in registry.sources.values()} & {*world_names()}
    if len(worlds) != 1:
        return None
    told = {name: _assumption(each) for name, each in registry.assumptions.items()}
    return replace(load(worlds.pop()), assumptions=told)


def _assumption(fact: AssumptionSet) -> Assumption:
    return msgspec.convert(msgspec.structs.asdict(fact), Assumption)


def _holds(assumed: Assumed, at_ns: int) -> bool:
    return assumed[2].starts_ns <= at_ns < assumed[2].ends_ns


def _otherwise(baseline: Baseline, first: Agreed, assumed: Assumed, books: Ledger) -> set[Name]:
    """What is agreed otherwise on one number alone."""
    now = _facts_assuming(baseline, [assumed], books)
    return {name for name in first.keys() | now.keys() if first.get(name) != now.get(name)}


def _facts_assuming(baseline: Baseline, sets: Sequence[Assumed], books: Ledger) -> Agreed:
    """What the world would have agreed on some numbers, each of which is set once at a time."""
    held = {said.name: _assumption(said) for _, said, _ in sets}
    try:
        assumed = replace(baseline, assumptions={**baseline.assumptions, **held})
        return _facts(assumed, books)
    except (ArithmeticError, ValueError) as error:
        given = ", ".join(f"{each.name}={each.value}" for each in held.values())
        raise BadInput(given, expected="numbers that can be agreed on", field="to") from error


def _facts(baseline: Baseline, books: Ledger) -> Agreed:
    opened = account_facts(baseline)
    facts = [(_as_running(body, opens_at, books), PUBLIC) for body, opens_at in opened]
    facts += [(body, label) for body, label, _ in promise_facts(baseline)]
    return {name: (body, label) for body, label in facts if (name := _name(body))}


def _as_running(body: Body, opens_at: str, books: Ledger) -> Body:
    """A contract that merely runs at the opening runs, by the books, since its world started."""
    if not isinstance(body, ContractSigned) or body.starts_at != opens_at:
        return body
    known = books.contracts.get(body.contract_id)
    if known is None or known.starts_ns >= parse_instant(opens_at):
        return body
    return replace(body, starts_at=instant_text(known.starts_ns))


def _name(body: Body) -> Name:
    """What a fact is about; nothing for one that adds to others, and cannot be said again."""
    match body:
        case PriceSet() | PriceObserved():
            return "the price of", body.item
        case CustomersReported():
            return "the customers of", body.service, body.market
        case ContractSigned():
            return "the contract", body.contract_id
        case DebtChanged():
            return "the debt", body.instrument
        case PeriodReported():
            return "the filed line", body.period, body.line
        case CommitmentAgreed():
            return "the promise", body.commitment_id
        case _:
            return ()


def _anew(was: Body, body: Body) -> Body:
    """The fact as it is said once the first is in force: a promise is amended."""
    if not isinstance(body, CommitmentAgreed):
        return body
    return CommitmentAmended(body.commitment_id, fields=_differing(was, body))


def _differing(was: Body, body: Body) -> dict[str, Any]:
    old, new = msgspec.to_builtins(was), msgspec.to_builtins(body)
    return {name: value for name, value in new.items() if old[name] != value}


def _is_as_agreed(twin: Twin, body: Body, label: str) -> bool:
    """Whether what the twin holds is still what was agreed at first."""
    if isinstance(body, CommitmentAgreed):
        promises = twin.promises.get(label)
        held = [] if promises is None else [*promises.coming, *promises.items]
        terms = next((p.terms for p in held if p.commitment_id == body.commitment_id), None)
        # Both as an event would say them.
        return terms is not None and retermed(terms, {}) == retermed(body, {})
    books = twin.ledgers.get(PUBLIC, Ledger())
    return _said_again(books, body).encoded() == books.encoded()


def _said_again(books: Ledger, body: Body) -> Ledger:
    match body:
        case PriceSet():
            return ledger.price_set(books, body)
        case PriceObserved():
            return ledger.price_observed(books, body)
        case CustomersReported():
            return ledger.customers_reported(books, body)
        case ContractSigned():
            return ledger.contract_signed(books, body)
        case DebtChanged():
            return ledger.debt_changed(books, body, effective_ns=0)
        case PeriodReported():
            return ledger.period_reported(books, body)
        case _:
            return books


def _unfelt(name: str) -> str:
    """The note on a number that a scenario sets, and no fact follows from; empty for the rest."""
    instead = _INSTEAD.get(name.split(".", 1)[0], "")
    if name in {line.price for line in read_lines()}:
        instead = _OF_LAUNCHES
    return f"set {name}: {instead}" if instead and name not in _READ_ELSEWHERE else ""
