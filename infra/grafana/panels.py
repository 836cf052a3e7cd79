"""Panels in Grafana's dashboard schema, version 1: what ours have in common, once.

Twin time may run faster than the clock, or be years away, so time on the wall is when a tick was
committed; what a tick says of itself is in a panel of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

Json = dict[str, Any]

DATASOURCE_UID: Final = "twin-postgres"
SCHEMA_VERSION: Final = 38
COLUMNS: Final = 24

NEWEST: Final = "SELECT max(tick_ns) FROM tick WHERE branch = 'live'"
SHOWN: Final = (
    "SELECT max(tick_ns) FROM tick WHERE branch = 'live'"
    " AND $__unixEpochNanoFilter(committed_ns)"
    " GROUP BY committed_ns / (GREATEST($__interval_ms, 1)::bigint * 1000000)"
)
"""The last tick of each step that a panel has room for."""

GREEN, AMBER, RED, BLUE = "#3fb27f", "#e0a030", "#e05252", "#5b8ff9"


class Place(msgspec.Struct, frozen=True):
    """Where a panel stands, in grid units: 24 wide."""

    x: int
    y: int
    w: int
    h: int


class Look(msgspec.Struct, frozen=True):
    """How numbers read: Grafana's unit, decimals, and colours from a value on."""

    unit: str = "short"
    decimals: int | None = None
    steps: tuple[tuple[float | None, str], ...] = ((None, BLUE),)
    least: float | None = None
    most: float | None = None


def dashboard(uid: str, title: str, panels: Sequence[Json]) -> Json:
    """A dashboard of the last quarter of an hour, looked at anew every few seconds."""
    return {
        "uid": uid,
        "title": title,
        "tags": ["twin"],
        "timezone": "utc",
        "editable": False,
        "schemaVersion": SCHEMA_VERSION,
        "refresh": "5s",
        "time": {"from": "now-15m", "to": "now"},
        "timepicker": {"refresh_intervals": ["5s", "30s", "1m", "5m"]},
        "panels": [{"id": number, **panel} for number, panel in enumerate(panels, start=1)],
    }


def stat(title: str, place: Place, sql: str, look: Look, *, says: str = "") -> Json:
    """One number of the newest tick, with its past behind it."""
    return {
        **_panel("stat", title, place, [_query(sql, "table")], look, says),
        "options": {
            "colorMode": "value",
            "graphMode": "none",
            "justifyMode": "center",
            "textMode": "value",
            "reduceOptions": {"calcs": ["lastNotNull"], "fields": "/.*/", "values": False},
        },
    }


def lines(
    title: str,
    place: Place,
    sql: str,
    look: Look,
    *,
    is_stacked: bool = False,
    says: str = "",
) -> Json:
    """Values over the time of commits, one line for each value of the column ``metric``."""
    panel = _panel("timeseries", title, place, [_query(sql, "time_series")], look, says)
    panel["fieldConfig"]["defaults"]["custom"] = {
        "lineWidth": 1,
        "fillOpacity": 25 if is_stacked else 0,
        "showPoints": "never",
        "spanNulls": False,
        "stacking": {"mode": "normal" if is_stacked else "none", "group": "A"},
    }
    panel["fieldConfig"]["defaults"]["color"] = {"mode": "palette-classic"}
    panel["options"] = {
        "legend": {"displayMode": "list", "placement": "right", "showLegend": True},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
    return panel


def table(
    title: str,
    place: Place,
    sql: str,
    *,
    columns: Mapping[str, Json],
    says: str = "",
) -> Json:
    """Rows of the newest tick; ``columns`` says how single ones read."""
    panel = _panel("table", title, place, [_query(sql, "table")], Look(), says)
    panel["fieldConfig"]["overrides"] = [
        {
            "matcher": {"id": "byName", "options": name},
            "properties": [{"id": key, "value": value} for key, value in looks.items()],
        }
        for name, looks in columns.items()
    ]
    panel["options"] = {"showHeader": True, "cellHeight": "sm", "footer": {"show": False}}
    return panel


def coloured(colours: Mapping[str, str]) -> Json:
    """A column whose words have colours."""
    mapping = {
        word: {"color": colour, "index": at} for at, (word, colour) in enumerate(colours.items())
    }
    return {
        "mappings": [{"type": "value", "options": mapping}],
        "custom.displayMode": "color-text",
    }


def _panel(
    kind: str, title: str, place: Place, targets: Sequence[Json], look: Look, says: str
) -> Json:
    steps = [{"value": value, "color": colour} for value, colour in look.steps]
    defaults: Json = {
        "unit": look.unit,
        "decimals": look.decimals,
        "min": look.least,
        "max": look.most,
        "color": {"mode": "thresholds"},
        "thresholds": {"mode": "absolute", "steps": steps},
    }
    return {
        "type": kind,
        "title": title,
        "description": says,
        "gridPos": {"x": place.x, "y": place.y, "w": place.w, "h": place.h},
        "datasource": _DATASOURCE,
        "targets": list(targets),
        "fieldConfig": {
            "defaults": {name: value for name, value in defaults.items() if value is not None},
            "overrides": [],
        },
    }


def _query(sql: str, form: str) -> Json:
    return {
        "refId": "A",
        "datasource": _DATASOURCE,
        "format": form,
        "rawQuery": True,
        "rawSql": " ".join(sql.split()),
        "editorMode": "code",
    }


_DATASOURCE: Final = {"type": "postgres", "uid": DATASOURCE_UID}
