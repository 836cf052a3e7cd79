"""The first wall: fleet and lag, compute, energy, revenue, promises and alerts on one screen."""

from __future__ import annotations

from typing import Final

from infra.grafana.panels import (
    AMBER,
    BLUE,
    GREEN,
    NEWEST,
    RED,
    SHOWN,
    Json,
    Look,
    Place,
    coloured,
    dashboard,
    lines,
    stat,
    table,
)

UID: Final = "twin-overview"
TITLE: Final = "Overview"

#: One row per segment and region: those of a segment's first resource count its assets.
ASSETS: Final = f"""
    SELECT DISTINCT ON (label, segment, region) label, segment, region, tick_ns,
        assets_installed_count, assets_up_count
    FROM capacity WHERE branch = 'live' AND tick_ns = ({NEWEST})
        AND segment IN (SELECT segment FROM energy
                        WHERE branch = 'live' AND tick_ns = ({NEWEST}) AND site = 'orbit')
    ORDER BY label, segment, region, resource"""
TIME: Final = "to_timestamp(t.committed_ns / 1e9) AS time"
STATUSES: Final = {
    "kept": GREEN,
    "at-risk": AMBER,
    "breached": RED,
    "pending": BLUE,
    "waived": BLUE,
    "ended": BLUE,
}
SEVERITIES: Final = {"critical": RED, "warning": AMBER}


def overview() -> Json:
    """The dashboard in Grafana's schema."""
    return dashboard(UID, TITLE, [*_numbers(), *_fleet(), *_business(), *_tables()])


def _of_newest(expression: str, view: str, where: str = "TRUE") -> str:
    return (
        f"SELECT {expression} AS value FROM {view}"
        f" WHERE branch = 'live' AND tick_ns = ({NEWEST}) AND {where}"
    )


def _number_place(number: int) -> Place:
    return Place(3 * number, 0, 3, 3)


def _numbers() -> list[Json]:
    return [*_numbers_of_the_fleet(), *_numbers_of_the_group()]


def _numbers_of_the_fleet() -> list[Json]:
    return [
        stat(
            "Twin time",
            _number_place(0),
            f"SELECT to_char(to_timestamp(({NEWEST}) / 1e9) AT TIME ZONE 'UTC',"
            " 'YYYY-MM-DD HH24:MI:SS') AS value",
            Look("string"),
            says="The end of the newest tick, in the twin's own time (UTC).",
        ),
        stat(
            "Lag",
            _number_place(1),
            _of_newest("max(lag_s)", "health"),
            Look("s", 2, ((None, GREEN), (1.0, AMBER), (5.0, RED))),
            says="From a source's word to this database, in the newest tick.",
        ),
        stat(
            "Satellites at work",
            _number_place(2),
            f"SELECT sum(assets_up_count) AS value FROM ({ASSETS}) AS assets",
            Look("locale"),
        ),
        stat(
            "Satellites not at work",
            _number_place(3),
            "SELECT sum(assets_installed_count - assets_up_count) AS value"
            f" FROM ({ASSETS}) AS assets",
            Look("locale", None, ((None, GREEN), (50, AMBER), (500, RED))),
        ),
    ]


def _numbers_of_the_group() -> list[Json]:
    return [
        stat(
            "Accelerators in use",
            _number_place(4),
            _of_newest(
                "sum(delivered_qty)::float / nullif(sum(available_qty), 0)",
                "capacity",
                "resource = 'accelerator_count'",
            ),
            Look("percentunit", 1, ((None, BLUE), (0.9, AMBER), (0.98, RED))),
            says="Delivered of what is available, in orbit and on the ground.",
        ),
        stat(
            "Power used",
            _number_place(5),
            _of_newest("sum(bus_w + payload_w + compute_w + cooling_w)", "energy"),
            Look("watt", 2),
        ),
        stat(
            "Revenue run rate",
            _number_place(6),
            _of_newest("sum(run_rate_usd_per_y)", "revenue"),
            Look("currencyUSD", 1),
            says="What this tick comes to in a year, consolidated.",
        ),
        stat(
            "Promises broken",
            _number_place(7),
            _of_newest("count(*) FILTER (WHERE status = 'breached')", "commitments"),
            Look("short", 0, ((None, GREEN), (1, RED))),
        ),
    ]


