"""What a real log says of the time after a flight: when its booster and its rocket flew again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from twin.simulate.boosters import DrawnBooster
from twin.simulate.launch import Launch
from twin.units import NS_PER_S
from twin.vehicles import carrier_of

NEVER_NS: Final = 2**63 - 1
_YEAR_NS: Final = 365 * 86_400 * NS_PER_S


class Reflights:
    """When boosters and rockets of a real log flew again."""

    def __init__(self, launches: Iterable[Launch]) -> None:
        self._flown = [launch for launch in launches if launch.outcome is not None]
        self.last_ns = max((launch.net_ns for launch in self._flown), default=0)
        self._rockets = sorted((carrier_of(each.vehicle), each.net_ns) for each in self._flown)
        self._boosters = {(each.booster_id, each.flight_count): each.net_ns for each in self._flown}

    @property
    def has_boosters(self) -> bool:
        """Whether the log names boosters."""
        return any(each.booster_id for each in self._flown)

    def boosters_at(self, instant_ns: int) -> list[DrawnBooster]:
        """The boosters that flew before an instant and were not given up."""
        last: dict[str, Launch] = {}
        for launch in self._flown:
            if launch.booster_id and launch.net_ns < instant_ns:
                last[launch.booster_id] = launch
        return [
            DrawnBooster(name, carrier_of(last[name].vehicle), last[name].flight_count, 0)
            for name in sorted(last)
            if self.is_kept(last[name])
        ]

    def is_kept(self, launch: Launch) -> bool:
        """Whether the booster of a launch was to fly again: it did, or the log ends within a year.

        One that did not fly for a year before the end of the log was lost, or given up.
        """
        is_late = launch.net_ns > self.last_ns - _YEAR_NS
        return self.of_booster(launch) is not None or is_late

    def of_booster(self, launch: Launch) -> int | None:
        """When the booster of a launch flew next; None when it did not."""
        return self._boosters.get((launch.booster_id, launch.flight_count + 1))

    def of_rocket(self, rocket: str, instant_ns: int) -> int:
        """When a rocket flew next; ``NEVER_NS`` when it did not."""
        later = (at for name, at in self._rockets if name == rocket and at > instant_ns)
        return next(later, NEVER_NS)
