"""Faults on purpose: a script of what goes wrong in a world, as data, by number of tick.

Which assets a fault strikes is luck by asset, so striking one says nothing about another. The
script ships as ``twin/baseline/faults.json``.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Literal

import msgspec
import numpy as np

from twin.arrays import UInt32Array
from twin.simulate.luck import draws
from twin.simulate.purposes import Purpose

FaultKind = Literal["array_loss", "radiator_loss", "assets_failed", "supply_cut", "corrupt_frame"]
_WORDS = 2.0**32


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing that goes wrong, from ``first_tick`` to ``last_tick`` (null: for good).

    It strikes the first of ``segments`` that the world has: ``assets_fraction`` of its assets, each
    of which loses ``lost_fraction`` of what the kind names.
    """

    name: str
    kind: FaultKind
    segments: tuple[str, ...]
    first_tick: int
    last_tick: int | None
    assets_fraction: float
    lost_fraction: float
    component: str
    cause: str

    def is_on(self, number: int) -> bool:
        """Whether it holds in the tick of this number."""
        return self.first_tick <= number and (self.last_tick is None or number <= self.last_tick)


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
        for place, fault in enumerate(_script())
        for segment in [next((name for name in fault.segments if name in known), None)]
        if segment is not None
    )


def struck(seed: int, strike: Strike, assets: UInt32Array) -> UInt32Array:
    """The assets of the segment that the fault strikes, ascending: at least one."""
    purpose = int(Purpose.FAULT) + strike.place
    word = draws(seed, purpose=purpose, assets=assets, tick=0)[:, 0]
    chosen = word < strike.fault.assets_fraction * _WORDS
    if not chosen.any():
        chosen[np.argmin(word)] = True
    return assets[chosen]


@cache
def _script() -> tuple[Fault, ...]:
    path = files("twin.baseline").joinpath("faults.json")
    return msgspec.json.decode(path.read_bytes(), type=tuple[Fault, ...])
