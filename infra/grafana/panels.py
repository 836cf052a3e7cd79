"""Panels in Grafana's dashboard schema: what ours have in common, once."""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from infra.grafana.colours import PLAIN

Json = dict[str, Any]
Steps = tuple[tuple[float | None, str], ...]

DATASOURCE_UID: Final = "twin-postgres"
SCHEMA_VERSION: Final = 37
"""That of Grafana 9.4; newer ones take it to theirs."""
COLUMNS: Final = 24
POINTS_MAX_COUNT: Final = 300
"""Points of a line: one for every second pixel or so of a third of a screen."""
UNJUDGED: Final[Steps] = ((None, PLAIN),)


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
    steps: Steps = UNJUDGED
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
        "graphTooltip": 1,
        "schemaVersion": SCHEMA_VERSION,
        "refresh": "5s",
        "time": {"from": "now-15m", "to": "now"},
        "timepicker": {"refresh_intervals": ["5s", "30s", "1m", "5m"]},
        "panels": [{"id": number, **panel} for number, panel in enumerate(panels, start=1)],
    }


def stat(
    title: str,
    place: Place,
    sql: str,
    look: Look,
    *,
    figures: Mapping[str, Steps] | None = None,
    says: str = "",
) -> Json:
    """The figures of one row, side by side; ``figures`` has the colours of single ones."""
    panel = _panel("stat", title, place, [_query(sql, "table")], look, says)
    panel["fieldConfig"]["overrides"] = [
        _override(name, {"thresholds": _thresholds(steps)})
        for name, steps in (figures or {}).items()
    ]
    panel["options"] = {
        "colorMode": "value",
        "graphMode": "none",
        "justifyMode": "center",
        "orientation": "vertical",
        "textMode": "auto",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "/.*/", "values": False},
    }
    return panel


def lines(
    title: str,
    place: Place,
    questions: Sequence[str],
    look: Look,
    *,
    is_stacked: bool = False,
    looks: Mapping[str, Json] | None = None,
    says: str = "",
) -> Json:
    """Values over time, one line for each column, or for each value of the column ``metric``.

    Several are stacked and told apart beside them; one needs no name but the panel's.

    ``looks`` says how single lines are drawn: see ``named`` and ``alone``.
    """
    targets = [
        _query(sql, "time_series", name=name)
        for name, sql in zip(string.ascii_uppercase, questions, strict=False)
    ]
    panel = _panel("timeseries", title, place, targets, look, says)
    panel["maxDataPoints"] = POINTS_MAX_COUNT
    # Without it Grafana takes no step below a minute for a database.
    panel["interval"] = "1s"
    panel["fieldConfig"]["overrides"] = [_override(*each) for each in (looks or {}).items()]
    is_judged = look.steps != UNJUDGED
    panel["fieldConfig"]["defaults"] |= {
        "color": {"mode": "thresholds" if is_judged else "palette-classic"},
        "custom": {
            "lineWidth": 1,
            "fillOpacity": 30 if is_stacked else 0,
            "gradientMode": "scheme" if is_judged else "none",
            "showPoints": "never",
            "stacking": {"mode": "normal" if is_stacked else "none", "group": "A"},
            "thresholdsStyle": {"mode": "line" if is_judged else "off"},
        },
    }
    panel["options"] = {
        "legend": {
            "displayMode": "table",
            "placement": "right",
            "showLegend": is_stacked,
            "calcs": ["lastNotNull"],
            "sortBy": "Last *",
            "sortDesc": True,
        },
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
    return panel


def named(colour: str) -> Json:
    """A line with a colour of its own."""
    return {"color": {"mode": "fixed", "fixedColor": colour}}


def apart(colours: Mapping[str, str]) -> dict[str, Json]:
    """Lines with colours of their own."""
    return {name: named(colour) for name, colour in colours.items()}


def alone(colour: str) -> Json:
    """A dashed line that is part of no stack."""
    return {
        **named(colour),
        "custom.stacking": {"mode": "none", "group": "A"},
        "custom.fillOpacity": 0,
        "custom.lineStyle": {"fill": "dash", "dash": [6, 4]},
    }


def table(
    title: str,
    place: Place,
    sql: str,
    *,
    columns: Mapping[str, Json],
    says: str = "",
) -> Json:
    """Rows, with a dash for what is not known; ``columns`` says how single ones read."""
    panel = _panel("table", title, place, [_query(sql, "table")], Look(), says)
    panel["fieldConfig"]["overrides"] = [_override(*each) for each in columns.items()]
    panel["fieldConfig"]["defaults"]["noValue"] = "–"
    panel["options"] = {"showHeader": True, "footer": {"show": False}}
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


def beyond(most: float, words: str) -> Json:
    """A column in which figures from a size on are only told to be beyond it."""
    # An end that is left open is read as zero.
    reach = {"from": most, "to": 1e18, "result": {"text": words, "index": 0}}
    return {"mappings": [{"type": "range", "options": reach}]}


def _panel(
    kind: str, title: str, place: Place, targets: Sequence[Json], look: Look, says: str
) -> Json:
    defaults: Json = {
        "unit": look.unit,
        "decimals": look.decimals,
        "min": look.least,
        "max": look.most,
        "color": {"mode": "thresholds"},
        "thresholds": _thresholds(look.steps),
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


def _thresholds(steps: Steps) -> Json:
    return {
        "mode": "absolute",
        "steps": [{"value": value, "color": colour} for value, colour in steps],
    }


def _override(name: str, properties: Mapping[str, Any]) -> Json:
    """What holds for the figures of one name alone."""
    return {
        "matcher": {"id": "byName", "options": name},
        "properties": [{"id": key, "value": value} for key, value in properties.items()],
    }


def _query(sql: str, form: str, *, name: str = "A") -> Json:
    return {
        "refId": name,
        "datasource": _DATASOURCE,
        "format": form,
        "rawQuery": True,
        "rawSql": " ".join(sql.split()),
        "editorMode": "code",
    }


_DATASOURCE: Final = {"type": "postgres", "uid": DATASOURCE_UID}
