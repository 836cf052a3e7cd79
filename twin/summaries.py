"""What one frame says once observed, and how summaries of a segment join."""

from __future__ import annotations

from typing import Literal

import msgspec
import numpy as np

from twin.arrays import IntArray, frozen
from twin.identity import Identity
from twin.quantities import QUANTITIES_COUNT, merged

EXAMPLES_MAX_COUNT = 8
"""Anomalies named one by one per frame, segment and kind; all of them are counted."""

AnomalyKind = Literal["power", "thermal", "battery"]


class Anomaly(msgspec.Struct, frozen=True, order=True, array_like=True):
    """One asset whose measured value is not what physics expects."""

    segment: str
    kind: AnomalyKind
    asset_id: int
    measured: float
    expected: float


class FrameRef(msgspec.Struct, frozen=True, order=True, array_like=True, gc=False):
    """Where a frame lies and what it must hash to: the way from a figure down to its bytes."""

    identity: Identity
    topic: str
    partition: int
    offset: int
    digest: bytes
    segment: str
    rows_count: int


class Summary(msgspec.Struct, frozen=True, array_like=True, tag="summary"):
    """One frame as integers: ``matrix`` is int64 regions × quantities, little-endian bytes."""

    frame: FrameRef
    label: str
    tick_ns: int
    interval_ns: int
    regions: tuple[str, ...]
    matrix: bytes
    anomalies: tuple[Anomaly, ...] = ()


class SegmentTotals(msgspec.Struct, frozen=True, array_like=True):
    """All summaries of one tick, joined by segment and label.

    ``keys`` are sorted (label, segment) pairs; ``matrix`` holds int64 segments × regions ×
    quantities as little-endian bytes.
    """

    keys: tuple[tuple[str, str], ...] = ()
    regions: tuple[str, ...] = ()
    matrix: bytes = b""

    def array(self) -> IntArray:
        """The matrix, shape ``(segments, regions, quantities)``, read-only and without a copy."""
        flat = np.frombuffer(self.matrix, dtype="<i8")
        return flat.reshape(len(self.keys), len(self.regions), QUANTITIES_COUNT)


def matrix_of(summary: Summary) -> IntArray:
    """A summary's matrix, shape ``(regions, quantities)``, read-only."""
    flat = np.frombuffer(summary.matrix, dtype="<i8")
    return flat.reshape(len(summary.regions), QUANTITIES_COUNT)


def joined(summaries: list[Summary]) -> SegmentTotals:
    """Summaries of one tick merged by label and segment; neither order nor grouping matters."""
    if not summaries:
        return SegmentTotals()
    regions = max((summary.regions for summary in summaries), key=lambda names: (len(names), names))
    totals: dict[tuple[str, str], IntArray] = {}
    for summary in summaries:
        key = (summary.label, summary.frame.segment)
        matrix = _aligned(summary, regions)
        totals[key] = merged(totals[key], matrix) if key in totals else matrix
    keys = tuple(sorted(totals))
    stacked = frozen(np.stack([totals[key] for key in keys]).astype("<i8"))
    return SegmentTotals(keys=keys, regions=regions, matrix=stacked.tobytes())


def _aligned(summary: Summary, regions: tuple[str, ...]) -> IntArray:
    """The matrix with its rows in the order of ``regions``; an unlisted region joins ``orbit``."""
    matrix = matrix_of(summary)
    if summary.regions == regions:
        return matrix
    aligned = np.zeros((len(regions), QUANTITIES_COUNT), dtype=np.int64)
    for row, name in enumerate(summary.regions):
        place = regions.index(name) if name in regions else 0
        aligned[place] = merged(aligned[place][None], matrix[row][None])[0]
    return aligned


def named(anomalies: list[Anomaly]) -> tuple[Anomaly, ...]:
    """The first few anomalies of each segment and kind, by asset id."""
    kept: list[Anomaly] = []
    counts: dict[tuple[str, str], int] = {}
    for anomaly in sorted(anomalies):
        key = (anomaly.segment, anomaly.kind)
        counts[key] = counts.get(key, 0) + 1
        if counts[key] <= EXAMPLES_MAX_COUNT:
            kept.append(anomaly)
    return tuple(kept)
