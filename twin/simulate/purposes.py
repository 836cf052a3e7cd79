"""What luck is drawn for: a number each, so that no two draws share their words."""

from __future__ import annotations

from enum import IntEnum


class Purpose(IntEnum):
    """The ``purpose`` of a draw (see ``luck``); numbers are never used again for another end."""

    SATELLITE_TICK = 1
    SATELLITE_LIFE = 2
    SAFE_MODE = 3
    SAFE_MODE_INSTANT = 4
    POOL_TICK = 5
    POOL_NOISE = 6
    ACCELERATOR = 7
    ACCELERATOR_INSTANT = 8
    LAUNCH = 21
    LAUNCH_LINE = 22
    DEMAND = 31
    TRAINING = 32
    DEPLOYMENT = 33
    LOSS = 41
    FAULT = 1000
    """Plus the place of the fault in its script."""
