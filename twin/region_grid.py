"""Where a satellite stands: the boxes of theatres as a small table, looked up by compiled code.

Apart from ``regions``, so that who only names a region need not load a compiler.
"""

from __future__ import annotations

import math

import msgspec
import numpy as np

from twin.arrays import FloatArray, IntArray
from twin.errors import BadInput
from twin.physics.kernel import kernel
from twin.regions import RegionBox, region_names


class RegionGrid(msgspec.Struct, frozen=True):
    """Boxes as a table: distinct latitude edges × distinct longitude edges → region index.

    Edges are stored as values that need no trigonometry to compare with: the sine of the
    geocentric latitude, and the *diamond angle* of the longitude, which grows with it
    from −2 to 2.
    """

    names: tuple[str, ...]
    latitude_edges: FloatArray
    longitude_edges: FloatArray
    index: IntArray


def region_grid(boxes: tuple[RegionBox, ...]) -> RegionGrid:
    """The lookup table of some boxes; ``BadInput`` when two of them overlap."""
    names = region_names(boxes)
    souths = sorted({edge for box in boxes for edge in (box.south_deg, box.north_deg)})
    wests = sorted({edge for box in boxes for edge in (box.west_deg, box.east_deg)})
    index = np.zeros((len(souths) + 1, len(wests) + 1), dtype=np.int64)
    for box in boxes:
        rows = slice(souths.index(box.south_deg) + 1, souths.index(box.north_deg) + 1)
        columns = slice(wests.index(box.west_deg) + 1, wests.index(box.east_deg) + 1)
        if index[rows, columns].any():
            raise BadInput(f"region box {box.name} overlaps another", expected="boxes apart")
        index[rows, columns] = names.index(box.name)
    return RegionGrid(
        names=names,
        latitude_edges=np.array([math.sin(math.radians(edge)) for edge in souths]),
        longitude_edges=np.array([_diamond_of_degrees(edge) for edge in wests]),
        index=index,
    )


def regions_below(grid: RegionGrid, positions_km: FloatArray) -> IntArray:
    """The place in ``grid.names`` below each earth-fixed position, ``(n, 3)`` → ``(n,)``."""
    return _regions_below(positions_km, grid.latitude_edges, grid.longitude_edges, grid.index)


def _diamond_of_degrees(longitude_deg: float) -> float:
    if abs(longitude_deg) == 180.0:
        return math.copysign(2.0, longitude_deg)
    radians = math.radians(longitude_deg)
    return diamond_angle(math.cos(radians), math.sin(radians))


@kernel
def diamond_angle(x: float, y: float) -> float:
    """A longitude without trigonometry: −2…2, growing with atan2(y, x)."""
    norm = abs(x) + abs(y)
    turn = y / norm if norm > 0.0 else 0.0
    beyond = 2.0 - turn if y >= 0.0 else -2.0 - turn
    return turn if x >= 0.0 else beyond


@kernel
def region_index(
    x_km: float,
    y_km: float,
    z_km: float,
    latitude_edges: FloatArray,
    longitude_edges: FloatArray,
    index: IntArray,
) -> int:
    """The region below an earth-fixed position; 0 where no box is."""
    radius_km = np.sqrt(x_km * x_km + y_km * y_km + z_km * z_km)
    longitude = diamond_angle(x_km, y_km)
    # Counting the edges passed, all of them, costs less than a search that is hard to predict.
    row, column = 0, 0
    for edge in latitude_edges:
        row += z_km >= edge * radius_km
    for edge in longitude_edges:
        column += longitude >= edge
    return int(index[row, column])


@kernel
def _regions_below(
    positions_km: FloatArray,
    latitude_edges: FloatArray,
    longitude_edges: FloatArray,
    index: IntArray,
) -> IntArray:
    found = np.empty(positions_km.shape[0], dtype=np.int64)
    for row in range(found.size):
        x_km, y_km, z_km = positions_km[row, 0], positions_km[row, 1], positions_km[row, 2]
        found[row] = region_index(x_km, y_km, z_km, latitude_edges, longitude_edges, index)
    return found
