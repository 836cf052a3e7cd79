"""Orbit beside ground today: an AI satellite as announced, and the newest site, in every set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from infra.costs.cases import changed_usage, published
from twin.baseline import Assumption, load
from twin.baseline.book import read_assumptions
from twin.business.assumption_sets import Assumed, assumption_sets
from twin.business.cost_model import Answer, answer_of
from twin.business.costs import Costs, Tariff, ground_costs, orbit_costs
from twin.business.ieee import over
from twin.business.studies import launched_kg_for
from twin.events import SegmentRegistered, SiteEnergised
from twin.simulate.builds import site_energised

WORLD, CLASS, SITE = "2029", "ai1", "c2-gb300"

CLAIM = (
    '"the lowest-cost place to run AI data centres will be in space, within two to three years", '
    "Musk, World Economic Forum, 2026-01-22 (Business Today)"
)
HURDLE = (
    "The filing: AI compute satellites at scale need full Starship reusability to be economically "
    "compelling (S-1 L1637)."
)


class Side(NamedTuple):
    """Orbit and ground under one set, and where the set's numbers come from."""

    assumed: Assumed
    orbit: Costs
    ground: Costs

    def ratio(self, name: str) -> float:
        """Orbit over ground of one cost."""
        return over(getattr(self.orbit, name), getattr(self.ground, name))


class Today(NamedTuple):
    """Today's answer."""

    changes: Mapping[str, float]
    orbiter: SegmentRegistered
    site: SiteEnergised
    model: Answer
    sides: tuple[Side, ...]
    book: Mapping[str, Assumption]

    def number(self, name: str) -> float:
        """The value of an assumption."""
        return float(self.book[name].value)


def answer_today(changes: Mapping[str, float]) -> Today:
    """Costs of the announced AI satellite and of the newest site; ``BadUsage`` for a bad change."""
    book = read_assumptions()

    def number(name: str) -> float:
        return float(book[name].value)

    model = answer_of(changed_usage(published(), changes))
    orbiter, site = _orbiter(), _site()
    tariff = Tariff(
        gas_usd_per_mmbtu=number(f"site.{SITE}.gas_price_usd_per_mmbtu"),
        heat_rate_btu_per_kwh=number(f"site.{SITE}.heat_rate_btu_per_kwh"),
    )
    sides = tuple(
        Side(
            assumed,
            orbit_costs(assumed, orbiter, number(f"class.{CLASS}.accelerator_w")),
            ground_costs(assumed, site, tariff),
        )
        for assumed in assumption_sets(number, changes)
    )
    return Today(changes, orbiter, site, model, sides, book)


def verdict(today: Today) -> str:
    """Whether the claim holds, by the accelerator-hour."""
    cheaper = [s.assumed.name for s in today.sides if s.ratio("accelerator_hour_usd") < 1.0]
    if "live" in cheaper:
        return "it is, by the numbers this group is assumed to have"
    if cheaper:
        return f"not now; only under the {' and '.join(cheaper)} assumptions"
    return "under none of these assumptions"


def learned_kg(today: Today, price_usd_per_kg: float) -> float:
    """What must have been launched before launch is that cheap, by Suncatcher's learning rate."""
    return launched_kg_for(
        price_usd_per_kg,
        start_kg=today.number("suncatcher.learning-start_kg"),
        start_usd_per_kg=today.number("suncatcher.learning-start_usd_per_kg"),
        learning_fraction=today.number("suncatcher.learning_fraction"),
    )


def _orbiter() -> SegmentRegistered:
    """The satellite when it is new."""
    built = load(WORLD).satellite_class(CLASS)
    return SegmentRegistered(
        segment=CLASS,
        class_name=CLASS,
        basis="assumed",
        mass_kg=built.mass_kg,
        array_m2=built.array_m2,
        array_w=built.array_w,
        battery_wh=built.battery_wh,
        radiator_m2=built.radiating_m2,
        downlink_bps=built.downlink_bps,
        life_s=built.life_s,
        accelerators_count=built.accelerators_count,
        tok_per_s=built.accelerators_count * built.accelerator_tok_per_s,
    )


def _site() -> SiteEnergised:
    return site_energised(next(plan for plan in load(WORLD).sites if plan.segment == SITE))
