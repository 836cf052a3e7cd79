"""A world as one paced source: step(state) → state and everything it says in that tick.

Pure: no log, no clock. It remembers only what its own last frames and its last seal hold; all else
(orbits, launches, demand, failures, faults) is a function of the seed, the asset and the tick.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from twin.baseline import Baseline
from twin.errors import BadInput
from twin.frames import ROWS_MAX_COUNT, STATUS_NOMINAL
from twin.observations import Sealed
from twin.physics.orbit import CircularOrbits
from twin.simulate.catalogue import Catalogue
from twin.simulate.circumstances import Fate, fate_of
from twin.simulate.constellation import (
    LeftOut,
    Positions,
    Segment,
    Shard,
    catalogued_constellation,
    drawn_constellation,
    on_circles,
)
from twin.simulate.deployments import Arrival, Joined, arrivals, tell_arrival, tell_launches
from twin.simulate.faults import strikes, struck
from twin.simulate.flight import fly, sun_at
from twin.simulate.launch_log import LaunchLog
from twin.simulate.llm_trace import LlmTrace
from twin.simulate.manifest import Manifest, drawn_manifest, logged_manifest
from twin.simulate.missions import brought_before_opening
from twin.simulate.opening import tell_opening
from twin.simulate.outbox import Outbox, Sent, WorldTick
from twin.simulate.plant import ShardState
from twin.simulate.pools import SiteState, idle_site, site_of
from twin.simulate.resume import shard_resumed, site_resumed
from twin.simulate.setting import EPOCH, setting_of
from twin.simulate.supplies import run_site
from twin.simulate.workloads import Workloads

__all__ = ["EPOCH", "Sent", "State", "World", "WorldTick"]


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """A world after ``number`` ticks: last sequences by stream, memories by shard.

    ``joined`` are the shards that launches have brought since the opening, in that order.
    """

    number: int
    last: Mapping[str, int]
    shards: Mapping[str, ShardState]
    sites: Mapping[str, SiteState]
    joined: tuple[Joined, ...] = ()


class World:
    """The plant of one world: ``start`` or ``resume`` it, then ``step``.

    With a catalogue its satellites fly instead of the baseline's shells; otherwise
    ``satellites_count`` asks for about so many, in the baseline's proportions. With a
    ``launch_log`` its launches fly, and with an ``llm_trace`` its requests come, instead of drawn
    ones. What the log brings before the day that the baseline's fleet is of is not there yet.
    Raises BadInput where the interval does not divide an hour into whole milliseconds, where both
    a catalogue and a count are given, or where a count is out of range.
    """

    def __init__(
        self,
        baseline: Baseline,
        *,
        seed: int,
        start_ns: int,
        interval_ns: int,
        catalogue: Catalogue | None = None,
        launch_log: LaunchLog | None = None,
        llm_trace: LlmTrace | None = None,
        has_faults: bool = False,
        has_noise: bool = True,
        satellites_count: int | None = None,
        shard_rows_max_count: int = ROWS_MAX_COUNT,
    ) -> None:
        self._baseline = baseline
        if catalogue is not None and satellites_count is not None:
            raise BadInput(
                f"{satellites_count} satellites and a catalogue of {len(catalogue)}",
                expected="one of them",
                field="satellites_count",
            )
        self._constellation = (
            drawn_constellation(
                baseline,
                start_ns=start_ns,
                has_noise=has_noise,
                satellites_count=satellites_count,
                shard_rows_max_count=shard_rows_max_count,
                to_come=_to_come(baseline, launch_log, start_ns),
            )
            if catalogue is None
            else catalogued_constellation(
                baseline,
                catalogue,
                start_ns=start_ns,
                has_noise=has_noise,
                shard_rows_max_count=shard_rows_max_count,
            )
        )
        self._sites = tuple(site_of(baseline, plan, has_noise=has_noise) for plan in baseline.sites)
        self._setting = setting_of(
            baseline,
            source=f"world-{baseline.world if catalogue is None else 'catalogue'}",
            seed=seed,
            start_ns=start_ns,
            interval_ns=interval_ns,
            strikes=strikes(self.segments) if has_faults else (),
        )
        self._fates = dict(self._drawn_fates())
        self._shard_rows_max_count = shard_rows_max_count
        self._launch_log = launch_log
        self._manifest = self._manifest_of(interval_ns)
        self._workloads = Workloads(
            self._setting,
            self._constellation.segments,
            self._sites,
            has_noise=has_noise,
            llm_trace=llm_trace,
        )

    @property
    def source(self) -> str:
        """The name it speaks under."""
        return self._setting.source

    @property
    def segments(self) -> tuple[str, ...]:
        """The names of all segments: satellites, then sites."""
        return (
            *(segment.plan.segment for segment in self._constellation.segments),
            *(site.plan.segment for site in self._sites),
        )

    @property
    def satellites_count(self) -> int:
        """Satellites that report when the world opens."""
        return sum(segment.asset_id.size for segment in self._constellation.segments)

    @property
    def frame_streams(self) -> tuple[str, ...]:
        """The streams that have one frame every tick from the first on."""
        return tuple(self._fates) + tuple(site.shard for site in self._sites)

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """Catalogued satellites that do not fly any more when the world starts."""
        return self._constellation.left_out

    def start(self) -> State:
        """Before the first tick: batteries and temperatures as assumed, no work waits."""
        shards = {shard.name: self._fresh(segment, shard) for segment, shard in self._shards()}
        return State(0, {}, shards, {site.shard: idle_site(site) for site in self._sites})

    def resume(self, seal: Sealed, frames: Mapping[str, bytes]) -> State:
        """The state after the tick of a seal, from that tick's frames by stream.

        ``BadInput`` where the seal or a frame is not this world's.
        """
        number = self._sealed_number(seal)
        joined = self._joined_until(number)
        shards = [*(shard for _, shard in self._shards()), *(each.shard for each in joined)]
        return State(
            number=number,
            last=dict(seal.last),
            shards={
                shard.name: shard_resumed(frames, shard, tick_ns=seal.tick_ns) for shard in shards
            },
            sites={
                site.shard: site_resumed(frames, site, tick_ns=seal.tick_ns) for site in self._sites
            },
            joined=joined,
        )

    def step(self, state: State) -> tuple[State, WorldTick]:
        """One more tick: the state after it, and everything that is said in it."""
        setting, number = self._setting, state.number + 1
        start_ns, tick_ns = setting.tick_ns(number - 1), setting.tick_ns(number)
        out = Outbox(setting.source, EPOCH, state.last)
        if number == 1:
            tell_opening(
                out,
                setting=setting,
                constellation=self._constellation,
                sites=self._sites,
                services=self._workloads.services,
            )
        self._workloads.tell(out, start_ns=start_ns, tick_ns=tick_ns)
        joined, fresh = self._tell_launches(out, state.joined, number)
        before = {**state.shards, **fresh}
        asked = self._workloads.asked(before, state.sites, joined=state.joined, number=number)
        sun = sun_at(tick_ns)
        shards = {
            shard.name: fly(
                out,
                before[shard.name],
                segment,
                shard,
                fate=fate,
                positions=positions,
                sun=sun,
                asked=asked.of_payload[segment.plan.segment],
                asked_bps=asked.bps[segment.plan.demand],
                setting=setting,
                number=number,
            )
            for segment, shard, fate, positions in self._flown(joined, tick_ns)
        }
        sites = {
            site.shard: run_site(
                out,
                state.sites[site.shard],
                site,
                placed_count=asked.placed_count[site.plan.segment],
                setting=setting,
                number=number,
            )
            for site in self._sites
        }
        self._workloads.tell_demand(out, asked, start_ns=start_ns)
        after = State(number, out.last, shards, sites, joined)
        return after, out.sealed(number, start_ns=start_ns, tick_ns=tick_ns)

    def _fresh(self, segment: Segment, shard: Shard) -> ShardState:
        """A shard of which nothing was reported yet."""
        rows_count, number = shard.asset_id.size, self._baseline.number
        start_wh = number("power.charge-start_fraction") * segment.build.battery_wh
        return ShardState(
            charge_wh=np.full(rows_count, start_wh, dtype=np.float32),
            temperature_k=np.full(rows_count, number("thermal.start_k"), dtype=np.float32),
            status=np.full(rows_count, STATUS_NOMINAL, dtype=np.uint8),
        )

    def _flown(
        self, joined: tuple[Joined, ...], tick_ns: int
    ) -> Iterator[tuple[Segment, Shard, Fate, Positions]]:
        """Every shard in orbit with where its satellites are when a tick ends."""
        for segment, shard, positions in self._constellation.positions_km(tick_ns):
            yield segment, shard, self._fates[shard.name], positions
        for each in joined:
            assert isinstance(each.shard.motion, CircularOrbits)
            yield each.segment, each.shard, each.fate, on_circles(each.shard.motion, tick_ns)

    def _tell_launches(
        self, out: Outbox, joined: tuple[Joined, ...], number: int
    ) -> tuple[tuple[Joined, ...], dict[str, ShardState]]:
        """What launches do in a tick: all shards that have joined, and the states of new ones."""
        tell_launches(out, self._manifest.tick(number), setting=self._setting)
        fresh: dict[str, ShardState] = {}
        for arrival in self._arrivals(self._manifest, number, joined):
            for each in arrival.joined:
                fresh[each.shard.name] = self._fresh(each.segment, each.shard)
            charge_wh = float(fresh[arrival.joined[0].shard.name].charge_wh[0])
            tell_arrival(out, arrival, setting=self._setting, charge_wh=charge_wh)
            joined = (*joined, *arrival.joined)
        return joined, fresh

    def _joined_until(self, number: int) -> tuple[Joined, ...]:
        """All shards that have joined through a tick: as if all of it were one."""
        whole = self._manifest_of(self._setting.interval_ns * number)
        return tuple(each for a in self._arrivals(whole, 1, ()) for each in a.joined)

    def _arrivals(
        self, manifest: Manifest, number: int, before: tuple[Joined, ...]
    ) -> Iterator[Arrival]:
        return arrivals(
            manifest,
            number,
            before,
            constellation=self._constellation,
            setting=self._setting,
            shard_rows_max_count=self._shard_rows_max_count,
        )

    def _manifest_of(self, interval_ns: int) -> Manifest:
        """The launches of the world, in ticks of some length."""
        segments = [segment.plan.segment for segment in self._constellation.segments]
        seed, start_ns = self._setting.seed, self._setting.start_ns
        if self._launch_log is None:
            return drawn_manifest(
                self._baseline,
                seed=seed,
                start_ns=start_ns,
                interval_ns=interval_ns,
                segments=segments,
            )
        return logged_manifest(
            self._baseline,
            self._launch_log,
            seed=seed,
            start_ns=start_ns,
            interval_ns=interval_ns,
            segments=segments,
        )

    def _shards(self) -> Iterator[tuple[Segment, Shard]]:
        for segment in self._constellation.segments:
            for shard in segment.shards:
                yield segment, shard

    def _drawn_fates(self) -> Iterator[tuple[str, Fate]]:
        setting = self._setting
        for segment in self._constellation.segments:
            faults = [
                (strike.fault, struck(setting.seed, strike, segment.asset_id))
                for strike in setting.strikes
                if strike.segment == segment.plan.segment
            ]
            for shard in segment.shards:
                yield (
                    shard.name,
                    fate_of(
                        self._baseline,
                        shard,
                        seed=setting.seed,
                        start_ns=setting.start_ns,
                        faults=faults,
                    ),
                )

    def _sealed_number(self, seal: Sealed) -> int:
        """The number of a sealed tick of this world."""
        setting = self._setting
        number, rest_ns = divmod(seal.tick_ns - setting.start_ns, setting.interval_ns)
        is_mine = (seal.source, seal.epoch) == (self.source, EPOCH)
        if not is_mine or rest_ns or number < 1 or seal.start_ns != setting.tick_ns(number - 1):
            raise BadInput(
                f"a seal of {seal.source}/{seal.epoch} for {seal.start_ns} to {seal.tick_ns} ns",
                expected=f"one of {self.source}/{EPOCH}, {setting.interval_ns} ns long, "
                f"a whole number of ticks after {setting.start_ns} ns",
                remedy="resume with the world, start and interval it began with",
                field="seal",
            )
        return number


def _to_come(
    baseline: Baseline, launch_log: LaunchLog | None, start_ns: int
) -> Mapping[str, int] | None:
    """Satellites by segment that a log's launches bring until the fleet was counted, if any."""
    if launch_log is None:
        return None
    return brought_before_opening(baseline, launch_log, start_ns=start_ns)
