"""Revenue: what each line earns of whom, what it costs, and how a filing compares.

Consolidated revenue is the sum of ``recognised_usd`` over all rows: Σ of the reporting segments
less what the one elimination row takes out. Costs of a segment go to its lines by what they earned
since the beginning, to the last micro-dollar.
"""

from __future__ import annotations

from collections.abc import Iterator

from twin.business.calibration import CalibratedLine
from twin.business.items import A as Column
from twin.business.items import Item, Mode
from twin.business.ledger import Ledger
from twin.business.lines import ELIMINATIONS, FILED_LINES, LINES, REPORTING_SEGMENTS, payer_of
from twin.business.revenue import B, Revenue, X
from twin.business.standing import Standing, standings
from twin.state import Registry
from twin.units import PPM
from twin.views.calibration import closed_lines
from twin.views.view import Moment, RollUp, Value, View, key, real, text, usd, whole

Key = tuple[str, str, str]
MS_PER_S = 1_000
COSTS = (X.OPERATING, X.ENERGY, X.DEPRECIATION)


class _Row:
    """The items of one line and counterparty, joined."""

    def __init__(self) -> None:
        self.bases: set[str] = set()
        self.customers_count = 0
        self.delivered_qty = 0
        self.unit_prices: set[int | None] = set()
        self.money = [0, 0, 0, 0]
        self.earned_so_far = 0
        self.run_rate = 0
        self.backlog = 0
        self.terminable = 0
        self.costs = [0, 0, 0]

    def join(self, item: Item, book: list[int], standing: Standing, *, is_in_ms: bool) -> None:
        """Add an item to the row; accelerators are counted in milliseconds."""
        self.bases.add(item.basis)
        self.customers_count += standing.customers_count
        self.delivered_qty += book[B.DELIVERED] // (MS_PER_S if is_in_ms else 1)
        self.unit_prices.add(standing.unit_price)
        columns = (B.GROSS, B.CREDITS, B.INTERCOMPANY, B.RECOGNISED)
        self.money = [sum_ + book[c] for sum_, c in zip(self.money, columns, strict=True)]
        self.earned_so_far += book[B.TOTAL_GROSS]
        self.run_rate += standing.run_rate_per_y
        self.backlog += standing.backlog
        self.terminable += standing.terminable_per_y


def _rows(moment: Moment) -> Iterator[tuple[Value, ...]]:
    twin = moment.twin
    for label, flows in sorted(twin.revenues.items()):
        yield from rows_of(
            label, twin.ledgers[label], flows, registry=twin.registry, tick_ns=twin.tick_ns
        )


def rows_of(
    label: str, ledger: Ledger, flows: Revenue, *, registry: Registry, tick_ns: int
) -> Iterator[tuple[Value, ...]]:
    """Every row of one label after a tick, by reporting segment, line and counterparty."""
    if not flows.item_ids:
        return
    rows = _joined(ledger, flows, tick_ns)
    _share_costs(rows, flows)
    # Of every line the last closed period that has drivers.
    lines = {
        line: each
        for each in closed_lines(ledger, registry, tick_ns)
        for line in FILED_LINES[each.line]
    }
    is_assumed = any(source.is_assumed for source in registry.sources.values())
    for place in sorted(rows):
        row = rows[place]
        basis = "assumed" if is_assumed or "assumed" in row.bases else "derived"
        price = row.unit_prices.pop() if len(row.unit_prices) == 1 else None
        yield (
            label,
            basis,
            *place,
            row.customers_count,
            row.delivered_qty,
            price,
            *row.money,
            row.run_rate,
            row.backlog * prepaid_ppm(registry, place[0]) // PPM,
            row.backlog,
            row.terminable,
            *row.costs,
            row.money[3] - sum(row.costs),
            *_filed(lines.get(place[1])),
        )


def cost_shares(
    ledger: Ledger, flows: Revenue, *, reporting_segment: str, tick_ns: int
) -> dict[Key, tuple[int, list[int]]]:
    """What each row of a segment earned so far, and its shares of the segment's three costs."""
    rows = _joined(ledger, flows, tick_ns)
    _share_costs(rows, flows)
    of_segment = sorted(key_ for key_ in rows if key_[0] == reporting_segment)
    return {key_: (rows[key_].earned_so_far, rows[key_].costs) for key_ in of_segment}


def prepaid_ppm(registry: Registry, reporting_segment: str) -> int:
    """Of the backlog that is paid in advance, in millionths.

    Advance payments are of launches, and of Connectivity's contracts; the rest pays monthly.
    """
    if reporting_segment not in ("Space", "Connectivity"):
        return 0
    return round(min(max(registry.number("contract.prepaid_fraction"), 0.0), 1.0) * PPM)


