"""The first wall: fleet and lag, capacity, energy, revenue, commitments, alerts on one screen."""

from __future__ import annotations

from typing import Final

from infra.grafana import questions
from infra.grafana.colours import (
    AMBER,
    GREEN,
    GREY,
    RED,
    REPORTING_SEGMENTS,
    SEGMENTS,
    SEVERITIES,
    STATUSES,
    USES,
)
from infra.grafana.panels import (
    Json,
    Look,
    Place,
    alone,
    apart,
    beyond,
    coloured,
    dashboard,
    lines,
    stat,
    table,
)
from infra.grafana.questions import NEWEST, of_newest, over_time

UID: Final = "twin-overview"
TITLE: Final = "Overview"

TICK_OVERDUE_S: Final = 90.0
"""A tick of a minute, and the patience of half a minute with a silent source."""
LAG_MAX_S: Final = 1.0
"""What the twin means to keep."""
SOME_BAD: Final = ((None, GREEN), (1.0, RED))
SOME_ODD: Final = ((None, GREEN), (1.0, AMBER))


def overview() -> Json:
    """The dashboard in Grafana's schema."""
    return dashboard(UID, TITLE, [*_freshness(), *_figures(), *_standing(), *_lines(), *_tables()])


def _freshness() -> list[Json]:
    """What instant all the rest is about, and how old that word is."""
    return [
        stat(
            "Twin time",
            Place(0, 0, 3, 3),
            f"""SELECT to_char(to_timestamp(({NEWEST}) / 1e9) AT TIME ZONE 'UTC',
                'YYYY-MM-DD HH24:MI:SS') AS instant""",
            Look("string"),
            says="The end of the newest tick, in the twin's own time (UTC). All panels without a"
            " time axis are about this tick; an axis has the time at which ticks were committed.",
        ),
        stat(
            "Basis",
            Place(3, 0, 2, 3),
            questions.BASIS,
            Look("string"),
            says="What the figures rest on: the worst of measured, derived and assumed.",
        ),
        stat(
            "Last tick",
            Place(5, 0, 2, 3),
            of_newest("extract(epoch FROM now()) - committed_ns / 1e9 AS ago", "tick"),
            Look("s", 0, ((None, GREEN), (TICK_OVERDUE_S, AMBER), (300.0, RED))),
            says="How long ago the newest tick was committed. Older than a minute and a half:"
            " the twin has stopped, or its source is silent.",
        ),
        stat(
            "Lag",
            Place(7, 0, 2, 3),
            of_newest("max(lag_s) AS lag", "health"),
            Look("s", 1, ((None, GREEN), (LAG_MAX_S, AMBER), (5.0, RED))),
            says="From a source's word to this database, in the newest tick. Amber from a second"
            " on, red from five.",
        ),
    ]


def _figures() -> list[Json]:
    """Plain facts, without a colour: nothing here is good or bad by itself."""
    counts = "sum(assets_up_count) AS up, sum(assets_installed_count - assets_up_count) AS down"
    in_use = "sum(delivered_qty)::float / nullif(sum(available_qty), 0) AS used"
    used_w = "sum(bus_w + payload_w + compute_w + cooling_w) AS used"
    return [
        stat(
            "Satellites",
            Place(9, 0, 3, 3),
            of_newest(counts, "capacity", questions.COUNTS_SATELLITES),
            Look("locale"),
            says="Up: reporting, and fit for its work.",
        ),
        stat(
            "Compute",
            Place(12, 0, 2, 3),
            of_newest(in_use, "capacity", "resource = 'accelerator_count'"),
            Look("percentunit", 1),
            says="Accelerators in use, of those available in orbit and on the ground.",
        ),
        stat(
            "Power",
            Place(14, 0, 2, 3),
            of_newest(used_w, "energy"),
            Look("watt", 2),
            says="Used by satellites and sites, cooling too.",
        ),
        stat(
            "Charge",
            Place(16, 0, 2, 3),
            of_newest("sum(charge_wh) / nullif(sum(battery_wh), 0) AS charge", "energy"),
            Look("percentunit", 0),
            says="What all batteries in orbit hold, of what they could.",
        ),
        stat(
            "Revenue",
            Place(18, 0, 2, 3),
            of_newest("sum(run_rate_usd_per_y) AS revenue", "revenue"),
            Look("currencyUSD", 1),
            says="The consolidated run rate: what the newest tick comes to in a year.",
        ),
    ]


def _standing() -> list[Json]:
    """What the twin itself judges to be wrong."""

    def count(what: str) -> str:
        return f"count(*) FILTER (WHERE {what})"

    return [
        stat(
            "Commitments",
            Place(20, 0, 2, 3),
            of_newest(
                f"""{count("status = 'at-risk'")} AS "at risk",
                {count("status = 'breached'")} AS breached""",
                "commitments",
            ),
            Look("none"),
            figures={"at risk": SOME_ODD, "breached": SOME_BAD},
            says="How many may break, and how many are broken.",
        ),
        stat(
            "Alerts",
            Place(22, 0, 2, 3),
            f"""SELECT {count("severity = 'warning'")} AS warning,
                {count("severity = 'critical'")} AS critical
            FROM alert WHERE branch = 'live' AND cleared_ns IS NULL""",
            Look("none"),
            figures={"warning": SOME_ODD, "critical": SOME_BAD},
            says="Open alerts.",
        ),
    ]


