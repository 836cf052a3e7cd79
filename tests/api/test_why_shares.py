"""A holding names the numbers it rests on, and no other moves it."""

from __future__ import annotations

from functools import cache

import msgspec

from api.assumed import assumed
from streams.store.queries import RowDict
from tests.business.owning import fold_told
from twin.baseline import Assumption, Baseline, load
from twin.errors import BadInput
from twin.events import AssumptionSet
from twin.simulate.owners import ownership_facts
from twin.state import Registry, Twin
from twin.units import parse_instant
from twin.views import OWNERSHIP
from twin.views.ownership import ownership_rows

TICK_NS = parse_instant("2029-01-01T00:00:00Z")
COLUMNS = (
    "shares_count",
    "economic_fraction",
    "voting_fraction",
    "look_through_fraction",
    "price_usd",
    "value_usd",
    "sum_of_parts_usd",
)
Key = tuple[str, str, str]


@cache
def base() -> Baseline:
    return load("2029")


def changed(entry: Assumption) -> Baseline | None:
    """The world with another number in place of one; none for dates."""
    if isinstance(entry.value, str):
        return None
    value: float = entry.value * 1.01
    if entry.unit == "count" or entry.name.endswith("split.shares_per_share"):
        # Filed counts are divisible by what one share was split into.
        value = entry.value + 1 if entry.value < 50 else int(value) // 5 * 5
    other = msgspec.structs.replace(entry, value=round(value, 6))
    return msgspec.structs.replace(base(), assumptions={**base().assumptions, entry.name: other})


def rows_of(baseline: Baseline) -> dict[Key, RowDict]:
    facts = (fact for fact in ownership_facts(baseline) if fact[1] <= TICK_NS)
    names = ("label", "basis", *(each.name for each in (*OWNERSHIP.key, *OWNERSHIP.columns)))
    rows = (
        dict(zip(names, row, strict=True))
        for row in ownership_rows("public", fold_told(facts), TICK_NS)
    )
    return {(row["company"], row["share_class"], row["holder"]): row for row in rows}


def named(row: RowDict, column: str) -> set[str]:
    """The assumptions that a figure is said to rest on."""
    assumptions = {
        entry.name: msgspec.convert(msgspec.to_builtins(entry), AssumptionSet)
        for entry in base().assumptions.values()
        if entry.name.startswith("ownership.")
    }
    twin = Twin(registry=Registry(assumptions=assumptions))
    (told,) = (each for each in OWNERSHIP.columns if each.name == column)
    return {fact.name for fact in assumed(twin, OWNERSHIP, told, row, None)}


def test_a_number_that_moves_a_holding_is_named_by_it() -> None:
    before = rows_of(base())
    names = {(key, col): named(row, col) for key, row in before.items() for col in COLUMNS}

    moved: set[tuple[Key, str, str]] = set()
    for name, entry in base().assumptions.items():
        other = changed(entry) if name.startswith("ownership.") else None
        try:
            after = rows_of(other) if other is not None else {}
        except BadInput:
            continue  # a history that cannot have been
        moved |= {
            (key, column, name)
            for key, row in after.items()
            for column in COLUMNS
            if key in before and row[column] != before[key][column]
        }

    assert len(moved) > 100
    assert not {(k, c, n) for k, c, n in moved if n not in names[k, c]}


def test_no_holding_names_a_flat_list() -> None:
    counts = [len(named(row, column)) for row in rows_of(base()).values() for column in COLUMNS]

    assert max(counts) <= 30
