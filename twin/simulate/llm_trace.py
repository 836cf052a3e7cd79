"""A real trace of inference requests, as published: when each came, tokens read and written.

Reads the CSV of the Azure LLM inference traces (CC-BY 4.0; cite Splitwise, ISCA 2024): a line of
names, then ``TIMESTAMP,ContextTokens,GeneratedTokens`` a row. When the trace ends it begins again:
a world that runs longer than the trace sees it over and over, end to end. Its dates are forgotten:
the first request comes when the world opens.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import numpy as np

from twin.arrays import IntArray
from twin.errors import BadInput
from twin.suggest import nearest
from twin.units import NS_PER_S

_NAMES: Final = ("TIMESTAMP", "ContextTokens", "GeneratedTokens")
_TOKENS_MAX_COUNT: Final = 100_000_000
_INSTANT: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:Z|\+00:?00)?"
)


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that is left out: its line in the file, counted from 1, and why."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class LlmTrace:
    """Requests in order of time.

    ``at_ns`` counts from the first and has shape ``(n,)``; ``totals`` has shape ``(n + 1, 3)``:
    requests, tokens read and tokens written before each. It is ``period_ns`` long.
    """

    at_ns: IntArray
    totals: IntArray
    period_ns: int
    bad_rows: tuple[BadRow, ...]

    @property
    def requests_count(self) -> int:
        """Requests in the trace."""
        return self.at_ns.size

    def counts(self, number: int, interval_ns: int) -> tuple[int, int, int]:
        """Requests, tokens read and tokens written in a tick, the first of which has number 1."""
        before = self._until(interval_ns * (number - 1))
        after = self._until(interval_ns * number)
        requests, read, written = (late - early for early, late in zip(before, after, strict=True))
        return requests, read, written

    def _until(self, elapsed_ns: int) -> list[int]:
        """Counts from the beginning to before an instant."""
        turns, rest_ns = divmod(elapsed_ns, self.period_ns)
        whole, part = self.totals[-1].tolist(), self.totals[np.searchsorted(self.at_ns, rest_ns)]
        return [turns * count + rest for count, rest in zip(whole, part.tolist(), strict=True)]


def read_llm_trace(data: bytes) -> LlmTrace:
    """The trace in a file; rows that cannot be read are left out, and listed.

    ``BadInput`` where the first line lacks a name, or no row can be read.
    """
    try:
        lines = data.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise BadInput(f"a trace: {error}", expected="UTF-8", field="llm-trace") from None
    places = _places(lines)
    bad_rows: list[BadRow] = []
    rows: list[tuple[int, int, int]] = []
    for line, text in enumerate(lines[1:], start=2):
        if text.strip():
            try:
                rows.append(_row(next(csv.reader([text])), places))
            except BadInput as error:
                bad_rows.append(BadRow(line, str(error)))
    if not rows:
        first = f", the first: line {bad_rows[0].line}: {bad_rows[0].reason}" if bad_rows else ""
        raise BadInput(
            f"a trace without a readable request{first}",
            expected=f"rows of {','.join(_NAMES)}",
            field="llm-trace",
        )
    return _trace(rows, tuple(bad_rows))


def _trace(rows: list[tuple[int, int, int]], bad_rows: tuple[BadRow, ...]) -> LlmTrace:
    table = np.array(rows, dtype=np.int64)
    table = table[np.argsort(table[:, 0], kind="stable")]
    at_ns = table[:, 0] - table[0, 0]
    totals = np.zeros((len(rows) + 1, 3), dtype=np.int64)
    totals[1:, 0] = np.arange(1, len(rows) + 1)
    totals[1:, 1:] = np.cumsum(table[:, 1:], axis=0)
    # The last request, too, lies before the end.
    period_ns = (int(at_ns[-1]) // NS_PER_S + 1) * NS_PER_S
    return LlmTrace(at_ns, totals, period_ns, bad_rows)


def _places(lines: list[str]) -> tuple[int, ...]:
    """Where in a row the columns stand."""
    names = [name.strip() for name in lines[0].split(",")] if lines else []
    for wanted in _NAMES:
        if wanted not in names:
            raise BadInput(
                f"a trace without the column {wanted}",
                expected=f"the columns {','.join(_NAMES)}",
                remedy=f"for {wanted} there is {nearest(wanted, names)}",
                field="llm-trace",
            )
    return tuple(names.index(wanted) for wanted in _NAMES)


def _row(cells: list[str], places: tuple[int, ...]) -> tuple[int, int, int]:
    """When in nanoseconds, tokens read, tokens written."""
    if len(cells) <= max(places):
        raise BadInput(f"{len(cells)} values", expected=f"{max(places) + 1} at least")
    instant, read, written = (cells[place].strip() for place in places)
    return _instant_ns(instant), _tokens_count(read), _tokens_count(written)


def _tokens_count(cell: str) -> int:
    # As many digits as the limit has: longer ones Python refuses to convert at all.
    is_number = cell.isascii() and cell.isdigit() and len(cell) <= 9
    if not is_number or int(cell) > _TOKENS_MAX_COUNT:
        raise BadInput(
            f"{cell[:40]!r} tokens", expected=f"a whole number up to {_TOKENS_MAX_COUNT}"
        )
    return int(cell)


def _instant_ns(text: str) -> int:
    found = _INSTANT.fullmatch(text)
    try:
        if found is None:
            raise ValueError
        whole = datetime.fromisoformat(f"{found[1]}T{found[2]}").replace(tzinfo=UTC)
    except ValueError:
        raise BadInput(
            f"timestamp {text[:40]!r}", expected="UTC, such as 2023-11-16 18:15:46.6805900"
        ) from None
    return int(whole.timestamp()) * NS_PER_S + int((found[3] or "").ljust(9, "0"))
