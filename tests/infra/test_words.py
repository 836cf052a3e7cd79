"""Figures as people read them."""

from __future__ import annotations

import pytest

from infra.words import amount, percent, rate, seconds, share, ticks


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
