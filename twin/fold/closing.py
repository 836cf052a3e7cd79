"""The closing of a tick's business: who gets what, what that earns, and which promises it keeps.

Orbit and sunlight gave power, power gave capacity; here capacity is shared out by the allocator,
and delivery turns into revenue and into kept or broken promises.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np
from msgspec.structs import replace

from twin.arrays import IntArray, frozen
from twin.business import clearing, judging, revenue, services
from twin.business.commitments import NEVER_NS, current
from twin.business.judging import Horizon
from twin.business.ledger import Ledger
from twin.business.lines import REPORTING_SEGMENTS
from twin.business.market import Market, P
from twin.business.needs import Need
from twin.business.pools import pools_of
from twin.business.revenue import TOKENS_MAX_COUNT, Lump, Revenue
from twin.business.services import Work
from twin.business.terms import SPAN_MAX_S
from twin.business.windows import Windows
from twin.events import WorkloadAllocated
from twin.fold.launches import FlownLaunch
from twin.labels import PUBLIC
from twin.outcomes import Outcome, PromiseOutcome, WorkOutcome
from twin.physics.kernel import kernel
from twin.regions import ORBIT
from twin.state import Alarms, Bill, E, Fleet, Registry, Twin
from twin.units import KWH_PER_MWH, MICRO_PER_USD, PPM

AI: Final = REPORTING_SEGMENTS.index("AI")
MWH_PER_MEGAWATT_HOUR: Final = 1_000_000_000
"""Milliwatt-hours, in which energy is booked."""

REVISITS_MAX_COUNT_PER_D: Final = 1_000_000
TARIFF_MAX_MICRO_USD: Final = 10_000 * MICRO_PER_USD
"""Of a megawatt-hour."""

MILLIS_PER_KWH: Final = 1_000_000
_GENERATED, _IMPORTED = int(E.GENERATED), int(E.IMPORTED)


def closed(
    before: Twin, twin: Twin, *, flown: tuple[FlownLaunch, ...]
) -> tuple[Twin, list[Outcome]]:
    """The twin with this tick's business; ``before`` is the twin after the tick before."""
    promises = {label: current(each, twin.tick_ns) for label, each in twin.promises.items()}
    if any(promises[label] is not twin.promises[label] for label in promises):
        twin = replace(twin, promises=promises)
    if not (twin.services or twin.promises or twin.ledgers):
        return twin, []
    market = before.market if _is_standing(before, twin) else _opened(twin)
    asked: dict[int, int] = {}
    for each in twin.demand.values():
        asked |= services.asked(each, market.service_places)
    market = clearing.settled(market, fleets=twin.fleets, telemetry=twin.telemetry, asked=asked)
    outcomes: list[Outcome] = list(_placements(before.market, market))
    twin = replace(twin, market=market)
    twin = _worked(twin)
    twin, said, given_back = _judged(twin)
    outcomes += said
    return _earned(before, twin, flown=flown, given_back=given_back), outcomes


def _is_standing(before: Twin, twin: Twin) -> bool:
    """Whether pools and needs are those of the tick before."""
    is_same = (
        before.fleets is twin.fleets
        and before.services is twin.services
        and before.promises is twin.promises
        and before.ledgers is twin.ledgers
        and before.registry.assumptions is twin.registry.assumptions
    )
    regions = _regions(twin)
    return (
        is_same
        and before.market.regions == regions
        and twin.tick_ns <= before.market.next_change_ns
    )


def _regions(twin: Twin) -> tuple[str, ...]:
    return max((each.regions for each in twin.telemetry.values()), key=len, default=(ORBIT,))


