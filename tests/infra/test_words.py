"""Figures as people read them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from infra.words import amount, money, percent, rate, seconds, share, side_by_side, span, ticks


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (0, "W", "0 W"),
        (7, "", "7"),
        (999, "W", "999 W"),
        (999.6, "W", "1.00 kW"),
        (1_234, "W", "1.23 kW"),
        (12_345, "W", "12.3 kW"),
        (123_456, "W", "123 kW"),
        (799_000, "", "799 k"),
        (1.65e9, "W", "1.65 GW"),
        (-2.5e6, "W", "-2.50 MW"),
        (3.45e15, "bit/s", "3.45 Pbit/s"),
        (8e18, "bit/s", "8000 Pbit/s"),
    ],
)
def test_an_amount_has_three_digits_and_a_prefix(value: float, unit: str, expected: str) -> None:
    assert amount(value, unit) == expected


def test_what_is_not_known_is_a_dash() -> None:
    assert (percent(None), seconds(None), rate(None), share(1, 0)) == ("–", "–", "–", "–")


def test_short_times_are_milliseconds() -> None:
    assert (seconds(0.0514), seconds(1.25)) == ("51 ms", "1.2 s")


def test_ticks_of_a_later_run_are_told_from_all_there_are() -> None:
    assert ticks(1, begun_count=0) == "1 tick"
    assert ticks(1_203, begun_count=0) == "1,203 ticks"
    assert ticks(203, begun_count=200) == "3 ticks, now at tick 203"


@pytest.mark.parametrize(
    ("value_usd", "expected"),
    [
        (0, "$0"),
        (12, "$12"),
        (1_234_567, "$1.23 M"),
        (4.58e10, "$45.8 B"),
        (1.75e12, "$1.75 T"),
        (-2e6, "-$2.00 M"),
    ],
)
def test_money_is_in_millions_and_billions(value_usd: float, expected: str) -> None:
    assert money(value_usd) == expected


@pytest.mark.parametrize(
    ("value_s", "expected"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (2_520, "42 min"),
        (7_200, "2.0 h"),
        (86_000, "24 h"),
        (86_400, "1.0 d"),
        (1.1e6, "13 d"),
    ],
)
def test_a_span_is_in_the_unit_that_suits_it(value_s: float, expected: str) -> None:
    assert span(value_s) == expected


@pytest.mark.parametrize(
    ("was", "is_now", "told"),
    [
        (6, 60, ("6", "60")),
        (313.398, 2349.92, ("313.4", "2,349.9")),
        (1.64722e8, 1.23512e9, ("0.16 G", "1.24 G")),
        (7, None, ("7", "–")),
        ("none", "failure", ("none", "failure")),
        (Decimal("20771.5"), Decimal("0"), ("20,771.5", "0.0")),
        (0.00021, 0.0, ("0.000210", "0.000000")),
        (0, -5_000_000, ("0.00 M", "-5.00 M")),
        (2e21, 0, ("2,000,000.0 P", "0.0 P")),
    ],
)
def test_two_values_of_a_figure_are_told_alike(was, is_now, told) -> None:
    assert side_by_side(was, is_now) == told


def test_billions_are_of_money() -> None:
    assert side_by_side(1.5e9, 2.5e9, is_money=True) == ("1.50 B", "2.50 B")
