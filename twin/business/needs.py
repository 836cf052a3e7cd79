"""What wants a share of what the fleet can do: the rows the allocator is asked with."""

from __future__ import annotations

import msgspec

from twin.labels import PUBLIC

COMMERCIAL_PRIORITY = 5
"""Commitments come before it, background work after."""


class Need(msgspec.Struct, frozen=True, order=True):
    """A quantity of a resource that is wanted of some segments; ids order ties.

    Its id is unique within its label. ``region`` empty means anywhere. ``segments`` are those
    allowed, none for all; pools are used in the order in which services name them. Where
    ``accreditation`` names a level, only segments accredited for ``service`` may serve.
    """

    need_id: str
    service: str
    resource: str
    region: str
    wanted_qty: int
    priority: int
    segments: tuple[str, ...] = ()
    accreditation: str = ""
    label: str = PUBLIC