def _opened(twin: Twin) -> Market:
    regions = _regions(twin)
    sensors = frozenset(
        segment
        for each in twin.promises.values()
        for promise in each.items
        if promise.terms.commitment_kind == "sensing"
        for segment in promise.terms.location_limit
    )
    revisits = _whole(
        twin.registry.number("sensing.satellite-revisits_count_per_d"),
        most=REVISITS_MAX_COUNT_PER_D,
    )
    pools = tuple(
        pool
        for label in twin.labels
        for pool in pools_of(
            label,
            twin.fleets[label].segments,
            regions,
            sensors=sensors,
            revisits_count_per_d=revisits,
        )
    )
    accredited: dict[tuple[str, str], frozenset[str]] = {}
    for each in twin.promises.values():
        for entry, sites in each.accredited.items():
            accredited[entry] = accredited.get(entry, frozenset()) | sites
    changes = [each.next_change_ns for each in twin.promises.values()]
    changes += [each.next_change_ns(twin.tick_ns) or NEVER_NS for each in twin.ledgers.values()]
    market = clearing.opened(
        pools,
        _needs(twin, regions),
        regions=regions,
        accredited=accredited,
        next_change_ns=min(changes, default=NEVER_NS),
    )
    return _prepared(twin, market)


def _prepared(twin: Twin, market: Market) -> Market:
    """The market with whatever else stays the same until a fact changes."""
    number = twin.registry.number
    place, usual = "service-level.at-risk", judging.HORIZON
    work_ids = {
        label: tuple(sorted(each.workloads))
        for label, each in twin.services.items()
        if each.workloads
    }
    return replace(
        market,
        promise_rows={k: market.rows_of(each.need_ids) for k, each in twin.promises.items()},
        ledger_rows={k: market.rows_of(each.need_ids) for k, each in twin.ledgers.items()},
        work_rows=market.rows_of(
            services.work_need(name) for ids in work_ids.values() for name in ids
        ),
        work_ids=work_ids,
        service_places={
            (need.service, need.region): place
            for place, need in enumerate(market.needs)
            if need.need_id == services.service_need(need.service, need.region)
        },
        tariffs={label: _tariffs(twin.registry, fleet) for label, fleet in twin.fleets.items()},
        operating_micro_usd_per_y=revenue.operating_rates(number),
        horizon_s=(
            _whole(number(f"{place}.horizon_s", usual.service_s), most=SPAN_MAX_S),
            _whole(number(f"{place}.launch-horizon_s", usual.launch_s), most=SPAN_MAX_S),
            _whole(number(f"{place}.calm_s", usual.calm_s), most=SPAN_MAX_S),
        ),
        efficiency_ppm=_whole(number("compute.training_efficiency_fraction", 1.0) * PPM, most=PPM),
    )


def _tariffs(registry: Registry, fleet: Fleet) -> IntArray:
    """What each site pays for a megawatt-hour; 0 in orbit."""
    prices = [
        _price_micro_usd_per_mwh(registry, each.name) if each.site is not None else 0
        for each in fleet.segments
    ]
    return frozen(np.array(prices, dtype=np.int64))


def _needs(twin: Twin, regions: tuple[str, ...]) -> Iterator[Need]:
    serving = {
        name: offered.segments
        for each in twin.services.values()
        for name, offered in each.offered.items()
    }
    for offered in twin.services.values():
        yield from services.needs(offered, regions)
    for promises in twin.promises.values():
        yield from promises.needs(twin.tick_ns, serving)
    for ledger in twin.ledgers.values():
        for need in ledger.needs(twin.tick_ns):
            yield replace(need, segments=serving.get(need.service, ()))


def _placements(before: Market, market: Market) -> Iterator[WorkOutcome]:
    """Work that now runs elsewhere, or was displaced or let back in."""
    if before.places is not market.places:
        return
    for row in clearing.placements_changed(before, market):
        yield from _placed(market, row, market.needs[row])


def _placed(market: Market, row: int, need: Need) -> Iterator[WorkOutcome]:
    granted = market.granted_qty[row]
    displaced = int(market.wanted_qty[row] - granted.sum())
    by = _displacer(market, row) if displaced else ""
    pools = [int(p) for p in np.flatnonzero(granted)] or [
        int(p) for p in np.flatnonzero(market.allowed[row])[:1]
    ]
    for place in pools:
        yield WorkOutcome(
            WorkloadAllocated(
                workload_id=need.need_id.split("/", 1)[1],
                pool_id=market.pools[place].segment,
                accelerators_count=int(granted[place]),
                displaced_count=displaced,
                by_commitment_id=by,
            ),
            label=market.pools[place].label,
        )


