"""The words of the accounts: lines of revenue, who pays them, and whose segment they belong to."""

from __future__ import annotations

from typing import Final, Literal

from twin.errors import BadInput
from twin.suggest import nearest

ReportingSegment = Literal["Space", "Connectivity", "AI"]
Counterparty = Literal["consumer", "enterprise", "us-government", "group"]

REPORTING_SEGMENTS: Final[tuple[ReportingSegment, ...]] = ("Space", "Connectivity", "AI")
ELIMINATION: Final = "elimination"
ELIMINATIONS: Final = "Eliminations"
"""The reporting segment of the one row that takes out what the group sells to itself."""

LINES: Final[dict[str, ReportingSegment]] = {
    "launch_services": "Space",
    "launch_development": "Space",
    "consumer_service": "Connectivity",
    "consumer_hardware": "Connectivity",
    "enterprise": "Connectivity",
    "government": "Connectivity",
    "mobile": "Connectivity",
    "advertising": "AI",
    "x_subscriptions": "AI",
    "grok_subscriptions": "AI",
    "api_tokens": "AI",
    "compute_contracts": "AI",
    "data_licensing": "AI",
}
"""Every line but the elimination, with the segment that files it."""

FILED_LINES: Final[dict[str, tuple[str, ...]]] = {
    "launch_services": ("launch_services",),
    "launch_development": ("launch_development",),
    "consumer": ("consumer_service", "consumer_hardware"),
    "enterprise_government": ("enterprise", "government", "mobile"),
    "advertising": ("advertising",),
    "ai_solutions": (
        "x_subscriptions",
        "grok_subscriptions",
        "api_tokens",
        "compute_contracts",
        "data_licensing",
    ),
}
"""The lines as filed, and those of the twin that each is the sum of."""

FILED_SEGMENTS: Final[dict[str, ReportingSegment]] = {
    filed: LINES[lines[0]] for filed, lines in FILED_LINES.items()
}

_PAYERS: Final[dict[str, Counterparty]] = {
    "consumer_service": "consumer",
    "consumer_hardware": "consumer",
    "x_subscriptions": "consumer",
    "grok_subscriptions": "consumer",
    "government": "us-government",
}
_SERVICE_LINES: Final = {
    "starlink": "consumer_service",
    "x": "x_subscriptions",
    "grok": "grok_subscriptions",
}
_DEPARTMENTS: Final = frozenset(
    ("us-government", "nasa", "nro", "dod", "dow", "ussf", "usaf", "noaa", "sda", "darpa")
)
_ASSETS: Final[dict[str, ReportingSegment]] = {
    "falcon9": "Space",
    "falcon-heavy": "Space",
    "starship": "Space",
    "dragon": "Space",
    "sl-": "Connectivity",
    "shield-": "Connectivity",
    "gateways": "Connectivity",
    "ai1-": "AI",
    "c-": "AI",
    "c1-": "AI",
    "c2-": "AI",
    "c3-": "AI",
    **{name: name for name in REPORTING_SEGMENTS},
}
"""Beginnings of names of groups of assets, and the segment that carries them in its books."""


def known_line(line: str) -> ReportingSegment:
    """The segment of a line; ``BadInput`` names the nearest line where there is none."""
    if line not in LINES:
        raise BadInput(f"line={line!r}", expected=nearest(line, LINES), field="line")
    return LINES[line]


def line_of_customers(service: str, line: str) -> str:
    """The line that customers of a service pay on: the one that is told, or the service's own."""
    if not line and service not in _SERVICE_LINES:
        raise BadInput(
            f"customers of service {service!r} without a line",
            expected=nearest(service, _SERVICE_LINES),
            remedy=f"or name its line: {', '.join(LINES)}",
            field="line",
        )
    found = line or _SERVICE_LINES[service]
    known_line(found)
    return found


def payer_of(line: str) -> Counterparty:
    """Who pays a line that no contract says more about."""
    return _PAYERS.get(line, "enterprise")


def counterparty_of(customer: str) -> Counterparty:
    """What kind of customer buys a launch: a department of the US government, or anybody else."""
    name = customer.casefold().replace(" ", "-")
    is_state = name in _DEPARTMENTS or name.startswith("us-")
    return "us-government" if is_state else "enterprise"


def carrier_of(segment: str) -> ReportingSegment:
    """The reporting segment that depreciates a group of assets; ``BadInput`` where none does."""
    for beginning, carrier in _ASSETS.items():
        if segment == beginning or (segment.startswith(beginning) and beginning[-1] == "-"):
            return carrier
    raise BadInput(f"segment {segment!r}", expected=nearest(segment, _ASSETS), field="segment")
