"""The numbers every launch of a world rests on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from twin.baseline import Baseline
from twin.units import NS_PER_S

ROCKETS: Final = ("falcon-heavy", "falcon9", "starship")


@dataclass(frozen=True, slots=True)
class RocketNumbers:
    """What is assumed of a rocket; ``site`` below is a launch pad."""

    success_fraction: float
    landing_fraction: float
    boosters_count: int
    booster_life_count: int
    turnaround_ns: int
    pad_turnaround_ns: int
    grounding_ns: int
    cost_usd: int


@dataclass(frozen=True, slots=True)
class LaunchNumbers:
    """What is assumed of every launch; ``life_s`` is that of a satellite, by segment."""

    rockets: dict[str, RocketNumbers]
    lead_ns: int
    recovery_ns: int
    deploy_ns: int
    on_time_fraction: float
    slip_ns: int
    soft_slip_ns: int
    life_s: dict[str, float]
    labels: dict[str, str]


def launch_numbers(baseline: Baseline) -> LaunchNumbers:
    """The numbers of a baseline."""

    def of(name: str) -> int:
        return round(baseline.number(f"launch.{name}")) * NS_PER_S

    plans = baseline.satellite_segments
    return LaunchNumbers(
        rockets={rocket: _rocket(baseline, rocket) for rocket in ROCKETS},
        lead_ns=of("schedule-lead_s"),
        recovery_ns=of("recovery_s"),
        deploy_ns=of("deploy_s"),
        on_time_fraction=baseline.number("launch.on-time_fraction"),
        slip_ns=of("net-slip_s"),
        soft_slip_ns=of("net-slip-soft_s"),
        life_s={p.segment: baseline.satellite_class(p.class_name).life_s for p in plans},
        labels={plan.segment: plan.label for plan in plans},
    )


def _rocket(baseline: Baseline, rocket: str) -> RocketNumbers:
    """All numbers of ``falcon9``, ``falcon-heavy`` or ``starship``."""
    place = f"launch.{rocket}"
    is_starship = rocket == "starship"
    fleet = f"manifest.{baseline.world}.starship" if is_starship else place
    # Falcon 9 and Heavy share the upper stage whose failures GCAT counts.
    success = "launch.starship.success_fraction"
    life = "launch.falcon9.booster-qualified_count"
    return RocketNumbers(
        success_fraction=baseline.number(
            success if is_starship else "launch.falcon9.success-gcat_fraction"
        ),
        landing_fraction=baseline.number(f"{place}.landing_fraction"),
        boosters_count=round(baseline.number(f"{fleet}.boosters_count")),
        booster_life_count=round(
            baseline.number(life if rocket == "falcon9" else f"{place}.booster-life_count")
        ),
        turnaround_ns=round(baseline.number(f"{place}.turnaround_s")) * NS_PER_S,
        pad_turnaround_ns=round(baseline.number(f"{place}.pad-turnaround_s")) * NS_PER_S,
        grounding_ns=round(baseline.number(f"{place}.grounding_s")) * NS_PER_S,
        cost_usd=round(baseline.number(f"{place}.internal-cost_usd")),
    )