def _displacer(market: Market, row: int) -> str:
    """The commitment that holds most of what a need may use, if any."""
    may = market.allowed[row] > 0
    held = market.granted_qty[:, may].sum(axis=1) * market.is_reserved
    best = int(np.argmax(held)) if held.size else 0
    return market.needs[best].need_id.split("/")[1] if held.size and held[best] else ""


def _worked(twin: Twin) -> Twin:
    market, first = twin.market, 0
    if not market.work_ids:
        return twin
    # All workloads at once: their rows stand in the order of labels and ids.
    full = market.granted_qty[market.work_rows] @ market.pool_columns[:, int(P.TFLOP_PER_S)]
    speeds: list[int] = full.tolist()
    work, left = dict(twin.work), dict(twin.services)
    for label, ids in market.work_ids.items():
        offered = twin.services[label]
        work[label], done = services.worked(
            twin.work.get(label, Work()),
            offered,
            ids=ids,
            tflop_per_s=speeds[first : first + len(ids)],
            efficiency_ppm=market.efficiency_ppm,
            interval_ms=twin.interval_ms,
        )
        first += len(ids)
        if done:
            left[label] = services.finished(offered, done)
    if left == twin.services:
        return replace(twin, work=work)
    # What is done wants nothing more: the next tick opens another market.
    return replace(twin, work=work, services=left, market=replace(market, next_change_ns=0))


def _judged(twin: Twin) -> tuple[Twin, list[Outcome], dict[str, dict[str, int]]]:
    outcomes: list[Outcome] = []
    windows, alarms = dict(twin.windows), dict(twin.alarms)
    credited: dict[str, dict[str, int]] = {}
    flown, horizon = _flown_for(twin), Horizon(*twin.market.horizon_s)
    for label, promises in twin.promises.items():
        granted, wanted, used, reach = clearing.given(twin.market, twin.market.promise_rows[label])
        windows[label], changes, given_back = judging.judged(
            promises,
            twin.windows.get(label, Windows()),
            granted_qty=granted,
            wanted_qty=wanted,
            used_qty=used,
            launches_flown_by_commitment=flown,
            available_qty=reach,
            horizon=horizon,
            start_ns=twin.start_ns,
            tick_ns=twin.tick_ns,
        )
        credited[label] = dict(given_back)
        if changes:
            alarms[label], raised = judging.alarmed(
                alarms.get(label, Alarms()), changes, tick_ns=twin.tick_ns, label=label
            )
            outcomes += raised
            outcomes += [PromiseOutcome(each.change, label) for each in changes]
    return replace(twin, windows=windows, alarms=alarms), outcomes, credited


def _flown_for(twin: Twin) -> Mapping[str, int]:
    """Launches that reached orbit for a commitment, since the beginning."""
    found: dict[str, int] = {}
    for book in twin.launches.values():
        for name, count in book.kept_count.items():
            found[name] = found.get(name, 0) + count
    return found


def _earned(
    before: Twin,
    twin: Twin,
    *,
    flown: tuple[FlownLaunch, ...],
    given_back: Mapping[str, Mapping[str, int]],
) -> Twin:
    revenues, bills = dict(twin.revenues), dict(twin.bills)
    for label, ledger in twin.ledgers.items():
        rows = twin.market.ledger_rows[label]
        granted, _, used, _ = clearing.given(twin.market, rows)
        bill = np.zeros(len(REPORTING_SEGMENTS), dtype=np.int64)
        if label in twin.fleets:
            bills[label], bill[AI] = _billed(before, twin, label)
        revenues[label] = revenue.accrued(
            ledger,
            twin.revenues.get(label, Revenue()),
            delivered_qty=granted,
            tokens=_tokens(twin, ledger, rows, used),
            lumps=_lumps(label, flown, given_back.get(label, {})),
            energy_micro_usd=bill,
            operating_micro_usd_per_y=twin.market.operating_micro_usd_per_y,
            start_ns=twin.start_ns,
            tick_ns=twin.tick_ns,
        )
    return replace(twin, revenues=revenues, bills=bills)


