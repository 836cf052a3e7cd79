"""Sine and cosine whose bits are the same on every processor.

The C library picks another ``sin`` on processors with fused multiply-add, and its last bit may
differ. This one is made of + - x and floor alone, which IEEE 754 fixes, and it vectorises.
"""

from __future__ import annotations

import numpy as np

from twin.physics.kernel import kernel

# Half of pi in two parts: the first has 33 bits, so a multiple of it below 2**20 is exact.
_HALF_PI_HIGH = 1.57079632673412561417e00
_HALF_PI_LOW = 6.07710050650619224932e-11
_TWO_OVER_PI = 6.36619772367581382433e-01


@kernel
def sine_cosine(angle_rad: float) -> tuple[float, float]:
    """Both at once, to 1e-15, for angles within a million radians either side of zero.

    Source: range reduction and polynomials of fdlibm (``k_sin.c``, ``k_cos.c``), Sun Microsystems.
    """
    quarter_turns = np.floor(angle_rad * _TWO_OVER_PI + 0.5)
    rest = (angle_rad - quarter_turns * _HALF_PI_HIGH) - quarter_turns * _HALF_PI_LOW
    sine = _sine_near_zero(rest)
    cosine = _cosine_near_zero(rest)
    # The quadrant 0..3 as a float: whole-number float arithmetic vectorises, int64 does not.
    quadrant = quarter_turns - 4.0 * np.floor(quarter_turns * 0.25)
    is_swapped = (quadrant == 1.0) | (quadrant == 3.0)
    first = cosine if is_swapped else sine
    second = sine if is_swapped else cosine
    return (
        -first if quadrant >= 2.0 else first,
        -second if (quadrant == 1.0) | (quadrant == 2.0) else second,
    )


@kernel
def _sine_near_zero(rest_rad: float) -> float:
    """Sine within an eighth of a turn of zero."""
    z = rest_rad * rest_rad
    tail = -2.50507602534068634195e-08 + z * 1.58969099521155010221e-10
    tail = 2.75573137070700676789e-06 + z * tail
    tail = -1.98412698298579493134e-04 + z * tail
    tail = 8.33333333332248946124e-03 + z * tail
    return rest_rad + z * rest_rad * (-1.66666666666666324348e-01 + z * tail)


@kernel
def _cosine_near_zero(rest_rad: float) -> float:
    """Cosine within an eighth of a turn of zero."""
    z = rest_rad * rest_rad
    tail = 2.08757232129817482790e-09 + z * -1.13596475577881948265e-11
    tail = -2.75573143513906633035e-07 + z * tail
    tail = 2.48015872894767294178e-05 + z * tail
    tail = -1.38888888888741095749e-03 + z * tail
    tail = 4.16666666666666019037e-02 + z * tail
    half = 0.5 * z
    whole = 1.0 - half
    return whole + (((1.0 - whole) - half) + z * z * tail)
