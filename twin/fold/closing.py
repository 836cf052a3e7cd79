"""The closing of a tick's business: who gets what, what that earns, and which promises it keeps.

Orbit and sunlight gave power, power gave capacity; here capacity is shared out by the allocator,
and delivery turns into revenue and into kept or broken promises.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from msgspec.structs import replace

from twin.arrays import IntArray, frozen
from twin.business import clearing, judging, revenue, services
from twin.business.commitments import NEVER_NS, current
from twin.business.items import compute_need
from twin.business.judging import Horizon
from twin.business.market import Market, P
from twin.business.needs import Need
from twin.business.pools import pools_of
from twin.business.services import Work
from twin.business.terms import SPAN_MAX_S
from twin.business.windows import Windows
from twin.fold import earning, placing
from twin.fold.launches import FlownLaunch
from twin.outcomes import Outcome, PromiseOutcome
from twin.regions import ORBIT
from twin.state import Alarms, Twin
from twin.units import PPM

REVISITS_MAX_COUNT_PER_D: Final = 1_000_000


def closed(
    before: Twin, twin: Twin, *, flown: Sequence[tuple[str, FlownLaunch]]
) -> tuple[Twin, list[Outcome]]:
    """The twin with this tick's business; ``before`` is the twin after the tick before.

    ``flown`` are the launches of the tick, each after its label.
    """
    promises = {label: current(each, twin.tick_ns) for label, each in twin.promises.items()}
    if any(promises[label] is not twin.promises[label] for label in promises):
        twin = replace(twin, promises=promises)
    if not (twin.services or twin.promises or twin.ledgers):
        return twin, []
    market = _settled(before.market if _is_standing(before, twin) else _opened(twin), twin)
    outcomes: list[Outcome] = list(placing.placements(before.market, market))
    twin = replace(twin, market=market)
    twin = _worked(twin)
    twin, said, credited = _judged(twin)
    outcomes += said
    return earning.earned(before, twin, flown=flown, credited=credited), outcomes


def with_market(twin: Twin) -> Twin:
    """A twin that was read back, with the market of its last tick: it follows from all the rest."""
    if not (twin.services or twin.promises or twin.ledgers):
        return twin
    return replace(twin, market=_settled(_opened(twin), twin))


def _settled(market: Market, twin: Twin) -> Market:
    asked: dict[int, int] = {}
    for label, each in twin.demand.items():
        asked |= services.asked(each, market.service_places, label=label)
    return clearing.settled(market, fleets=twin.fleets, telemetry=twin.telemetry, asked=asked)


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
    work_rows = [
        row
        for label, ids in work_ids.items()
        for row in market.rows_of(label, map(services.work_need, ids))
    ]
    return replace(
        market,
        promise_rows={
            label: _row(market.rows_of(label, each.need_ids))
            for label, each in twin.promises.items()
        },
        ledger_rows=_ledger_rows(twin, market),
        work_rows=_row(work_rows),
        work_ids=work_ids,
        service_places={
            (need.label, need.service, need.region): place
            for place, need in enumerate(market.needs)
            if need.need_id == services.service_need(need.service, need.region)
        },
        price_micro_usd_per_h=_prices(twin, market),
        tariffs={
            label: earning.tariffs(twin.registry, fleet) for label, fleet in twin.fleets.items()
        },
        operating_micro_usd_per_y=revenue.operating_rates(number),
        horizon_s=(
            _whole(number(f"{place}.horizon_s", usual.service_s), most=SPAN_MAX_S),
            _whole(number(f"{place}.launch-horizon_s", usual.launch_s), most=SPAN_MAX_S),
            _whole(number(f"{place}.calm_s", usual.calm_s), most=SPAN_MAX_S),
        ),
        efficiency_ppm=_whole(number("compute.training_efficiency_fraction", 1.0) * PPM, most=PPM),
    )


def _prices(twin: Twin, market: Market) -> IntArray:
    """What an hour of one accelerator earns for each need; 0 for what is not paid so."""
    prices = [0] * len(market.needs)
    for label, ledger in twin.ledgers.items():
        for contract in ledger.contracts.values():
            place = market.places.get((label, compute_need(contract.contract_id)))
            if place is not None:
                prices[place] = contract.accelerator_h_micro_usd
    return _row(prices)


def _ledger_rows(twin: Twin, market: Market) -> dict[str, IntArray]:
    """The rows of the needs of each ledger; tokens of a service are sold by one of them only.

    That is the ledger of the service's label, or the first that has a price for them.
    """
    found = {label: market.rows_of(label, each.need_ids) for label, each in twin.ledgers.items()}
    sold = {row for rows in found.values() for row in rows}
    others = {
        need.need_id: place
        for place, need in reversed(list(enumerate(market.needs)))
        if place not in sold and need.need_id == services.service_need(need.service, "")
    }
    for label in sorted(found):
        names = twin.ledgers[label].need_ids
        found[label] = [
            others.pop(name, -1) if row < 0 else row
            for name, row in zip(names, found[label], strict=True)
        ]
    return {label: _row(rows) for label, rows in found.items()}


def _needs(twin: Twin, regions: tuple[str, ...]) -> Iterator[Need]:
    for label, offered in twin.services.items():
        for need in services.needs(offered, regions):
            yield replace(need, label=label)
    for label, promises in twin.promises.items():
        for need in promises.needs(twin.tick_ns, _serving(twin, label)):
            yield replace(need, label=label)
    for label, ledger in twin.ledgers.items():
        serving = _serving(twin, label)
        for need in ledger.needs(twin.tick_ns):
            yield replace(need, label=label, segments=serving.get(need.service, ()))


def _serving(twin: Twin, label: str) -> dict[str, tuple[str, ...]]:
    """The segments of each service: of the label's own where several are so called."""
    ordered = sorted(twin.services, key=lambda other: (other == label, other))
    return {
        name: offered.segments
        for other in ordered
        for name, offered in twin.services[other].offered.items()
    }


