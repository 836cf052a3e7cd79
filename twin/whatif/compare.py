"""Two twins at the same instant, row by row: what is otherwise in the second."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from twin.views import VIEWS
from twin.views.view import Column, Moment, Value, View

Row = tuple[Value, ...]


class Delta(msgspec.Struct, frozen=True):
    """One figure that differs; ``change`` is null for words and where one side has none."""

    view: str
    key: str
    column: str
    baseline: Value
    branch: Value
    change: float | int | None


def deltas(baseline: Moment, branch: Moment) -> Iterator[Delta]:
    """Every figure of every view that differs, by view, key and column.

    Money is in whole micro-dollars, as everywhere inside.
    """
    for name, view in VIEWS.items():
        was, is_now = _by_key(view, baseline), _by_key(view, branch)
        for key in sorted({*was, *is_now}):
            yield from _of_row(name, key, view.columns, was.get(key), is_now.get(key))


def _by_key(view: View, moment: Moment) -> Mapping[str, Row]:
    count = len(view.key)
    found = {}
    for _, _, *row in view.rows(moment):
        found[",".join(str(part) for part in row[:count])] = tuple(row[count:])
    return found


def _of_row(
    view: str, key: str, columns: tuple[Column, ...], was: Row | None, is_now: Row | None
) -> Iterator[Delta]:
    for place, column in enumerate(columns):
        before = was[place] if was is not None else None
        after = is_now[place] if is_now is not None else None
        if before != after:
            yield Delta(view, key, column.name, before, after, _change(before, after))


def _change(before: Value, after: Value) -> float | int | None:
    if isinstance(before, int | float) and isinstance(after, int | float):
        return after - before
    return None
