"""Calibration: every filed line of every closed period, beside what its drivers make of it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from twin.business.calibration import CalibratedLine, calibrated
from twin.business.ledger import Ledger
from twin.state import Registry
from twin.units import MICRO_PER_USD, USD_MAX
from twin.views.view import Moment, RollUp, Value, View, key, real, text, usd


def closed_lines(ledger: Ledger, registry: Registry, tick_ns: int) -> tuple[CalibratedLine, ...]:
    """The lines of the periods that are over; the same object while no fact changed."""
    closed = tuple(name for name, each in ledger.filed.items() if each.ends_ns <= tick_ns)
    return _lines(ledger, registry, closed)


@lru_cache(maxsize=4)
def _lines(
    ledger: Ledger, registry: Registry, closed: tuple[str, ...]
) -> tuple[CalibratedLine, ...]:
    def number(name: str) -> float | None:
        entry = registry.assumptions.get(name)
        return None if entry is None or isinstance(entry.value, str) else float(entry.value)

    return calibrated([ledger.filed[name] for name in closed], number)


def _rows(moment: Moment) -> Iterator[tuple[Value, ...]]:
    twin = moment.twin
    for label, ledger in sorted(twin.ledgers.items()):
        yield from _rows_of(label, closed_lines(ledger, twin.registry, twin.tick_ns))


@lru_cache(maxsize=4)
def _rows_of(label: str, lines: tuple[CalibratedLine, ...]) -> tuple[tuple[Value, ...], ...]:
    return tuple(
        (
            label,
            "derived",
            line.period,
            line.line,
            line.reporting_segment,
            line.filed_micro_usd,
            _micro_usd(line.modelled_usd),
            line.error_fraction,
            None if line.check_usd is None else _micro_usd(line.check_usd),
            line.check_error_fraction,
            line.mark,
            line.derived_fraction,
        )
        for line in lines
    )


def _micro_usd(amount_usd: float) -> int:
    """Drivers of any size make an amount that tables can keep."""
    return round(min(max(amount_usd, -USD_MAX), USD_MAX) * MICRO_PER_USD)


CALIBRATION = View(
    name="calibration",
    meaning="Every filed line of every closed period, and by how much its drivers miss it.",
    key=(
        key("filed_period", "The closed period."),
        key("filed_line", "The line as filed."),
    ),
    columns=(
        text("reporting_segment", "Space, Connectivity or AI."),
        usd("filed_usd", RollUp.LAST, "As filed."),
        usd("modelled_usd", RollUp.LAST, "What the drivers make of it."),
        real("error_fraction", RollUp.LAST, "The drivers against the filing."),
        usd("check_usd", RollUp.LAST, "By other drivers alone.", is_nullable=True),
        real(
            "check_error_fraction",
            RollUp.LAST,
            "The same without any driver derived from the line itself.",
            is_nullable=True,
        ),
        text("weakest_driver", "filed, independent, or derived (which proves nothing)."),
        real("derived_fraction", RollUp.LAST, "Of the modelled amount that rests on derived ones."),
    ),
    rows=_rows,
)
