"""Questions to the read model, in PostgreSQL's SQL with the macros of Grafana's data source.

Twin time may run faster than the clock, or be years away, so a line goes over the time at which
ticks were committed: that is when an operator could know. What instant a tick is about, the wall
says in a panel of its own.
"""

from __future__ import annotations

from typing import Final

from infra.panel.boxes import SAID

NEWEST: Final = "SELECT max(tick_ns) FROM tick WHERE branch = 'live'"

STEP: Final = "committed_ns / (GREATEST($__interval_ms, 1)::bigint * 1000000)"
"""What Grafana has a point for: so many milliseconds."""

STEPS: Final = f"""(
    SELECT max(tick_ns) AS tick_ns, max(committed_ns) AS committed_ns
    FROM tick WHERE branch = 'live' AND $__unixEpochNanoFilter(committed_ns)
    GROUP BY {STEP}) AS step"""
"""The last tick of each step that a panel has a point for."""

COUNTS_SATELLITES: Final = f"""segment || ' ' || resource = ANY (ARRAY(
    SELECT segment || ' ' || min(resource) FROM capacity
    WHERE branch = 'live' AND tick_ns = ({NEWEST}) AND segment IN (
        SELECT segment FROM energy
        WHERE branch = 'live' AND tick_ns = ({NEWEST}) AND site = 'orbit')
    GROUP BY segment))"""
"""Rows of capacity that count satellites: each of a segment's resources would, one is enough.

An array is made once in a question, where a join would be made anew for each step.
"""


BASIS: Final = f"""
    SELECT basis FROM ({
    " UNION ".join(
        f"SELECT basis FROM {view} WHERE branch = 'live' AND tick_ns = ({NEWEST})"
        for view in ("capacity", "energy", "revenue", "commitments")
    )
}) AS any_view
    ORDER BY array_position(ARRAY['assumed', 'derived', 'measured'], basis) LIMIT 1"""
"""The worst of what the figures of the newest tick rest on."""


def of_newest(columns: str, view: str, where: str = "TRUE") -> str:
    """One row about the newest tick."""
    return (
        f"SELECT {columns} FROM {view} WHERE branch = 'live' AND tick_ns = ({NEWEST}) AND {where}"
    )


def over_time(columns: str, view: str, where: str = "TRUE", *, by: str = "") -> str:
    """A row for each step of time, or for each step and value of a column.

    That value stands in the column ``metric``, from which Grafana makes a line of its own.
    """
    metric, group = (f"{by} AS metric, ", f"GROUP BY {by} ORDER BY {by}") if by else ("", "")
    # Lateral, so that the server looks up the rows of the ticks shown and never reads a whole view.
    return f"""
        SELECT to_timestamp(step.committed_ns / 1e9) AS time, found.*
        FROM {STEPS} CROSS JOIN LATERAL (
            SELECT {metric}{columns} FROM {view}
            WHERE branch = 'live' AND tick_ns = step.tick_ns AND {where} {group}) AS found
        ORDER BY step.committed_ns"""


LAG: Final = f"""
    SELECT to_timestamp(max(t.committed_ns) / 1e9) AS time, max(v.lag_s) AS lag
    FROM tick AS t JOIN health AS v ON v.branch = t.branch AND v.tick_ns = t.tick_ns
    WHERE t.branch = 'live' AND $__unixEpochNanoFilter(t.committed_ns)
    GROUP BY t.{STEP} ORDER BY time"""
"""The worst of each step: a peak between two points is not to be missed."""


def _scaled(*units: tuple[float, str]) -> str:
    """A value in the unit that suits it, the largest first."""
    cases = " ".join(
        f"WHEN value >= {size:.0f} THEN to_char(value / {size:.0f}, 'FM999,990.0') || ' {unit}'"
        for size, unit in units
    )
    return f"CASE {cases} ELSE to_char(value, 'FM990.0') || ' {units[-1][1]}' END"


_FIGURES: Final = {
    "{value:,.0f}": "to_char(value, 'FM999,999,990')",
    "{watts}": _scaled((1e9, "GW"), (1e6, "MW"), (1e3, "kW"), (1, "W")),
    "{span}": _scaled((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")),
}
"""How the figures in the words of an alert are written."""


def _worded(words: str) -> str:
    for place, sql in _FIGURES.items():
        if place in words:
            before, after = words.split(place)
            return f"'{before}' || {sql} || '{after}'"
    return f"'{words}'"


_CASES: Final = " ".join(f"WHEN '{what}' THEN {_worded(words)}" for what, words in SAID.items())
_CONDITION: Final = "substring(alarm_id FROM '[^/]+$')"

ALERTS: Final = f"""
    SELECT severity, subject, said AS "what is wrong", lasts_s AS "for"
    FROM (
        SELECT severity, subject, CASE {_CONDITION} {_CASES} ELSE {_CONDITION} END AS said,
            (({NEWEST}) - raised_ns) / 1e9 AS lasts_s, raised_ns, alarm_id
        FROM alert WHERE branch = 'live' AND cleared_ns IS NULL
        UNION ALL
        SELECT 'none', '', 'nothing is wrong', NULL, 0, ''
        WHERE NOT EXISTS (SELECT FROM alert WHERE branch = 'live' AND cleared_ns IS NULL)
    ) AS listed
    ORDER BY array_position(ARRAY['critical', 'warning'], severity), raised_ns DESC, alarm_id"""
"""Open alerts in the words of the terminal's panel, the worst and newest first."""
