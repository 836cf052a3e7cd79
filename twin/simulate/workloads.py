"""Demand and work of a world, tick by tick: what is asked, where it is placed, what is said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from msgspec import structs

from twin.arrays import IntArray
from twin.events import DemandObserved, DemandRow
from twin.frames import STATUS_NOMINAL
from twin.simulate.constellation import Segment
from twin.simulate.demand import Asked, asked_at
from twin.simulate.deployments import Joined
from twin.simulate.dispatch import Dispatcher, book_of
from twin.simulate.history import History
from twin.simulate.llm_trace import LlmTrace
from twin.simulate.outbox import Outbox
from twin.simulate.plant import ShardState
from twin.simulate.pools import Site, SiteState, able_count
from twin.simulate.services import (
    GROK,
    GROK_GOV,
    RADIO,
    inference_of,
    inference_row,
    offered_services,
    radio_rows,
)
from twin.simulate.setting import Setting
from twin.simulate.supplies import available_w
from twin.simulate.training import TRAINING, training_lines


@dataclass(frozen=True, slots=True, eq=False)
class TickDemand:
    """What is asked in a tick.

    ``of_payload`` is what each segment's payload is asked; ``bps``, by demand profile and region,
    fills up as the satellites fly; ``placed_count`` are accelerators with work, by segment.
    """

    of_payload: Mapping[str, Asked]
    bps: Mapping[str, IntArray]
    placed_count: Mapping[str, int]
    inference: tuple[DemandRow, ...]


class Workloads:
    """Everything about the demand of one world that does not change while it runs."""

    def __init__(
        self,
        setting: Setting,
        segments: tuple[Segment, ...],
        sites: tuple[Site, ...],
        *,
        has_noise: bool,
        llm_trace: LlmTrace | None,
    ) -> None:
        # Of a catalogue not every segment need fly, and what does not is neither sold nor promised.
        plans = tuple(segment.plan for segment in segments)
        baseline = structs.replace(setting.baseline, satellite_segments=plans)
        self._setting, self._segments, self._sites = setting, segments, sites
        self._computing = tuple(each for each in segments if each.built.accelerators_count)
        places = frozenset(plan.segment for plan in plans)
        places |= {site.segment for site in baseline.sites}
        self.services = offered_services(baseline)
        offered = {each.fact.service: each for each in self.services}
        self._labels = {name: each.label for name, each in offered.items()}
        self._inference = tuple(
            inference_of(
                baseline, name, has_noise=has_noise, trace=llm_trace if name == GROK else None
            )
            for name in (GROK, GROK_GOV)
            if name in offered
        )
        self._lines = (
            training_lines(baseline, places, seed=setting.seed, start_ns=setting.start_ns)
            if TRAINING in offered
            else ()
        )
        self._history = History(baseline, offered.keys(), start_ns=setting.start_ns)
        book = book_of(
            (each.body for each in self._history.opening),
            (each.fact for each in self.services),
            places,
        )
        computing = [segment.plan.segment for segment in self._computing]
        computing += [site.plan.segment for site in sites]
        self._dispatcher = Dispatcher(baseline, book, computing)

    def tell(self, out: Outbox, *, start_ns: int, tick_ns: int) -> None:
        """What was sold, promised, bought and submitted in the tick [start, tick)."""
        story = f"{self._setting.source}/opening" if start_ns == self._setting.start_ns else ""
        self._history.tell(out, start_ns=start_ns, tick_ns=tick_ns, story=story)
        for line in self._lines:
            for run, at_ns in line.submitted(start_ns, tick_ns):
                story = f"{self._setting.source}/training/{run.workload_id}"
                out.tell(run, effective_ns=at_ns, label=self._labels[TRAINING], story=story)

    def asked(
        self,
        shards: Mapping[str, ShardState],
        sites: Mapping[str, SiteState],
        *,
        joined: Iterable[Joined],
        number: int,
    ) -> TickDemand:
        """What is asked in a tick, and where work is placed by what could work after the last."""
        setting = self._setting
        tick_ns = setting.tick_ns(number)
        inference = tuple(
            inference_row(
                its,
                seed=setting.seed,
                number=number,
                tick_ns=tick_ns,
                interval_ns=setting.interval_ns,
            )
            for its in self._inference
        )
        able = self._able_in_orbit(shards, joined) | {
            site.plan.segment: able_count(
                sites[site.shard], site, available_w=available_w(site, setting, number - 1)
            )
            for site in self._sites
        }
        running = tuple(line.running(tick_ns) for line in self._lines)
        placed = self._dispatcher.placed(able, inference, running, tick_ns=tick_ns)
        profiles = {segment.plan.demand for segment in self._segments}
        by_profile = {
            name: asked_at(setting.baseline.demand_profiles[name], tick_ns)
            for name in sorted(profiles)
        }
        of_payload = {
            segment.plan.segment: by_profile[segment.plan.demand] for segment in self._segments
        }
        for segment in self._computing:
            name = segment.plan.segment
            share = placed[name] / able[name] if able[name] else 0.0
            of_payload[name] = Asked(False, share, 0.0, 0.0, 0.0)
        regions_count = len(setting.grid.names)
        bps = {name: np.zeros(regions_count, dtype=np.int64) for name in by_profile}
        return TickDemand(of_payload, bps, placed, inference)

    def tell_demand(self, out: Outbox, asked: TickDemand, *, start_ns: int) -> None:
        """What users asked for in the tick, label by label."""
        by_service = {
            RADIO[profile]: by_region
            for profile, by_region in asked.bps.items()
            if profile in RADIO
        }
        rows = [*radio_rows(by_service, self._setting.grid.names), *asked.inference]
        for label in sorted({self._labels[row.service] for row in rows}):
            mine = tuple(row for row in rows if self._labels[row.service] == label)
            out.tell(DemandObserved(mine), effective_ns=start_ns, label=label)

    def _able_in_orbit(
        self, shards: Mapping[str, ShardState], joined: Iterable[Joined]
    ) -> dict[str, int]:
        """Accelerators aboard of satellites that were up, cool and charged, by segment."""
        extra = [(each.segment.plan.segment, each.shard.name) for each in joined]
        found = {}
        for segment in self._computing:
            name = segment.plan.segment
            names = [shard.name for shard in segment.shards]
            names += [shard for owner, shard in extra if owner == name]
            count = sum(_able_count(shards[shard], segment) for shard in names)
            found[name] = count * segment.built.accelerators_count
        return found


def _able_count(state: ShardState, segment: Segment) -> int:
    """Satellites of a shard that could work, by the limits an observer knows."""
    build = segment.build
    able = (
        (state.status == STATUS_NOMINAL)
        & (state.temperature_k <= build.temperature_max_k)
        & (state.charge_wh >= build.reserve_fraction * build.battery_wh)
    )
    return int(np.count_nonzero(able))
