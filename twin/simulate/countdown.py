"""From launches to what is said of them: one event after the other, in order of time.

A launch waits for its pad, for a booster, and while its rocket is grounded; each wait moves it on
the manifest. A failure grounds the rocket.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Final

from twin.baseline import Baseline
from twin.events import (
    KINDS,
    Body,
    BoosterRecovered,
    CapitalSpent,
    LaunchFlown,
    LaunchScheduled,
    VehicleStatusChanged,
)
from twin.fields import Usd
from twin.labels import PUBLIC
from twin.simulate.boosters import BoosterPool, DrawnBooster
from twin.simulate.launch import Launch, Load, Outcome
from twin.simulate.launch_numbers import LaunchNumbers, launch_numbers
from twin.simulate.luck import uniform
from twin.simulate.missions import luck_of
from twin.simulate.purposes import Purpose
from twin.simulate.reflights import NEVER_NS, Reflights
from twin.units import NS_PER_S, instant_text
from twin.vehicles import carrier_of

_MINUTE_NS: Final = 60 * NS_PER_S
_STREAM: Final = "launches"


@dataclass(frozen=True, slots=True)
class Told:
    """An event to tell. ``sequence`` is its place in the stream ``launches``, from 1 on, 0 for one
    of another topic; ``because_sequence`` that of its cause, 0 for none.
    """

    body: Body
    effective_ns: int
    launch_id: str
    sequence: int
    because_sequence: int
    label: str = PUBLIC

    @property
    def is_liftoff(self) -> bool:
        """Whether it says that a launch flew."""
        return isinstance(self.body, LaunchFlown)


@dataclass(frozen=True, slots=True)
class Deployed:
    """Satellites of one segment left their rocket."""

    segment: str
    satellites_count: int
    launch_id: str
    effective_ns: int
    because_sequence: int


class Step(IntEnum):
    """What comes next for a launch."""

    SLIP = 0
    LIFTOFF = 1
    RECOVERY = 2
    GROUNDING = 3
    DEPLOYMENT = 4


@dataclass(frozen=True, slots=True)
class _Run:
    """A launch on its way: the sequences of its LaunchScheduled and LaunchFlown, and its flight."""

    launch: Launch
    scheduled_sequence: int = 0
    flown_sequence: int = 0
    liftoff_ns: int = 0
    outcome: Outcome = "success"
    booster_id: str = ""
    flight_count: int = 0
    is_landed: bool = False
    ready_ns: int = 0


def countdown_of(
    baseline: Baseline,
    launches: Iterator[Launch],
    *,
    seed: int,
    start_ns: int,
    flown: Iterable[Launch] = (),
) -> Countdown:
    """The countdown of launches in order of date; ``flown`` are those of a real log, if any.

    It opens with the boosters there are: those of the log, or where it names none, of the world.
    """
    numbers = launch_numbers(baseline)
    limit_count = round(baseline.number("launch.falcon9.booster-government-limit_count"))
    pools = {
        rocket: BoosterPool(rocket, its, government_limit_count=limit_count)
        for rocket, its in numbers.rockets.items()
    }
    opening_ns = start_ns + round(baseline.number("launch.opening-net_s")) * NS_PER_S + _MINUTE_NS
    reflights = Reflights(flown)
    drawn = [booster for pool in pools.values() for booster in pool.boosters]
    countdown = Countdown(
        launches, numbers, pools, seed, start_ns, reflights, punctual_until_ns=opening_ns
    )
    countdown.open(reflights.boosters_at(start_ns) if reflights.has_boosters else drawn)
    return countdown


class Countdown:
    """Launches unfolding in time; ``until`` may only ever be asked for later instants."""

    def __init__(
        self,
        launches: Iterator[Launch],
        numbers: LaunchNumbers,
        pools: dict[str, BoosterPool],
        seed: int,
        start_ns: int,
        reflights: Reflights,
        *,
        punctual_until_ns: int,
    ) -> None:
        self._launches, self._numbers, self._pools = launches, numbers, pools
        self._seed, self._start_ns, self._reflights = seed, start_ns, reflights
        self._punctual_until_ns = punctual_until_ns
        self._waiting: Launch | None = next(launches, None)
        self._steps: list[tuple[int, int, Step, _Run]] = []
        self._turns_count = 0
        self._sequence = 0
        self._said: list[Told | Deployed] = []
        self._pad_free_ns: dict[str, int] = {}
        self._grounded_ns: dict[str, tuple[int, int]] = {}

    def open(self, boosters: Iterable[DrawnBooster]) -> None:
        """Say, at the start, which boosters there are."""
        for booster in boosters:
            fact = BoosterRecovered(
                booster_id=booster.booster_id,
                is_landed=True,
                flights_count=booster.flights_count,
                ready_at=instant_text(max(booster.ready_ns, self._start_ns)),
                vehicle=booster.rocket,
            )
            self._tell(fact, self._start_ns, "", because=0)

    @property
    def next_ns(self) -> int:
        """When something happens next; ``NEVER_NS`` after the last launch of a log."""
        if self._said:
            return self._start_ns
        return min(self._announced_ns(), self._stepping_ns())

    def until(self, instant_ns: int) -> tuple[Told | Deployed, ...]:
        """Everything up to but not at an instant that was not asked for before, in order."""
        while (next_ns := min(self._announced_ns(), self._stepping_ns())) < instant_ns:
            if self._waiting is not None and self._announced_ns() == next_ns:
                self._announce(self._waiting)
                self._waiting = next(self._launches, None)
            else:
                at_ns, _, step, run = heapq.heappop(self._steps)
                _STEPS[step](self, at_ns, run)
        said, self._said = tuple(self._said), []
        return said

    def _stepping_ns(self) -> int:
        return self._steps[0][0] if self._steps else NEVER_NS

    def _announced_ns(self) -> int:
        if self._waiting is None:
            return NEVER_NS
        return max(self._start_ns, self._waiting.net_ns - self._numbers.lead_ns)

    def _announce(self, launch: Launch) -> None:
        run = self._scheduled(_Run(launch), self._announced_ns(), net_ns=launch.net_ns)
        slip_ns = self._slip_ns(launch)
        if slip_ns:
            self._push(launch.net_ns, Step.SLIP, run)
        else:
            self._push(launch.net_ns, Step.LIFTOFF, run)

    def _slip(self, at_ns: int, run: _Run) -> None:
        self._move(at_ns, run, at_ns + self._slip_ns(run.launch))

    def _move(self, at_ns: int, run: _Run, net_ns: int) -> None:
        net_ns = -(-net_ns // _MINUTE_NS) * _MINUTE_NS
        self._push(net_ns, Step.LIFTOFF, self._scheduled(run, at_ns, net_ns=net_ns))

    def _liftoff(self, at_ns: int, run: _Run) -> None:
        launch, rocket = run.launch, carrier_of(run.launch.vehicle)
        if launch.outcome is not None:
            self._fly(at_ns, self._as_logged(at_ns, run))
            return
        may_ns = max(
            self._back_in_service_ns(at_ns, launch),
            self._pad_free_ns.get(launch.site, 0),
            self._pools[rocket].next_ready_ns(at_ns, has_limit=launch.has_flight_limit),
        )
        if may_ns > at_ns:
            self._move(at_ns, run, may_ns)
        else:
            self._fly(at_ns, self._as_drawn(at_ns, run))

    def _back_in_service_ns(self, at_ns: int, launch: Launch) -> int:
        """When a launch may fly that finds its rocket grounded: not all on the first day."""
        rocket = carrier_of(launch.vehicle)
        from_ns, until_ns = self._grounded_ns.get(rocket, (0, 0))
        if not from_ns <= at_ns < until_ns:
            return 0
        turn = uniform(luck_of(self._seed, Purpose.LAUNCH, launch.launch_id)[3])
        return until_ns + round(turn * self._numbers.rockets[rocket].pad_turnaround_ns)

    def _as_drawn(self, at_ns: int, run: _Run) -> _Run:
        launch, rocket = run.launch, carrier_of(run.launch.vehicle)
        its = self._numbers.rockets[rocket]
        words = luck_of(self._seed, Purpose.LAUNCH, launch.launch_id)
        is_caught = uniform(words[2]) < its.landing_fraction
        booster = self._pools[rocket].fly(
            at_ns, has_limit=launch.has_flight_limit, is_landed=is_caught
        )
        return replace(
            run,
            liftoff_ns=at_ns,
            outcome="success" if uniform(words[1]) < its.success_fraction else "failure",
            booster_id=booster.booster_id,
            flight_count=booster.flights_count,
            is_landed=is_caught and not self._pools[rocket].is_worn(booster),
            ready_ns=booster.ready_ns,
        )

    def _as_logged(self, at_ns: int, run: _Run) -> _Run:
        launch = run.launch
        assert launch.outcome is not None
        turnaround_ns = self._numbers.rockets[carrier_of(launch.vehicle)].turnaround_ns
        again_ns = self._reflights.of_booster(launch)
        return replace(
            run,
            liftoff_ns=at_ns,
            outcome=launch.outcome,
            booster_id=launch.booster_id,
            flight_count=launch.flight_count,
            is_landed=self._reflights.is_kept(launch),
            ready_ns=min(at_ns + turnaround_ns, again_ns or NEVER_NS),
        )

    def _fly(self, at_ns: int, run: _Run) -> None:
        launch, its = run.launch, self._numbers.rockets[carrier_of(run.launch.vehicle)]
        is_lost = run.outcome == "failure"
        fact = LaunchFlown(
            launch_id=launch.launch_id,
            booster_id=run.booster_id,
            flight_count=run.flight_count,
            outcome=run.outcome,
            delivered_kg=0.0 if is_lost else launch.payload_kg or 0.0,
            cost_usd=Usd(its.cost_usd),
        )
        sequence = self._tell(fact, at_ns, launch.launch_id, because=run.scheduled_sequence)
        run = replace(run, flown_sequence=sequence)
        self._pad_free_ns[launch.site] = at_ns + its.pad_turnaround_ns
        if run.booster_id:
            self._push(at_ns + self._numbers.recovery_ns, Step.RECOVERY, run)
        if is_lost:
            self._push(at_ns + self._numbers.recovery_ns + _MINUTE_NS, Step.GROUNDING, run)
        elif launch.loads:
            self._push(at_ns + self._numbers.deploy_ns, Step.DEPLOYMENT, run)

    def _recover(self, at_ns: int, run: _Run) -> None:
        fact = BoosterRecovered(
            booster_id=run.booster_id,
            is_landed=run.is_landed,
            flights_count=run.flight_count,
            ready_at=instant_text(run.ready_ns if run.is_landed else at_ns),
        )
        self._tell(fact, at_ns, run.launch.launch_id, because=run.flown_sequence)

    def _ground(self, at_ns: int, run: _Run) -> None:
        rocket = carrier_of(run.launch.vehicle)
        until_ns = at_ns + self._numbers.rockets[rocket].grounding_ns
        if run.launch.outcome is not None:
            # As long as it really was: until the rocket flew again.
            until_ns = min(until_ns, self._reflights.of_rocket(rocket, at_ns))
        until_ns = max(until_ns, self._grounded_ns.get(rocket, (0, 0))[1])
        self._grounded_ns[rocket] = (at_ns, until_ns)
        fact = VehicleStatusChanged(
            vehicle=rocket,
            status="grounded",
            reason=f"{run.launch.launch_id} failed",
            until=instant_text(until_ns),
        )
        self._tell(fact, at_ns, run.launch.launch_id, because=run.flown_sequence)

    def _deploy(self, at_ns: int, run: _Run) -> None:
        launch = run.launch
        for load, cost_usd in _shares(launch, self._cost_usd(launch)):
            self._said.append(
                Deployed(
                    load.segment,
                    load.satellites_count,
                    launch.launch_id,
                    at_ns,
                    run.flown_sequence,
                )
            )
            if launch.is_internal:
                fact = CapitalSpent(
                    segment=load.segment,
                    amount_usd=Usd(cost_usd),
                    life_s=self._numbers.life_s[load.segment],
                    launch_id=launch.launch_id,
                )
                label = self._numbers.labels[load.segment]
                self._tell(fact, at_ns, launch.launch_id, because=run.flown_sequence, label=label)

    def _scheduled(self, run: _Run, at_ns: int, *, net_ns: int) -> _Run:
        launch = run.launch
        fact = LaunchScheduled(
            launch_id=launch.launch_id,
            vehicle=launch.vehicle,
            site=launch.site,
            customer=launch.customer,
            is_internal=launch.is_internal,
            payload_kg=launch.payload_kg or 0.0,
            orbit=launch.orbit,
            net_at=instant_text(net_ns),
            segment=launch.segment,
            satellites_count=launch.satellites_count,
            price_usd=launch.price_usd,
            commitment_id=launch.commitment_id,
        )
        sequence = self._tell(fact, at_ns, launch.launch_id, because=run.scheduled_sequence)
        return replace(run, scheduled_sequence=sequence)

    def _tell(
        self, body: Body, at_ns: int, launch_id: str, *, because: int, label: str = PUBLIC
    ) -> int:
        is_ours = KINDS[type(body).__name__].topic == _STREAM
        self._sequence += is_ours
        sequence = self._sequence if is_ours else 0
        self._said.append(Told(body, at_ns, launch_id, sequence, because, label))
        return sequence

    def _push(self, at_ns: int, step: Step, run: _Run) -> None:
        self._turns_count += 1
        heapq.heappush(self._steps, (at_ns, self._turns_count, step, run))

    def _slip_ns(self, launch: Launch) -> int:
        """How much later than its date a launch is ready: not at all, or by an exponential time."""
        if launch.outcome is not None or launch.net_ns <= self._punctual_until_ns:
            return 0
        numbers = self._numbers
        late = uniform(luck_of(self._seed, Purpose.LAUNCH, launch.launch_id)[0])
        if launch.is_net_firm:
            if late < numbers.on_time_fraction:
                return 0
            late = (late - numbers.on_time_fraction) / (1.0 - numbers.on_time_fraction)
        mean_ns = numbers.slip_ns if launch.is_net_firm else numbers.soft_slip_ns
        return max(1, round(-math.log(1.0 - late) * mean_ns / _MINUTE_NS)) * _MINUTE_NS

    def _cost_usd(self, launch: Launch) -> int:
        return self._numbers.rockets[carrier_of(launch.vehicle)].cost_usd


_STEPS: Final = {
    Step.SLIP: Countdown._slip,
    Step.LIFTOFF: Countdown._liftoff,
    Step.RECOVERY: Countdown._recover,
    Step.GROUNDING: Countdown._ground,
    Step.DEPLOYMENT: Countdown._deploy,
}


def _shares(launch: Launch, cost_usd: int) -> Iterator[tuple[Load, int]]:
    """Each load and its share of the launch, by satellites, in whole dollars that add up."""
    carried, paid = 0, 0
    for load in launch.loads:
        carried += load.satellites_count
        until = cost_usd * carried // launch.satellites_count
        yield load, until - paid
        paid = until