def _lines() -> list[Json]:
    return [*_lines_of_the_fleet(), *_lines_of_the_plant(), *_lines_of_the_group()]


def _lines_of_the_fleet() -> list[Json]:
    return [
        lines(
            "Satellites down",
            Place(0, 3, 8, 9),
            [
                over_time(
                    "sum(assets_installed_count - assets_up_count) AS value",
                    "capacity",
                    questions.COUNTS_SATELLITES,
                    by="segment",
                )
            ],
            Look("none", 0, least=0.0),
            is_stacked=True,
            looks=apart(SEGMENTS),
            says="Installed, but not up, by segment.",
        ),
        _delivered("Downlink delivered", Place(8, 3, 8, 9), "downlink_bps", unit="bps"),
    ]


def _lines_of_the_plant() -> list[Json]:
    def at(site: str, columns: str) -> str:
        return f"coalesce(sum({columns}) FILTER (WHERE site {site}), 0)"

    return [
        _delivered("Accelerators delivered", Place(0, 12, 8, 8), "accelerator_count", unit="short"),
        lines(
            "Power by use",
            Place(8, 12, 8, 8),
            [
                over_time(
                    f"""{at("<> 'orbit'", "compute_w")} AS "compute, ground",
                    {at("= 'orbit'", "compute_w")} AS "compute, orbit",
                    sum(cooling_w) AS cooling,
                    sum(bus_w + payload_w) AS "bus and payload",
                    sum(curtailed_w) AS curtailed""",
                    "energy",
                )
            ],
            Look("watt", least=0.0),
            is_stacked=True,
            looks=apart(USES),
            says="Curtailed is what arrays could have given while batteries were full.",
        ),
    ]


def _lines_of_the_group() -> list[Json]:
    return [
        lines(
            "Revenue run rate by reporting segment",
            Place(0, 20, 8, 7),
            [
                over_time(
                    "sum(run_rate_usd_per_y)::float AS value", "revenue", by="reporting_segment"
                )
            ],
            Look("currencyUSD"),
            is_stacked=True,
            looks=apart(REPORTING_SEGMENTS),
            says="What the group sells to itself is taken out again.",
        ),
        lines(
            "Lag over time",
            Place(8, 20, 8, 7),
            [questions.LAG],
            Look("s", 1, ((None, GREEN), (LAG_MAX_S, AMBER), (5.0, RED)), least=0.0),
            says="From a source's word to this database: the worst of each moment. Amber from a"
            " second on, red from five.",
        ),
    ]


def _delivered(title: str, place: Place, resource: str, *, unit: str) -> Json:
    """What each segment delivers of a resource, and what all of them could."""
    where = f"resource = '{resource}'"
    return lines(
        title,
        place,
        [
            over_time("sum(delivered_qty)::float AS value", "capacity", where, by="segment"),
            over_time("sum(available_qty)::float AS available", "capacity", where),
        ],
        Look(unit, least=0.0),
        is_stacked=True,
        looks={**apart(SEGMENTS), "available": alone(GREY)},
        says="By segment, below what is available of all.",
    )


def _tables() -> list[Json]:
    return [
        table(
            "Commitments, first to break on top",
            Place(16, 3, 8, 14),
            f"""
            SELECT commitment_id AS commitment, status,
                (promised_qty + headroom_qty)::float / nullif(promised_qty, 0) AS cover,
                error_budget_left_s / nullif(error_budget_s, 0) AS "budget left",
                time_to_breach_s AS "breaks in"
            FROM commitments WHERE branch = 'live' AND tick_ns = ({NEWEST})
            ORDER BY array_position(ARRAY['breached', 'at-risk', 'kept', 'pending'], status),
                time_to_breach_s NULLS LAST, "budget left" NULLS LAST, cover NULLS LAST,
                commitment_id""",
            columns={
                "commitment": {"custom.minWidth": 100},
                "status": {**coloured(STATUSES), "custom.width": 76},
                "cover": {
                    "unit": "suffix: ×",
                    "decimals": 2,
                    "custom.width": 76,
                    **beyond(100.0, "> 100 ×"),
                },
                "budget left": {"unit": "percentunit", "decimals": 0, "custom.width": 92},
                "breaks in": {"unit": "s", "decimals": 1, "custom.width": 80},
            },
            says="Cover: what is available to it, over what is promised. Budget: time in which it"
            " may still fail, of what its window allows. Launches have neither.",
        ),
        table(
            "Open alerts",
            Place(16, 17, 8, 10),
            questions.ALERTS,
            columns={
                "severity": {**coloured(SEVERITIES), "custom.width": 76},
                "subject": {"custom.minWidth": 100},
                "what is wrong": {"custom.minWidth": 100},
                "for": {"unit": "s", "decimals": 1, "custom.width": 80},
            },
            says="For: since it was raised, in twin time.",
        ),
    ]
