"""Faults on purpose: a script of what goes wrong in a world, as data, by number of tick.

Which assets a fault strikes is luck by asset, so striking one says nothing about another. The
script ships as ``twin/baseline/faults.json``.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import numpy as np

from twin.arrays import UInt32Array
from twin.baseline import Fault, read_faults
from twin.simulate.luck import TO_UNIT, draws
from twin.simulate.purposes import Purpose


class Strike(msgspec.Struct, frozen=True):
    """A fault in a world: the segment it strikes, and which place in the script it has."""

    fault: Fault
    segment: str
    place: int


def strikes(segments: Iterable[str]) -> tuple[Strike, ...]:
    """The shipped script in a world of these segments; a fault that finds none is left out."""
    known = set(segments)
    return tuple(
        Strike(fault, segment, place)
        for place, fault in enumerate(read_faults())
        for segment in [next((name for name in fault.segments if name in known), None)]
        if segment is not None
    )


def struck(seed: int, strike: Strike, assets: UInt32Array) -> UInt32Array:
    """The assets of the segment that the fault strikes, ascending: at least one."""
    purpose = int(Purpose.FAULT) + strike.place
    word = draws(seed, purpose=purpose, assets=assets, tick=0)[:, 0]
    chosen = word * TO_UNIT < strike.fault.assets_fraction
    if not chosen.any():
        chosen[np.argmin(word)] = True
    return assets[chosen]
