"""A small group whose past is folded once; facts are then added to one of its ticks."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from msgspec.structs import replace

from tests.one_process import small_twin
from twin.business.commitments import Promises
from twin.business.market import Market
from twin.events import Body, CommitmentAgreed, Event, encode_fact
from twin.evolve import Step, evolve
from twin.fields import Usd
from twin.identity import Identity
from twin.outcomes import Refused
from twin.records import Record
from twin.snapshot import encode_twin
from twin.state import Twin
from twin.views import VIEWS, Moment

TICKS_COUNT = 10


@cache
def past() -> tuple[tuple[Twin, Record], ...]:
    """The twin after each of its first ticks, with the record that made it."""
    with tempfile.TemporaryDirectory() as folder, small_twin(Path(folder)) as one:
        return tuple((each.twin, each.entry.record) for each in one.run(TICKS_COUNT))


def told(number: int, *facts: Body, label: str = "public", twin: Twin | None = None) -> Step:
    """The tick of that number (from 1) with some facts more, after the twin before it."""
    before, record = past()[number - 2][0] if twin is None else twin, past()[number - 1][1]
    events = tuple(
        Event(
            identity=Identity("operator", 1, f"{label}-{number}", place + 1),
            kind=type(fact).__name__,
            effective_ns=record.start_ns,
            label=label,
            body=encode_fact(fact),
        )
        for place, fact in enumerate(facts)
    )
    content = replace(record.content, events=(*record.content.events, *events))
    return evolve(before, replace(record, content=content))


def refusals(step: Step) -> list[str]:
    return [each.reason for each in step.outcomes if isinstance(each, Refused)]


def shown(step: Step, number: int) -> dict[str, list[dict[str, Any]]]:
    """Every row of every view; the twin can be kept, too."""
    assert encode_twin(step.twin)
    moment = Moment(step.twin, past()[number - 1][1])
    return {
        name: [
            dict(zip(("label", "basis", *view.key_names, *view.column_names), row, strict=True))
            for row in view.rows(moment)
        ]
        for name, view in VIEWS.items()
    }


def whole_numbers_fit(rows: dict[str, list[dict[str, Any]]]) -> bool:
    """Whether every integer of some rows fits where tables keep it."""
    values = [v for view in rows.values() for row in view for v in row.values()]
    return all(abs(value) < 2**63 for value in values if isinstance(value, int))


def agreed(**more: Any) -> CommitmentAgreed:
    """A promise of a hundred accelerators before everybody else, by the day."""
    given: dict[str, Any] = {
        "commitment_id": "zz",
        "contract_id": "k",
        "customer": "us-government/x",
        "commitment_kind": "ai",
        "resource": "accelerator_count",
        "promised_qty": 100,
        "region": "",
        "priority": 0,
        "supplier": "xAI",
        "terms_basis": "assumed",
        "threshold_fraction": 0.9,
        "window_s": 86_400.0,
        "starts_at": "2026-01-01T00:00:00Z",
        "ends_at": "2032-01-01T00:00:00Z",
        "value_usd": Usd(1000),
        "credit_fraction": 0.2,
    }
    return CommitmentAgreed(**given | more)


def granted_qty(market: Market, need_id: str) -> int:
    """What a need of that name was granted in all."""
    return sum(
        int(market.granted_qty[place].sum())
        for place, need in enumerate(market.needs)
        if need.need_id == need_id
    )


def same(one: Market, other: Market) -> bool:
    """Whether two markets are alike to the last number."""
    for name in one.__struct_fields__:
        left, right = getattr(one, name), getattr(other, name)
        if isinstance(left, np.ndarray):
            if not np.array_equal(left, right):
                return False
        elif isinstance(left, dict) and left and isinstance(next(iter(left.values())), np.ndarray):
            if left.keys() != right.keys():
                return False
            if not all(np.array_equal(left[key], right[key]) for key in left):
                return False
        elif left != right:
            return False
    return True


def promises_of(step: Step, label: str = "public") -> Promises:
    return step.twin.promises[label]