def _joined(ledger: Ledger, flows: Revenue, tick_ns: int) -> dict[Key, _Row]:
    rows: dict[Key, _Row] = {}
    books = dict(zip(flows.item_ids, flows.book.tolist(), strict=True))
    modes = ledger.items.columns[:, Column.MODE].tolist()
    each = zip(ledger.items.items, standings(ledger, flows, at_ns=tick_ns), modes, strict=True)
    for item, standing, mode in each:
        row = rows.setdefault((item.reporting_segment, item.line, item.counterparty), _Row())
        is_in_ms = mode in (Mode.SHARE, Mode.ACCELERATOR_H)
        row.join(item, books[item.item_id], standing, is_in_ms=is_in_ms)
    return rows


def _share_costs(rows: dict[Key, _Row], flows: Revenue) -> None:
    """The costs of each segment to its rows; to its first line where it has none."""
    for place, segment in enumerate((*REPORTING_SEGMENTS, ELIMINATIONS)):
        costs = flows.expenses[place, : len(COSTS)].tolist()
        keys = sorted(key_ for key_ in rows if key_[0] == segment)
        if not keys and any(costs):
            line = next(name for name, owner in LINES.items() if owner == segment)
            keys = [(segment, line, payer_of(line))]
            rows[keys[0]] = _Row()
        weights = [rows[key_].earned_so_far for key_ in keys]
        for column in range(len(COSTS)):
            for key_, share in zip(keys, shares_of(costs[column], weights), strict=True):
                rows[key_].costs[column] = share


def shares_of(amount: int, weights: list[int]) -> list[int]:
    """An amount by weight, in whole numbers that sum to it: largest remainder, ties to the first.

    Evenly where no weight is above zero.
    """
    if not weights:
        return []
    if not any(weights):
        weights = [1] * len(weights)
    total = sum(weights)
    found = [amount * weight // total for weight in weights]
    order = sorted(range(len(weights)), key=lambda i: (-(amount * weights[i] % total), i))
    for i in order[: amount - sum(found)]:
        found[i] += 1
    return found


def _filed(line: CalibratedLine | None) -> tuple[Value, ...]:
    if line is None:
        return None, None, None, "", "", ""
    return (
        line.filed_micro_usd,
        line.error_fraction,
        line.check_error_fraction,
        line.line,
        line.period,
        line.mark,
    )


REVENUE = View(
    name="revenue",
    meaning="What each line earns of whom, what it costs, and how a filing compares.",
    key=(
        key("reporting_segment", "Space, Connectivity, AI, or Eliminations."),
        key("line", "Line of revenue; `elimination` takes out what the group sells to itself."),
        key("counterparty", "consumer, enterprise, us-government or group."),
    ),
    columns=(
        whole(
            "customers_count",
            RollUp.LAST,
            "Customers, or contracts that run; 0 for tokens and launches sold without a contract:"
            " nobody tells who buys them.",
        ),
        whole("delivered_qty", RollUp.SUM, "Accelerator-seconds, tokens served, or launches."),
        usd(
            "unit_price_usd",
            RollUp.LAST,
            "Customer-month, accelerator-hour, million output tokens at the list price, or launch;"
            " null where prices mix.",
            is_nullable=True,
        ),
        usd("gross_usd", RollUp.SUM, "Earned in the tick."),
        usd("credits_usd", RollUp.SUM, "Given back for missed service levels."),
        usd("intercompany_usd", RollUp.SUM, "Taken out on consolidation."),
        usd("recognised_usd", RollUp.SUM, "Gross less credits and intercompany."),
        usd("run_rate_usd_per_y", RollUp.LAST, "What it comes to in a year at this tick."),
        usd("deferred_usd", RollUp.LAST, "Paid in advance of the backlog, as assumed."),
        usd("backlog_usd", RollUp.LAST, "Still to be performed of enforceable agreements."),
        usd("terminable_90d_usd_per_y", RollUp.LAST, "Run rate that 90 days' notice may end."),
        usd("operating_cost_usd", RollUp.SUM, "Running cost, as assumed for the segment."),
        usd("energy_cost_usd", RollUp.SUM, "Power of the segment's sites."),
        usd("depreciation_usd", RollUp.SUM, "Capital worn off in the tick."),
        usd("operating_income_usd", RollUp.SUM, "Recognised less the three costs."),
        usd("filed_usd", RollUp.LAST, "Filed line, last closed year.", is_nullable=True),
        real("filed_error_fraction", RollUp.LAST, "Drivers against it.", is_nullable=True),
        real(
            "filed_check_error_fraction",
            RollUp.LAST,
            "The same without any driver derived from the line itself.",
            is_nullable=True,
        ),
        text("filed_line", "The filed line that this one is a part of."),
        text("filed_period", "The closed period."),
        text("filed_driver", "Weakest driver: filed, independent, or derived (proves nothing)."),
    ),
    rows=_rows,
)
