"""How a row of revenue bears the costs of its segment: what they come to, and its share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from api.reckoned.part import Part, Reckoning, part, reckoned
from streams.store.queries import RowDict
from twin.business.items import A
from twin.business.ledger import K
from twin.business.lines import ELIMINATIONS, REPORTING_SEGMENTS
from twin.business.revenue import B, X, worn
from twin.business.terms import YEAR_MS
from twin.fold.earning import AI, home_of
from twin.state import E, Twin
from twin.units import MS_PER_H, NS_PER_MS, NS_PER_S, dollars, instant_text
from twin.views.revenue import COSTS as OF_THE_VIEW
from twin.views.revenue import cost_shares

COSTS: Final = {
    "operating_cost_usd": X.OPERATING,
    "energy_cost_usd": X.ENERGY,
    "depreciation_usd": X.DEPRECIATION,
}
_FORMULA: Final = (
    "segment_usd × earned_so_far_usd / segment_earned_so_far_usd, in whole micro-dollars: those"
    " left over go one by one to the largest remainders among the lines, of equal ones to the"
    " first; evenly where nothing was earned so far"
)
_MW_PER_MEGAWATT: Final = 1_000_000_000


def shared(twin: Twin, column: str, row: RowDict) -> Reckoning:
    """The row's share of a cost of its reporting segment; parts are its lines, and what is paid."""
    label, segment, kind = row["label"], row["reporting_segment"], COSTS[column]
    flows = twin.revenues[label]
    place = (*REPORTING_SEGMENTS, ELIMINATIONS).index(segment)
    shares = cost_shares(
        twin.ledgers[label], flows, reporting_segment=segment, tick_ns=twin.tick_ns
    )
    own = (segment, row["line"], row["counterparty"])
    terms = {
        "segment_usd": dollars(int(flows.expenses[place, kind])),
        "earned_so_far_usd": dollars(shares[own][0]),
        "segment_earned_so_far_usd": dollars(sum(earned for earned, _ in shares.values())),
    }
    lines = (
        part(
            f"line/{','.join(key)}",
            "earned since the beginning",
            {"share_usd": dollars(costs[OF_THE_VIEW.index(kind)])},
            dollars(earned),
        )
        for key, (earned, costs) in shares.items()
    )
    return reckoned(_FORMULA, (*lines, *_paid(twin, label, place, kind)), terms)


def _paid(twin: Twin, label: str, place: int, kind: X) -> Iterator[Part]:
    """What a segment's cost of the tick is the sum of."""
    match kind:
        case X.OPERATING:
            yield from _operating(twin, label, place)
        case X.ENERGY if place == AI:
            yield from _energy(twin, label)
        case X.DEPRECIATION:
            yield from _depreciation(twin, label, place)


def _operating(twin: Twin, label: str, place: int) -> Iterator[Part]:
    """The running cost as assumed, and what the segment bought of others inside the group."""
    tick_ms = (twin.tick_ns - twin.start_ns) // NS_PER_MS
    bought = _bought(twin, label, place)
    total = int(twin.revenues[label].expenses[place, X.OPERATING])
    if label == home_of(twin) and place < len(REPORTING_SEGMENTS):
        per_y = int(twin.market.operating_micro_usd_per_y[place])
        terms = {"usd_per_y": dollars(per_y), "tick_ms": tick_ms, "year_ms": YEAR_MS}
        paid = dollars(total - sum(amount for _, amount in bought))
        yield part("cost/operating", "usd_per_y × tick_ms / year_ms", terms, paid)
    for name, amount in bought:
        yield part(f"cost/{name}", "sold inside the group", {}, dollars(amount))


def _bought(twin: Twin, label: str, place: int) -> list[tuple[str, int]]:
    """What a segment bought of another by item; the elimination takes all of it back."""
    items, book = twin.ledgers[label].items, twin.revenues[label].book
    is_elimination = place == len(REPORTING_SEGMENTS)
    found = []
    for item, buyer, each in zip(items.ids, items.columns[:, A.BUYER].tolist(), book, strict=True):
        if buyer >= 0 and (is_elimination or buyer == place):
            amount = int(each[B.RECOGNISED])
            found.append((item, -amount if is_elimination else amount))
    return found


def _energy(twin: Twin, label: str) -> Iterator[Part]:
    """What each site drew in the tick, at its tariff."""
    fleet, energy = twin.fleets.get(label), twin.energy.get(label)
    if fleet is None or energy is None:
        return
    tick_ms = (twin.tick_ns - twin.start_ns) // NS_PER_MS
    tariffs = twin.market.tariffs[label].tolist()
    for segment, flows, tariff in zip(
        fleet.segments, energy.flows_mw.tolist(), tariffs, strict=True
    ):
        drawn_mw = flows[E.GENERATED] + flows[E.IMPORTED]
        if tariff and drawn_mw:
            drawn_mwh = drawn_mw * tick_ms / MS_PER_H / _MW_PER_MEGAWATT
            terms = {"drawn_mwh": drawn_mwh, "usd_per_mwh": dollars(tariff)}
            yield part(
                f"site/{segment.name}",
                "drawn_mwh × usd_per_mwh",
                terms,
                dollars(round(drawn_mwh * tariff)),
            )


def _depreciation(twin: Twin, label: str, place: int) -> Iterator[Part]:
    """What wore off in the tick of each spending."""
    start_s, end_s = twin.start_ns // NS_PER_S, twin.tick_ns // NS_PER_S
    for number, spent in enumerate(twin.ledgers[label].capital, start=1):
        row = [int(each) for each in spent]
        if row[K.SEGMENT] != place:
            continue
        # A copy: of one type to the kernel, wherever the ledger was read from.
        amount = int(worn(spent.copy(), start_s, end_s))
        if amount:
            from_s, life_s = row[K.FROM_S], row[K.LIFE_S]
            spent_micro_usd = row[K.MICRO_USD_PER_S] * life_s + row[K.REST_MICRO_USD]
            terms = {
                "spent_usd": dollars(spent_micro_usd),
                "life_s": life_s,
                "spent_at": instant_text(from_s * NS_PER_S),
                "worn_s": min(end_s, from_s + life_s) - max(start_s, from_s),
            }
            yield part(f"capital/{number}", "spent_usd × worn_s / life_s", terms, dollars(amount))
