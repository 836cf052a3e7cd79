"""The filed lines come out of their drivers, and which drivers prove nothing is said."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.business.accounts import told
from tests.twin.telling import shown
from tests.twin.telling import told as told_tick
from twin.baseline import load, world_names
from twin.baseline.calibration import read_calibration
from twin.business.calibration import CalibratedLine, calibrated
from twin.business.lines import FILED_LINES, LINES
from twin.business.terms import Filed
from twin.events import PeriodReported
from twin.simulate.accounts import account_facts
from twin.units import parse_instant

BASELINE = load("2026")
YEARS = ("fy2023", "fy2024", "fy2025")


def filed() -> list[Filed]:
    facts = [fact for fact, _ in account_facts(BASELINE) if isinstance(fact, PeriodReported)]
    return list(told(*facts).filed.values())


LINES_FOUND = {(line.period, line.line): line for line in calibrated(filed(), BASELINE.number)}


def test_every_line_of_the_three_years_is_calibrated() -> None:
    assert LINES_FOUND.keys() == {(year, line) for year in YEARS for line in FILED_LINES}
    assert [name for lines in FILED_LINES.values() for name in lines] == list(LINES)


@pytest.mark.parametrize(
    "line", LINES_FOUND.values(), ids=lambda line: f"{line.period}-{line.line}"
)
def test_a_filed_line_comes_out_of_its_drivers(line: CalibratedLine) -> None:
    by_construction = line.mark == "derived"

    # What is derived from the line itself is off by the rounding of the driver only.
    assert abs(line.error_fraction) < (0.0005 if by_construction else 0.01)
    assert line.drivers
    assert (line.derived_fraction > 0) == by_construction


def test_drivers_that_prove_something_stand_beside_those_that_do_not() -> None:
    checks = {
        place: round(line.check_error_fraction, 4)
        for place, line in LINES_FOUND.items()
        if line.check_error_fraction is not None
    }

    assert checks == {
        ("fy2023", "launch_services"): 0.2434,  # 33 at the list price of 2026
        ("fy2024", "launch_services"): 0.0362,  # 45 at the mean of 2023
        ("fy2025", "launch_services"): -0.0418,  # 43 at the mean of 2024
        ("fy2024", "consumer"): 0.0617,  # ARPU, and all products as kits
        ("fy2025", "consumer"): 0.1062,
    }
    filed_only = {place for place, line in LINES_FOUND.items() if line.mark == "filed"}
    assert filed_only == {("fy2024", "ai_solutions"), ("fy2025", "ai_solutions")}


def test_a_check_uses_no_driver_derived_from_its_line() -> None:
    for rule in read_calibration():
        for term in rule.checks:
            assert all(driver.mark != "derived" for driver in term.drivers)


@pytest.mark.parametrize("world", world_names())
def test_every_driver_is_an_assumption_of_every_world(world: str) -> None:
    baseline = load(world)
    terms = [term for rule in read_calibration() for term in (*rule.terms, *rule.checks)]

    names = {name for term in terms for driver in term.drivers for name in driver.names}

    assert names <= baseline.assumptions.keys()


@pytest.mark.parametrize("year", [2023, 2024, 2025])
def test_filed_lines_sum_to_their_segments_and_those_to_the_group(year: int) -> None:
    amounts: dict[str, int] = {}
    for each in filed():
        if each.period == f"fy{year}":
            sum_ = amounts.get(each.reporting_segment, 0)
            amounts[each.reporting_segment] = sum_ + each.amount_micro_usd

    for segment, amount in amounts.items():
        assert amount == BASELINE.number(f"filed.fy{year}.{segment.lower()}.revenue_usd") * 1e6
    group = BASELINE.number(f"filed.fy{year}.consolidated.revenue_usd")
    assert sum(amounts.values()) == group * 1e6


@pytest.mark.parametrize("year", [2023, 2024, 2025])
def test_what_arpu_leaves_of_the_consumer_line_is_its_own_driver(year: int) -> None:
    def filed_number(name: str, of_year: int = year) -> float:
        return BASELINE.number(f"filed.fy{of_year}.connectivity.{name}")

    mean_count = (
        filed_number("subscribers_count") + filed_number("subscribers_count", year - 1)
    ) / 2
    left = filed_number("consumer_usd") - 12 * filed_number("arpu_usd_per_month") * mean_count

    assert filed_number("consumer-beyond-arpu_usd") == pytest.approx(left, abs=0.5e6)


def test_a_line_whose_numbers_are_not_told_is_left_out() -> None:
    assert calibrated(filed(), lambda _: None) == ()


def test_a_line_filed_as_zero_has_no_error() -> None:
    zero = PeriodReported(
        period="fy2025",
        reporting_segment="AI",
        line="advertising",
        amount_usd=Decimal(0),
        filing="none",
        starts_at="2025-01-01T00:00:00Z",
        ends_at="2026-01-01T00:00:00Z",
    )

    assert calibrated(told(zero).filed.values(), BASELINE.number) == ()
    assert parse_instant(zero.ends_at) > 0


def test_the_error_of_every_line_of_every_closed_year_is_a_column() -> None:
    rows = shown(told_tick(3), 3)["calibration"]

    found = {(row["filed_period"], row["filed_line"]): row["error_fraction"] for row in rows}
    assert found.keys() == {(year, line) for year in YEARS for line in FILED_LINES}
    assert found == {place: line.error_fraction for place, line in LINES_FOUND.items()}
