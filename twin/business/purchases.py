"""What is published of who sells how much of what the government buys, as the assumptions say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from msgspec.structs import replace

from twin.business.promise import RESOURCES
from twin.business.risk import Purchase

Number = Callable[[str], float]
"""An assumption by its name; zero where none is told."""

REPLACED: Final = (*sorted(RESOURCES), "segment", "site")


def purchases(number: Number) -> tuple[Purchase, ...]:
    """Every purchase whose shares are told, by name; those told nothing of are left out."""
    builders = (_nssl_2025, _nssl_fy26, _nssl_phase3, _pleo, _cdao)
    found = (_told(build, number) for build in builders)
    return tuple(sorted((each for each in found if each is not None), key=lambda p: p.name))


def _told(build: Callable[[Number], Purchase | None], number: Number) -> Purchase | None:
    """A purchase with the assumptions that were read for it."""
    told: list[tuple[str, float]] = []

    def noted(name: str) -> float:
        told.append((name, number(name)))
        return told[-1][1]

    purchase = build(noted)
    return None if purchase is None else replace(purchase, told_by=tuple(told))


def _nssl_2025(number: Number) -> Purchase | None:
    return _by_missions(
        "nssl-2025",
        ("SpaceX", number("launch.nssl.flown-2025_count")),
        total=number("launch.nssl.missions-2025_count"),
        others_count=1,
    )


def _nssl_fy26(number: Number) -> Purchase | None:
    return _by_missions(
        "nssl-fy26",
        ("SpaceX", number("defense.nssl-fy26.spacex-missions_count")),
        total=number("defense.nssl-fy26.missions_count"),
        others_count=1,
    )


def _nssl_phase3(number: Number) -> Purchase | None:
    return _by_missions(
        "nssl-phase3",
        ("Blue Origin", number("defense.nssl3-lane2.blue-missions_count")),
        ("SpaceX", number("defense.nssl3-lane2.spacex-missions_count")),
        ("ULA", number("defense.nssl3-lane2.ula-missions_count")),
        total=number("defense.nssl3-lane2.missions_count"),
    )


def replacements_s(number: Number) -> tuple[tuple[str, float], ...]:
    """How long a customer is without what a supplier, segment or site gave, by kind."""
    told = ((name, number(f"risk.replacement.{name}_s")) for name in REPLACED)
    return tuple((name, seconds) for name, seconds in told if seconds)


def _by_missions(
    name: str, *flown: tuple[str, float], total: float, others_count: int = 0
) -> Purchase | None:
    if not total:
        return None
    shares = tuple((supplier, count / total) for supplier, count in flown)
    return Purchase(name, "launch", shares, others_count)


def _pleo(number: Number) -> Purchase | None:
    share, vendors = number("defense.pleo.spacex_fraction"), number("defense.pleo.vendors_count")
    if not share:
        return None
    return Purchase("pleo", "communications", (("SpaceX", share),), int(max(0.0, vendors - 1)))


def _cdao(number: Number) -> Purchase | None:
    """Four ceilings alike: what is spent under each is not published."""
    suppliers = number("defense.cdao.suppliers_count")
    if not suppliers:
        return None
    return Purchase("cdao", "ai", (("xAI", 1.0 / suppliers),), int(suppliers) - 1)
