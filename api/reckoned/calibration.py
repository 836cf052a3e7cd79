"""How a filed line comes out of its drivers: each with its value, its kind and its source."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from api.meaning import unit_of
from api.reckoned.part import Part, Reckoning, part, reckoned
from streams.store.queries import RowDict
from twin.business.calibration import CalibratedDriver, CalibratedLine, CalibratedTerm
from twin.simulate.accounts import name_of_filed
from twin.state import Twin
from twin.units import dollars, instant_text
from twin.views.calibration import closed_lines


def of_calibration(twin: Twin, column: str, row: RowDict) -> Reckoning | None:
    """The reckoning of a column of a closed line; None for words and for what nothing checks.

    The row may be one of revenue: it names its period and its filed line alike.
    """
    line = line_of_row(twin, row)
    if line is None or getattr(line, column, 0) is None:
        return None
    filed = dollars(line.filed_micro_usd)
    match column:
        case "filed_usd":
            return reckoned("as filed", [_filed(twin, line, row["label"])])
        case "modelled_usd":
            return reckoned("Σ of the parts that are terms", _drivers_too(twin, line.terms))
        case "check_usd":
            return reckoned("Σ of the parts that are terms", _drivers_too(twin, line.checks))
        case "error_fraction":
            terms = {"modelled_usd": line.modelled_usd, "filed_usd": filed}
            formula = "modelled_usd / filed_usd - 1"
            return reckoned(formula, _drivers_too(twin, line.terms), terms)
        case "check_error_fraction":
            terms = {"check_usd": line.check_usd, "filed_usd": filed}
            formula = "check_usd / filed_usd - 1"
            return reckoned(formula, _drivers_too(twin, line.checks), terms)
        case "derived_fraction":
            derived = tuple(term for term in line.terms if term.mark == "derived")
            formula = (
                "derived_usd / modelled_usd, where derived_usd is the sum of terms with a driver"
                " derived from the line itself; these are the parts"
            )
            derived_usd = sum((term.amount_usd for term in derived), 0.0)
            terms = {"derived_usd": derived_usd, "modelled_usd": line.modelled_usd}
            return reckoned(formula, _drivers_too(twin, derived), terms)
    return None


def names_of_a_line(line: CalibratedLine, column: str) -> Iterator[str]:
    """The assumptions that a column of a line rests on."""
    terms = line.checks if "check_" in column else line.terms
    if column not in ("modelled_usd", "check_usd", "derived_fraction"):
        yield name_of_filed(line.period, line.line)
    if column != "filed_usd":
        yield from (name for term in terms for driver in term.drivers for name in driver.names)


def line_of_row(twin: Twin, row: RowDict) -> CalibratedLine | None:
    """The line that a row of the view tells."""
    place = str(row["filed_period"]), str(row["filed_line"])
    lines = closed_lines(twin.ledgers[row["label"]], twin.registry, twin.tick_ns)
    return next((each for each in lines if (each.period, each.line) == place), None)


def _filed(twin: Twin, line: CalibratedLine, label: str) -> Part:
    filed = next(
        each
        for each in twin.ledgers[label].filed.values()
        if (each.period, each.line) == (line.period, line.line)
    )
    terms = {
        "filing": filed.filing,
        "starts": instant_text(filed.starts_ns),
        "ends": instant_text(filed.ends_ns),
    }
    return part(f"filed/{line.line}", "as filed", terms, dollars(filed.amount_micro_usd))


def _drivers_too(twin: Twin, terms: tuple[CalibratedTerm, ...]) -> Iterator[Part]:
    """Every term, and the drivers it is the product of."""
    for number, term in enumerate(terms, start=1):
        factors: dict[str, Any] = {"times": term.times}
        factors |= {f"driver_{i}": each.value for i, each in enumerate(term.drivers, start=1)}
        yield part(f"term/{number}", " × ".join(factors), factors, term.amount_usd)
        for place, driver in enumerate(term.drivers, start=1):
            yield _driver(twin, driver, f"driver_{place} of term/{number}")


def _driver(twin: Twin, driver: CalibratedDriver, name: str) -> Part:
    """A driver: an assumption, or the mean of several; what kind it is, and who says so."""
    known = [twin.registry.assumptions[each] for each in driver.names]
    terms: dict[str, Any] = {each.name: each.value for each in known}
    terms |= {"kind": driver.mark, "source": "; ".join(dict.fromkeys(e.source for e in known))}
    formula = "mean of the assumptions" if len(known) > 1 else "the assumption"
    return part(name, formula, terms, driver.value, unit=unit_of(known[0].unit))