def _over_time(value: str, metric: str, view: str, where: str = "TRUE") -> str:
    return f"""
        SELECT {TIME}, {metric} AS metric, {value} AS value
        FROM {view} AS v JOIN tick AS t ON t.branch = v.branch AND t.tick_ns = v.tick_ns
        WHERE v.branch = 'live' AND v.tick_ns IN ({SHOWN}) AND {where}
        GROUP BY t.committed_ns, metric ORDER BY t.committed_ns, metric"""


def _fleet() -> list[Json]:
    return [
        lines(
            "Satellites at work, of those installed",
            Place(0, 3, 8, 8),
            _over_time(
                "sum(assets_up_count)::float / nullif(sum(assets_installed_count), 0)",
                "v.segment",
                "capacity",
                "v.segment IN (SELECT segment FROM energy WHERE branch = 'live'"
                f" AND tick_ns = ({NEWEST}) AND site = 'orbit')",
            ),
            Look("percentunit", 1, most=1.0),
        ),
        lines(
            "Power by use",
            Place(8, 3, 8, 8),
            f"""
            SELECT {TIME}, sum(compute_w) AS compute, sum(cooling_w) AS cooling,
                sum(bus_w) AS bus, sum(payload_w) AS payload, sum(curtailed_w) AS curtailed
            FROM energy AS v JOIN tick AS t ON t.branch = v.branch AND t.tick_ns = v.tick_ns
            WHERE v.branch = 'live' AND v.tick_ns IN ({SHOWN})
            GROUP BY t.committed_ns ORDER BY t.committed_ns""",
            Look("watt"),
            is_stacked=True,
            says="What arrays and grids give and nobody draws is curtailed.",
        ),
        lines(
            "Lowest charge of any battery",
            Place(16, 3, 8, 8),
            _over_time("min(v.charge_fraction_min)", "v.segment", "energy", "v.battery_wh > 0"),
            Look("percentunit", 0, least=0.0, most=1.0),
        ),
    ]


def _business() -> list[Json]:
    return [
        lines(
            "Accelerators delivered",
            Place(0, 11, 8, 7),
            _over_time(
                "sum(v.delivered_qty)",
                "v.segment",
                "capacity",
                "v.resource = 'accelerator_count'",
            ),
            Look("short"),
            is_stacked=True,
        ),
        lines(
            "Revenue run rate by reporting segment",
            Place(8, 11, 8, 7),
            _over_time("sum(v.run_rate_usd_per_y)::float", "v.reporting_segment", "revenue"),
            Look("currencyUSD"),
            says="What the group sells to itself is below zero.",
        ),
        lines(
            "Lag and rows",
            Place(16, 11, 8, 7),
            f"""
            SELECT {TIME}, max(v.lag_s) AS "lag in s", max(t.rows_count) / 1e6 AS "million rows"
            FROM health AS v JOIN tick AS t ON t.branch = v.branch AND t.tick_ns = v.tick_ns
            WHERE v.branch = 'live' AND v.tick_ns IN ({SHOWN})
            GROUP BY t.committed_ns ORDER BY t.committed_ns""",
            Look("short", 2, least=0.0),
        ),
    ]


def _tables() -> list[Json]:
    return [
        table(
            "Promises, those that break first on top",
            Place(0, 18, 14, 8),
            f"""
            SELECT commitment_id AS promise, customer, status,
                attained_fraction AS attained, headroom_qty AS headroom, resource,
                error_budget_left_s AS "budget left", time_to_breach_s AS "breaks in",
                credit_exposure_usd AS "credit at stake"
            FROM commitments WHERE branch = 'live' AND tick_ns = ({NEWEST})
            ORDER BY array_position(ARRAY['breached', 'at-risk', 'kept', 'pending'], status),
                time_to_breach_s NULLS LAST, error_budget_left_s NULLS LAST, commitment_id""",
            columns={
                "status": coloured(STATUSES),
                "attained": {"unit": "percentunit", "decimals": 2},
                "headroom": {"unit": "short"},
                "budget left": {"unit": "s"},
                "breaks in": {"unit": "s"},
                "credit at stake": {"unit": "currencyUSD"},
            },
        ),
        table(
            "Open alerts",
            Place(14, 18, 10, 8),
            """
            SELECT severity, alarm_id AS alert, value, threshold,
                to_char(to_timestamp(raised_ns / 1e9) AT TIME ZONE 'UTC',
                        'YYYY-MM-DD HH24:MI') AS "raised, twin time"
            FROM alert WHERE branch = 'live' AND cleared_ns IS NULL
            ORDER BY severity, raised_ns DESC""",
            columns={"severity": coloured(SEVERITIES), "value": {"decimals": 3}},
        ),
    ]
