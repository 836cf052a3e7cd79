"""The boosters of a drawn manifest: which one flies next, and when it is back."""

from __future__ import annotations

from dataclasses import dataclass, replace

from twin.simulate.launch_numbers import RocketNumbers


@dataclass(frozen=True, slots=True)
class DrawnBooster:
    """A booster of a rocket: flights so far, and from when on it may fly."""

    booster_id: str
    rocket: str
    flights_count: int
    ready_ns: int


class BoosterPool:
    """The boosters of one rocket, replaced by new ones as they are lost.

    A pool opens with flights spread evenly over a booster's life, all of them ready.
    """

    def __init__(self, rocket: str, numbers: RocketNumbers, *, government_limit_count: int) -> None:
        self._rocket, self._numbers = rocket, numbers
        self._limit_count = government_limit_count
        self._built_count = 0
        self._boosters: dict[str, DrawnBooster] = {}
        count = numbers.boosters_count
        for place in range(count):
            self._build(flights_count=place * numbers.booster_life_count // count)

    @property
    def boosters(self) -> tuple[DrawnBooster, ...]:
        """All that may fly again, in the order they were built."""
        return tuple(self._boosters.values())

    def next_ready_ns(self, instant_ns: int, *, has_limit: bool) -> int:
        """When a booster for such a launch is ready: ``instant_ns`` if one is already."""
        ready = [b.ready_ns for b in self._boosters.values() if self._may_fly(b, has_limit)]
        # For a customer who wants a young one a new one is built.
        return max(instant_ns, min(ready)) if ready and not has_limit else instant_ns

    def fly(self, instant_ns: int, *, has_limit: bool, is_landed: bool) -> DrawnBooster:
        """The booster that flies now, with this flight counted.

        Of those ready the one that waited longest goes, the most flown first. After the last
        flight of its life a booster is expended.
        """
        ready = [
            b
            for b in self._boosters.values()
            if self._may_fly(b, has_limit) and b.ready_ns <= instant_ns
        ]
        chosen = min(
            ready, key=lambda b: (b.ready_ns, -b.flights_count, b.booster_id), default=None
        )
        if chosen is None:
            chosen = self._build(flights_count=0)
        flown = replace(
            chosen,
            flights_count=chosen.flights_count + 1,
            ready_ns=instant_ns + self._numbers.turnaround_ns,
        )
        self._boosters[flown.booster_id] = flown
        if not is_landed or self.is_worn(flown):
            del self._boosters[flown.booster_id]
            if len(self._boosters) < self._numbers.boosters_count:
                self._build(flights_count=0, ready_ns=flown.ready_ns)
        return flown

    def is_worn(self, booster: DrawnBooster) -> bool:
        """Whether it has flown as often as it ever will."""
        return booster.flights_count >= self._numbers.booster_life_count

    def _may_fly(self, booster: DrawnBooster, has_limit: bool) -> bool:
        return not has_limit or booster.flights_count <= self._limit_count

    def _build(self, *, flights_count: int, ready_ns: int = 0) -> DrawnBooster:
        self._built_count += 1
        name = f"{self._rocket}-b{self._built_count:03d}"
        self._boosters[name] = DrawnBooster(name, self._rocket, flights_count, ready_ns)
        return self._boosters[name]