def _row(places: list[int]) -> IntArray:
    return frozen(np.array(places, dtype=np.int64))


def _worked(twin: Twin) -> Twin:
    market, first = twin.market, 0
    if not market.work_ids:
        return twin
    # All workloads at once: their rows stand in the order of labels and ids.
    full = market.granted_qty[market.work_rows] @ market.pool_columns[:, int(P.TFLOP_PER_S)]
    speeds: list[int] = full.tolist()
    work = dict(twin.work)
    for label, ids in market.work_ids.items():
        work[label] = services.worked(
            twin.work.get(label, Work()),
            twin.services[label],
            ids=ids,
            tflop_per_s=speeds[first : first + len(ids)],
            efficiency_ppm=market.efficiency_ppm,
            interval_ms=twin.interval_ms,
        )
        first += len(ids)
    return replace(twin, work=work)


def _judged(twin: Twin) -> tuple[Twin, list[Outcome], list[earning.Credit]]:
    outcomes: list[Outcome] = []
    windows, alarms = dict(twin.windows), dict(twin.alarms)
    credited: list[earning.Credit] = []
    flown, horizon = _flown_for(twin), Horizon(*twin.market.horizon_s)
    for label, promises in twin.promises.items():
        granted, wanted, used, reach = clearing.given(twin.market, twin.market.promise_rows[label])
        windows[label], changes, given_back = judging.judged(
            promises,
            twin.windows.get(label, Windows()),
            granted_qty=granted,
            wanted_qty=wanted,
            used_qty=used,
            launches_flown_by_commitment=flown[label],
            available_qty=reach,
            displaced_micro_usd=clearing.displaced_micro_usd(
                twin.market, twin.market.promise_rows[label], twin.interval_ms
            ),
            horizon=horizon,
            start_ns=twin.start_ns,
            tick_ns=twin.tick_ns,
        )
        credited += [(label, contract_id, each) for contract_id, each in given_back.items()]
        if changes:
            alarms[label], raised = judging.alarmed(
                alarms.get(label, Alarms()), changes, tick_ns=twin.tick_ns, label=label
            )
            outcomes += raised
            outcomes += [PromiseOutcome(each.change, label) for each in changes]
    return replace(twin, windows=windows, alarms=alarms), outcomes, credited


def _flown_for(twin: Twin) -> dict[str, dict[str, int]]:
    """Launches that reached orbit for each commitment of a label, since the beginning.

    They count for the label they flew in, or for the first of the others that promised so.
    """
    found: dict[str, dict[str, int]] = {label: {} for label in sorted(twin.promises)}
    for label, book in twin.launches.items():
        for name, count in book.kept_count.items():
            promising = [each for each in (label, *found) if _promises(twin, each, name)]
            for each in promising[:1]:
                found[each][name] = found[each].get(name, 0) + count
    return found


def _promises(twin: Twin, label: str, commitment_id: str) -> bool:
    promises = twin.promises.get(label)
    return promises is not None and commitment_id in promises.ids


def _whole(number: float, *, most: int) -> int:
    """An assumed number as the arrays can hold it."""
    return round(min(max(number, 0.0), most))
