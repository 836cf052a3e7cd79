"""The fold again, slow and obvious: dictionaries, one row at a time, integers only.

Written from the rules, not from the code: it knows summaries, the energy book and capacity, and is
what the real fold must agree with.
"""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction

from twin.quantities import HIGHEST, LOWEST, QUANTITIES_COUNT, Q


def totals(summaries):
    """Quantities of each (segment, region), added row by row."""
    found: dict[tuple[str, str], list[int]] = {}
    for summary in summaries:
        values = memoryview(summary.matrix).cast("q")
        for place, region in enumerate(summary.regions):
            row = values[place * QUANTITIES_COUNT : (place + 1) * QUANTITIES_COUNT].tolist()
            key = (summary.frame.segment, region)
            found[key] = row if key not in found else _added(found[key], row)
    return found


def _added(left, right):
    result = [a + b for a, b in zip(left, right, strict=True)]
    for column in HIGHEST.tolist():
        result[column] = max(left[column], right[column])
    for column in LOWEST.tolist():
        counted = [row[column] for row in (left, right) if row[Q.REPORTED_COUNT]]
        result[column] = min(counted, default=right[column])
    return result


class Book:
    """The energy of one segment, in exact fractions of a milliwatt-hour."""

    def __init__(self, *, loss_ppm: int, resolution_mwh: int) -> None:
        self.loss_ppm, self.resolution_mwh = loss_ppm, resolution_mwh
        self.total = defaultdict(Fraction)
        self.charge_mwh: int | None = None

    def tick(self, rows, *, interval_s: int, written_off_mwh: int = 0):
        """One tick's rows (a list of quantity lists); this tick's flows in mW."""
        sums = [sum(row[q] for row in rows) for q in range(QUANTITIES_COUNT)]
        into, out_of = sums[Q.CHARGING_MW], sums[Q.DISCHARGING_MW]
        loss = into * self.loss_ppm // 1_000_000
        per_mwh = 3600 // interval_s
        if self.charge_mwh is None:
            charged = into - loss
        else:
            gained = sums[Q.CHARGE_MWH] - self.charge_mwh
            charged = (gained + written_off_mwh) * per_mwh + out_of
        self.charge_mwh = sums[Q.CHARGE_MWH]
        rest = into - loss - charged
        is_rounding = abs(rest) <= sums[Q.REPORTED_COUNT] * self.resolution_mwh * per_mwh
        flows = {
            "generated": sums[Q.ARRAY_MW] + sums[Q.CURTAILED_MW],
            "discharged": out_of,
            "bus": sums[Q.BUS_MW],
            "compute": sums[Q.COMPUTE_MW],
            "payload": sums[Q.LOAD_MW] - sums[Q.BUS_MW] - sums[Q.COMPUTE_MW],
            "charged": charged,
            "curtailed": sums[Q.CURTAILED_MW],
            "lost": loss + (rest if is_rounding else 0),
            "unaccounted": 0 if is_rounding else rest,
        }
        for name, power_mw in flows.items():
            self.total[name] += Fraction(power_mw * interval_s, 3600)
        return flows
