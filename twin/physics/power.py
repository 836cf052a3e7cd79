"""One satellite's array, battery and loads over one step.

Powers are whole eighths of a watt, which float32 holds exactly up to 2 MW: so what a frame reports
is what was computed, and array - load = stored + lost closes to the rounding of the charge.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from twin.physics.kernel import kernel

POWER_STEP_W: Final = 0.125
"""What ``array_w`` and ``load_w`` are multiples of."""

_STEPS_PER_W: Final = 8.0
_S_PER_H: Final = 3600.0


@kernel
def quantised_w(power_w: float) -> float:
    """The next multiple of ``POWER_STEP_W`` at or below."""
    steps: float = np.floor(power_w * _STEPS_PER_W)
    return steps * POWER_STEP_W


@kernel
def power_step(
    available_w: float,
    wanted_load_w: float,
    bus_w: float,
    charge_wh: float,
    battery_wh: float,
    reserve_fraction: float,
    charge_efficiency_fraction: float,
    dt_s: float,
) -> tuple[float, float, float, float]:
    """Give array_w, load_w, the next charge_wh and curtailed_w: delivered, used, kept, unused.

    ``available_w`` is what the array could give, ``wanted_load_w`` bus and payload together.
    A surplus charges the battery until it is full; the rest is curtailed. A deficit is met by the
    battery: for the payload down to the reserve, for the bus down to nothing; what cannot be met is
    shed, payload first. Charging loses 1 - efficiency of what goes in, discharging nothing.
    The next charge is a float32 value, so a column of that type stores it unchanged.
    """
    source_w = quantised_w(available_w)
    wanted_w = quantised_w(wanted_load_w)
    vital_w = min(quantised_w(bus_w), wanted_w)
    step_h = dt_s / _S_PER_H
    spare_wh = max(charge_wh - reserve_fraction * battery_wh, 0.0)
    for_payload_w = source_w + quantised_w(spare_wh / step_h)
    for_bus_w = source_w + quantised_w(max(charge_wh, 0.0) / step_h)
    load_w = max(min(wanted_w, for_payload_w), min(vital_w, for_bus_w))
    room_w = quantised_w(max(battery_wh - charge_wh, 0.0) / (charge_efficiency_fraction * step_h))
    array_w = min(source_w, load_w + room_w)
    surplus_w = array_w - load_w
    kept_w = surplus_w * charge_efficiency_fraction if surplus_w > 0.0 else surplus_w
    # Rounding in the last bit could leave an emptied battery a hair below nothing.
    next_wh = max(charge_wh + kept_w * step_h, 0.0)
    return array_w, load_w, float(np.float32(next_wh)), source_w - array_w
