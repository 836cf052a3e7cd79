"""Sine and cosine against the C library's, and their identities at the edges."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.physics.trigonometry import sine_cosine


@given(st.floats(-1e6, 1e6))
def test_sine_and_cosine_agree_with_the_c_library_to_the_last_places(angle_rad: float) -> None:
    sine, cosine = sine_cosine(angle_rad)

    assert sine == pytest.approx(math.sin(angle_rad), abs=3e-16)
    assert cosine == pytest.approx(math.cos(angle_rad), abs=3e-16)


@pytest.mark.parametrize("quarter", range(-9, 10))
def test_each_quarter_turn_lands_in_its_own_quadrant(quarter: int) -> None:
    sine, cosine = sine_cosine(quarter * math.pi / 2)

    assert round(sine) == [0, 1, 0, -1][quarter % 4]
    assert round(cosine) == [1, 0, -1, 0][quarter % 4]


def test_what_is_no_angle_gives_nan() -> None:
    results = [sine_cosine(angle) for angle in (math.nan, math.inf, -math.inf)]

    assert np.isnan(results).all()
