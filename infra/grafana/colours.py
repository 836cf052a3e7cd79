"""Colours of the wall: three that judge, and others that only tell one thing from another.

Green, amber and red stand where the twin judges, or where there is a limit to judge by; nothing
else is near them. A segment has its colour on every panel.
"""

from __future__ import annotations

from typing import Final

GREEN, AMBER, RED = "#3fb27f", "#e0a030", "#e05252"
PLAIN: Final = "text"
"""Grafana's own colour of words."""

BLUE, SKY, CYAN, ICE, PURPLE = "#4f7fd1", "#86b4ff", "#2aa5bd", "#93dbe6", "#8a6fd6"
LILAC, PINK, TAN, SAND, GREY = "#c3b0ee", "#d58bb4", "#b08d6e", "#d9c7ab", "#7d828c"

SEGMENTS: Final = {
    "sl-43": BLUE,
    "sl-53": SKY,
    "sl-70": CYAN,
    "sl-97": ICE,
    "sl-dtc": PURPLE,
    "sl-v3": LILAC,
    "shield-amti": PINK,
    "shield-nro": TAN,
    "shield-sdn": SAND,
    "ai1-sso": "#d7dae0",
    "c1-h100": BLUE,
    "c2-gb200": SKY,
    "c2-gb300": CYAN,
    "c-unlisted": PURPLE,
}
REPORTING_SEGMENTS: Final = {
    "AI": PURPLE,
    "Connectivity": SKY,
    "Space": SAND,
    "Eliminations": GREY,
}
USES: Final = {
    "compute, ground": BLUE,
    "compute, orbit": SKY,
    "cooling": CYAN,
    "bus and payload": PURPLE,
    "curtailed": GREY,
}
STATUSES: Final = {
    "kept": GREEN,
    "at-risk": AMBER,
    "breached": RED,
    "pending": SKY,
    "waived": SKY,
    "ended": GREY,
}
SEVERITIES: Final = {"critical": RED, "warning": AMBER, "none": GREEN}