def _lumps(
    label: str, flown: tuple[FlownLaunch, ...], given_back: Mapping[str, int]
) -> tuple[Lump, ...]:
    launches = tuple(
        Lump("launch", each.planned.customer, each.planned.price_micro_usd)
        for each in flown
        if label == PUBLIC and not each.planned.is_internal
    )
    return (
        *launches,
        *(Lump("credit", name, amount) for name, amount in sorted(given_back.items())),
    )


def _tokens(twin: Twin, ledger: Ledger, rows: IntArray, used: IntArray) -> IntArray:
    """Tokens served of those asked for, in proportion to what their service was given to use."""
    asked: dict[str, tuple[int, int]] = {}
    for demand in twin.demand.values():
        for row in demand.rows:
            if row.input_tok or row.output_tok:
                into, out_of = asked.get(row.service, (0, 0))
                asked[row.service] = (into + row.input_tok, out_of + row.output_tok)
    tokens = np.zeros((len(ledger.need_ids), 2), dtype=np.int64)
    for service, counts in asked.items():
        name = services.service_need(service, "")
        if name in ledger.need_ids:
            place = ledger.need_ids.index(name)
            share = int(used[place]), max(1, int(twin.market.asked_qty[rows[place]]))
            tokens[place] = [
                min(TOKENS_MAX_COUNT, count * share[0] // share[1]) for count in counts
            ]
    return tokens


def _billed(before: Twin, twin: Twin, label: str) -> tuple[Bill, int]:
    """The energy bill of the tick in micro-dollars: what sites drew, at their price."""
    was, book = before.energy.get(label), twin.energy[label]
    prices = twin.market.tariffs[label]
    carry = twin.bills.get(label, Bill()).carry
    carry = carry.copy() if carry.size == prices.size else np.zeros(prices.size, np.int64)
    if was is None or was.total_mwh.shape != book.total_mwh.shape:
        return Bill(frozen(carry)), 0
    total = _bill(carry, was.total_mwh, book.total_mwh, prices)
    return Bill(frozen(carry)), total


@kernel
def _bill(carry: IntArray, before_mwh: IntArray, after_mwh: IntArray, prices: IntArray) -> int:
    total = 0
    for row in range(prices.size):
        drawn = after_mwh[row, _GENERATED] - before_mwh[row, _GENERATED]
        drawn += after_mwh[row, _IMPORTED] - before_mwh[row, _IMPORTED]
        # Whole kilowatt-hours apart, so that no product leaves 64 bits.
        whole = drawn // MILLIS_PER_KWH
        rest = drawn - whole * MILLIS_PER_KWH
        exact = rest * prices[row] + carry[row]
        per_kwh = prices[row] // KWH_PER_MWH
        exact += whole * (prices[row] - per_kwh * KWH_PER_MWH) * MILLIS_PER_KWH
        total += whole * per_kwh + exact // MWH_PER_MEGAWATT_HOUR
        carry[row] = exact % MWH_PER_MEGAWATT_HOUR
    return total


def _price_micro_usd_per_mwh(registry: Registry, segment: str) -> int:
    """What a site pays: for electricity, or for the gas it burns."""
    place = f"site.{segment}"
    price = registry.number(f"{place}.electricity_usd_per_mwh")
    if not price:
        heat = registry.number(f"{place}.heat_rate_btu_per_kwh") / 1_000
        price = heat * registry.number(f"{place}.gas_price_usd_per_mmbtu")
    return _whole(price * MICRO_PER_USD, most=TARIFF_MAX_MICRO_USD)


def _whole(number: float, *, most: int) -> int:
    """An assumed number as the arrays can hold it."""
    return round(min(max(number, 0.0), most))
