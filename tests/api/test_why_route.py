"""From a figure to its basis, assumptions, record and frames, and from there to the bytes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from api.assumed import OF_SATELLITES, OF_SITES
from api.schemas.answers import AssumptionPage, OneAssumption
from api.schemas.why import Why
from streams.journal import records
from tests.one_process import OneProcess
from tests.simulate.worlds import MINUTE_NS, baseline_of
from twin.baseline import Assumption, Baseline, load
from twin.frames import decode_frame
from twin.identity import digest_of
from twin.quantities import QUANTITIES_COUNT
from twin.records import Chain
from twin.state import Limits
from twin.views import ENERGY, VIEWS, Moment

WORDS = {
    view.name: {column.name for column in view.columns if column.type == "text"}
    for view in VIEWS.values()
}


def key_of(client: httpx.Client, view: str) -> str:
    """The key of a view's first row."""
    row = client.get(f"/v1/{view}").json()["rows"][0]
    return ",".join(str(row[name]) for name in VIEWS[view].key_names)


@pytest.mark.parametrize(
    ("view", "column"),
    [(view.name, column) for view in VIEWS.values() for column in view.column_names],
)
def test_every_column_of_every_view_can_be_explained(
    client: httpx.Client, view: str, column: str
) -> None:
    key = key_of(client, view)
    (row,) = [
        row
        for row in client.get(f"/v1/{view}").json()["rows"]
        if ",".join(str(row[name]) for name in VIEWS[view].key_names) == key
    ]

    body = client.get("/v1/why", params={"view": view, "key": key, "column": column}).json()

    Why.model_validate(body)
    assert body["value"] == row[column]
    assert body["basis"] == row["basis"]
    assert body["unit"] or column in WORDS[view]
    assert body["events"]
    assert body["frames"] or view in ("revenue", "calibration", "costs", "ownership", "risk")


def test_a_figure_can_be_followed_to_the_bytes_it_came_from(
    client: httpx.Client,
) -> None:
    asked = {"view": "energy", "key": "sl-53,orbit", "column": "charge_wh"}

    body = client.get("/v1/why", params=asked | {"at": "2029-01-01T00:05:00Z"}).json()

    (said,) = [q for q in body["quantities"] if q["name"] == "charge"]
    charge_mwh = 0
    for frame_said in body["frames"]:
        stored = client.get(frame_said["href"]).content
        assert digest_of(stored).hex() == frame_said["digest"]
        assert len(stored) == frame_said["size_bytes"]
        frame = decode_frame(stored)
        charge_mwh += sum(round(float(wh) * 1000) for wh in frame.columns["charge_wh"])
    assert (said["value"], said["unit"]) == (charge_mwh, "milliwatt-hour")
    assert body["value"] == charge_mwh / 1000


def test_the_record_behind_a_figure_is_the_one_in_the_journal(
    client: httpx.Client, town: OneProcess
) -> None:
    asked = {"view": "energy", "key": "ai1-sso,orbit", "column": "generated_w"}

    said = client.get("/v1/why", params=asked | {"at": "2029-01-01T00:12:00Z"}).json()["record"]

    entry = next(e for e in records(town.log, Chain(), start=0) if e.record.number == 12)
    assert said["digest"] == entry.digest.hex()
    assert said["previous"] == entry.record.previous.hex()
    assert said["journal_offset"] == entry.offset


def test_a_figure_names_the_assumptions_it_rests_on(client: httpx.Client) -> None:
    def names(view: str, key: str, column: str) -> set[str]:
        asked = {"view": view, "key": key, "column": column}
        body = client.get("/v1/why", params=asked).json()
        return {fact["name"].split(".")[0] for fact in body["assumptions"]}

    assert names("energy", "ai1-sso,orbit", "generated_w") == {"class", "shell", "power"}
    assert "site" in names("energy", "c2-gb200,c2-gb200", "compute_w")
    assert names("health", "world-2029", "late_count") == set()


@pytest.mark.parametrize(
    ("view", "key", "column", "prefix"),
    [
        ("revenue", "AI,compute_contracts,enterprise", "gross_usd", "contract.anthropic-compute."),
        ("revenue", "AI,api_tokens,enterprise", "gross_usd", "price.grok."),
        ("revenue", "AI,api_tokens,enterprise", "energy_cost_usd", "site.c2-gb200."),
        ("revenue", "Space,launch_services,enterprise", "operating_cost_usd", "cost.space."),
        ("commitments", "pleo-europe", "attained_fraction", "service-level.military."),
        ("commitments", "pleo-europe", "promised_qty", "promise.pleo."),
        ("costs", "sl-53,live", "energy_usd_per_mwh", "mccalip."),
        ("costs", "c2-gb200,live", "energy_usd_per_mwh", "site.c2-gb200."),
        ("ownership", "SpaceX,A,Tesla", "shares_count", "ownership."),
        ("risk", "group,supplier/SpaceX", "replacement_s", "risk.replacement."),
    ],
)
def test_a_figure_of_the_group_names_the_assumptions_it_rests_on(
    client: httpx.Client, view: str, key: str, column: str, prefix: str
) -> None:
    asked = {"view": view, "key": key, "column": column}

    body = client.get("/v1/why", params=asked).json()

    assert any(fact["name"].startswith(prefix) for fact in body["assumptions"])


@pytest.mark.parametrize(
    ("view", "key", "kinds"),
    [
        ("commitments", "pleo-europe", {"CommitmentAgreed", "ContractSigned"}),
        ("commitments", "three-minutes", {"CommitmentAgreed", "ContractSigned"}),
        ("revenue", "AI,compute_contracts,enterprise", {"ContractSigned", "PeriodReported"}),
        ("revenue", "Eliminations,elimination,group", {"ContractSigned"}),
        (
            "revenue",
            "Connectivity,consumer_service,consumer",
            {"CustomersReported", "PeriodReported"},
        ),
        ("revenue", "AI,api_tokens,enterprise", {"PeriodReported", "PriceSet"}),
        ("costs", "c2-gb200,live", {"SiteEnergised", "SupplyChanged"}),
    ],
)
def test_a_figure_of_the_group_names_the_events_behind_it(
    client: httpx.Client, view: str, key: str, kinds: set[str]
) -> None:
    column = VIEWS[view].column_names[-1]

    body = client.get("/v1/why", params={"view": view, "key": key, "column": column}).json()

    assert {event["kind"] for event in body["events"]} >= kinds
    for said in body["events"]:
        number, ordinal = said["cursor"].split("/")
        before = {"after": f"{number}/{int(ordinal) - 1}", "limit": 1}
        line = client.get("/v1/events", params=before).json()
        assert (line["cursor"], line["id"], line["kind"]) == (
            said["cursor"],
            said["id"],
            said["kind"],
        )


def test_a_promise_is_not_known_before_it_was_made(client: httpx.Client) -> None:
    asked = {"view": "commitments", "key": "three-minutes", "column": "status"}

    before = client.get("/v1/why", params=asked | {"at": "2029-01-01T00:01:00Z"})
    after = client.get("/v1/why", params=asked | {"at": "2029-01-01T00:02:00Z"}).json()

    assert before.status_code == 404
    assert after["events"][0]["kind"] == "CommitmentAgreed"
    assert after["events"][0]["tick"] == "2029-01-01T00:02:00Z"
    assert {frame["segment"] for frame in after["frames"]} == {"c1-h100"}


def test_an_amount_of_money_is_explained_to_the_last_decimal(client: httpx.Client) -> None:
    asked = {"view": "commitments", "key": "three-minutes", "column": "value_usd"}

    text = client.get("/v1/why", params=asked).text

    assert '"value":1234567.890123,' in text


@pytest.mark.parametrize(
    ("key", "column", "alarms"),
    [
        ("sl-53,orbit,downlink_bps", "anomaly_count", ["alarm.row_power_residual_fraction"]),
        ("sl-53,orbit,downlink_bps", "available_qty", []),
        ("c2-gb200,north-america,accelerator_count", "anomaly_count", []),
    ],
)
def test_a_threshold_is_named_only_where_it_decides_the_figure(
    client: httpx.Client, key: str, column: str, alarms: list[str]
) -> None:
    asked = {"view": "capacity", "key": key, "column": column}

    body = client.get("/v1/why", params=asked).json()

    named = [fact["name"] for fact in body["assumptions"]]
    assert [name for name in named if name.startswith("alarm.")] == alarms


def test_every_pattern_of_an_assumption_names_one_that_exists() -> None:
    known = load("2029").assumptions
    words = {"class_name": "v3", "segment": "c2-gb200", "region": "europe"}
    patterns = [p for names in (*OF_SATELLITES.values(), *OF_SITES.values()) for p in names]

    unknown = {
        pattern
        for pattern in patterns
        if not pattern.startswith("shell.*")
        and not any(name.startswith(pattern.format_map(words)) for name in known)
    }

    # On gas, carbon follows from the fuel; on the grid it is a number of its own.
    assert unknown == {"site.{segment}.carbon_kg_per_mwh"}


def test_columns_with_assumptions_are_columns_of_a_view() -> None:
    columns = {name for view in VIEWS.values() for name in view.column_names}

    assert OF_SATELLITES.keys() | OF_SITES.keys() <= columns


@pytest.mark.parametrize(
    ("key", "column", "named"),
    [
        ("sl-53,orbit", "bus_w", {"class.v2-mini.bus_w"}),
        ("sl-53,orbit", "imported_w", set()),
        ("sl-53,orbit", "battery_wh", {"class.v2-mini.battery_wh"}),
        ("c2-gb200,c2-gb200", "pue_ratio", {"site.c2-gb200.pue_ratio"}),
        ("c2-gb200,c2-gb200", "payload_w", set()),
        ("c2-gb200,c2-gb200", "imported_w", set()),
    ],
)
def test_only_assumptions_that_go_into_the_figure_are_named(
    client: httpx.Client, key: str, column: str, named: set[str]
) -> None:
    asked = {"view": "energy", "key": key, "column": column}

    body = client.get("/v1/why", params=asked).json()

    assert {fact["name"] for fact in body["assumptions"]} == named


@pytest.mark.parametrize(
    ("column", "without"),
    [
        ("generated_w", {"mass_kg", "life_s", "downlink_bps", "radiator_m2", "battery_wh"}),
        ("radiator_k_mean", {"mass_kg", "battery_wh", "accelerator_tok_per_s"}),
        ("charge_wh", {"mass_kg", "backhaul_bps", "accelerators_count"}),
    ],
)
def test_numbers_of_the_class_that_do_not_matter_are_left_out(
    client: httpx.Client, column: str, without: set[str]
) -> None:
    asked = {"view": "energy", "key": "ai1-sso,orbit", "column": column}

    body = client.get("/v1/why", params=asked).json()

    named = {fact["name"].rsplit(".", 1)[1] for fact in body["assumptions"]}
    assert named
    assert not named & without


def test_units_in_an_explanation_are_spelled_out(client: httpx.Client) -> None:
    asked = {"view": "energy", "key": "ai1-sso,orbit", "column": "generated_w"}

    body = client.get("/v1/why", params=asked).json()

    units = {said["name"]: said["unit"] for said in body["quantities"]}
    assert len(units) == len(body["quantities"]) == QUANTITIES_COUNT
    assert units["array"] == "milliwatt"
    assert units["charge"] == "milliwatt-hour"
    assert not any(name.endswith(("_mw", "_mwh")) for name in units)
    assert (body["unit"], body["unit_meaning"]) == ("w", "watt")


@pytest.mark.parametrize(
    ("asked", "status", "expected"),
    [
        ({"view": "capcity"}, 422, "'capacity'"),
        ({"column": "availble_qty"}, 422, "'available_qty'"),
        ({"key": "sl-53"}, 422, "segment,region,resource"),
        ({"key": "sl-35,orbit,downlink_bps"}, 404, "'sl-53'"),
        ({"key": "sl-53,orbit,inference_tok_per_s"}, 404, "'ai1-sso,orbit,"),
        ({"label": "secret"}, 404, "public"),
    ],
)
def test_a_figure_that_is_none_names_the_nearest(
    client: httpx.Client, asked: dict[str, str], status: int, expected: str
) -> None:
    right = {"view": "capacity", "key": "sl-53,orbit,downlink_bps", "column": "available_qty"}

    answer = client.get("/v1/why", params=right | asked)

    assert answer.status_code == status
    assert expected in answer.json()["expected"]


def test_assumptions_come_in_pages_by_name(client: httpx.Client) -> None:
    first = client.get("/v1/assumptions", params={"limit": 1000}).json()

    rest = client.get(first["next"]).json()

    AssumptionPage.model_validate(first)
    names = [row["name"] for row in first["rows"] + rest["rows"]]
    assert names == sorted(set(names))
    assert len(names) == first["matched_count"]
    assert rest["next"] is None


def test_assumptions_are_chosen_by_prefix_and_confidence(client: httpx.Client) -> None:
    asked = {"prefix": "class.", "confidence": "assumed"}

    rows = client.get("/v1/assumptions", params=asked).json()["rows"]

    assert rows
    assert all(row["name"].startswith("class.") for row in rows)
    assert {row["confidence"] for row in rows} == {"assumed"}


def test_one_assumption_has_its_source(client: httpx.Client) -> None:
    body = client.get("/v1/assumptions/alarm.silent_fraction").json()

    OneAssumption.model_validate(body)
    assert body["assumption"]["value"] < Limits().silent_fraction
    assert body["assumption"]["source"]


def test_a_misspelled_assumption_names_the_nearest(client: httpx.Client) -> None:
    answer = client.get("/v1/assumptions/alarm.silent_fracton")

    assert answer.status_code == 404
    assert "'alarm.silent_fraction'" in answer.json()["expected"]


@pytest.mark.parametrize(
    "column",
    [
        "expected_generated_w",
        "bus_w",
        "compute_w",
        "charge_wh",
        "battery_wh",
        "sunlit_fraction",
        "radiator_k_mean",
    ],
)
def test_numbers_that_are_not_named_do_not_move_the_figure(column: str, tmp_path: Path) -> None:
    """Every number of the class is changed that is not said to go into the column."""
    baseline = baseline_of(segments=("ai1-sso",))
    named = {pattern.rsplit(".", 1)[1] for pattern in OF_SATELLITES[column]}
    changed = {
        name: msgspec.structs.replace(entry, value=_changed(entry))
        for name, entry in baseline.assumptions.items()
        if name.startswith("class.ai1.") and name.rsplit(".", 1)[1] not in named
    }
    other = msgspec.structs.replace(baseline, assumptions={**baseline.assumptions, **changed})

    figures = [
        _figures(tmp_path / str(place), one, column) for place, one in enumerate((baseline, other))
    ]

    assert changed
    assert figures[0] == figures[1]
    assert any(figures[0])


def _changed(entry: Assumption) -> float:
    value = entry.value
    assert not isinstance(value, str)
    return value + 1 if entry.unit == "count" else value * 0.93


def _figures(directory: Path, baseline: Baseline, column: str) -> list[float]:
    """A column of the energy view over a hundred minutes of an orbit."""
    ten_minutes_ns = 10 * MINUTE_NS
    with OneProcess(
        directory, baseline=baseline, seed=7, satellites_count=8, interval_ns=ten_minutes_ns
    ) as twin:
        moments = [Moment(folded.twin, folded.entry.record) for folded in twin.run(10)]
    place = ENERGY.column_names.index(column) - len(ENERGY.column_names)
    return [row[place] for moment in moments for row in ENERGY.rows(moment)]


def why(client: httpx.Client, view: str, key: str, column: str) -> dict[str, Any]:
    asked = {"view": view, "key": key, "column": column}
    body: dict[str, Any] = client.get("/v1/why", params=asked).json()
    return body


def reckoned(part: dict[str, Any]) -> float:
    """The value of a part of revenue from nothing but its formula and terms."""
    words = part["formula"].split(", where")[0].replace("×", "*")
    if words.startswith("Σ"):
        launches = filter(None, part["terms"]["launches"].split(", "))
        return sum(float(each.rsplit(" ", 1)[1]) for each in launches)
    return float(eval(words.replace("1,000,000", "1e6"), {}, part["terms"]))


def test_the_revenue_of_every_line_can_be_reckoned_again_from_the_answer(
    client: httpx.Client,
) -> None:
    rows = client.get("/v1/revenue").json()["rows"]
    keys = [",".join(row[name] for name in VIEWS["revenue"].key_names) for row in rows]

    for key, row in zip(keys, rows, strict=True):
        body = why(client, "revenue", key, "gross_usd")
        parts = body["reckoning"]["parts"]
        if row["line"] == "elimination" or not row["gross_usd"]:
            continue
        assert sum(reckoned(part) for part in parts) == pytest.approx(row["gross_usd"], abs=2e-5)
        assert sum(part["value"] for part in parts) == pytest.approx(row["gross_usd"], abs=1e-9)
    assert sum(row["gross_usd"] > 0 for row in rows) > 5


def test_what_a_row_earns_follows_from_its_other_columns(client: httpx.Client) -> None:
    body = why(client, "revenue", "AI,api_tokens,enterprise", "operating_income_usd")

    said = body["reckoning"]
    assert eval(said["formula"], {}, said["terms"]) == pytest.approx(body["value"], abs=1e-6)


def test_customers_and_their_price_are_named_with_their_assumptions(client: httpx.Client) -> None:
    body = why(client, "revenue", "AI,grok_subscriptions,consumer", "gross_usd")

    names = {each["name"] for each in body["assumptions"]}
    assert {"users.grok.subscribers_count", "price.supergrok_usd_per_month"} <= names
    (part,) = body["reckoning"]["parts"]
    assert part["terms"]["customers_count"] * part["terms"]["usd_per_customer_month"] == (
        pytest.approx(part["terms"]["price_usd"])
    )


def test_events_come_with_what_they_said(client: httpx.Client) -> None:
    body = why(client, "revenue", "AI,compute_contracts,enterprise", "gross_usd")

    (signed,) = (
        each["body"]
        for each in body["events"]
        if each["kind"] == "ContractSigned" and each["body"]["contract_id"] == "anthropic-compute"
    )
    assert float(signed["price_usd"]) == 1.25e9


@pytest.mark.parametrize(
    ("key", "column", "names"),
    [
        (
            "nro-starshield",
            "value_usd",
            {
                "defense.nro-starshield.value_usd",
                "promise.nro-starshield.starts_date",
                "promise.ends_date",
            },
        ),
        (
            "pleo-europe",
            "value_usd",
            {"promise.pleo.value_usd_per_y", "promise.pleo.starts_date", "promise.ends_date"},
        ),
    ],
)
def test_the_worth_of_a_promise_names_what_it_was_agreed_on(client, key, column, names) -> None:
    body = why(client, "commitments", key, column)

    assert {each["name"] for each in body["assumptions"]} == names
    (part,) = body["reckoning"]["parts"]
    assert part["value"] == body["value"]


def test_the_worth_of_a_year_is_the_worth_of_the_promise(client: httpx.Client) -> None:
    body = why(client, "commitments", "pleo-europe", "value_usd")

    (yearly,) = (e["value"] for e in body["assumptions"] if e["name"].endswith("_per_y"))
    (part,) = body["reckoning"]["parts"]
    worth = yearly * part["terms"]["duration_s"] / 31_557_600
    assert worth == pytest.approx(body["value"], abs=0.01)


def test_value_at_risk_is_the_sum_of_its_stakes(client: httpx.Client) -> None:
    key = "group,supplier/SpaceX"
    body = why(client, "risk", key, "value_at_risk_usd")

    parts = body["reckoning"]["parts"]
    stakes = [p["terms"]["worth_usd"] * (1 - p["terms"]["remaining_fraction"]) for p in parts]
    assert len(parts) > 3
    assert sum(stakes) == pytest.approx(body["value"], abs=1e-4)
    assert "defense.nro-starshield.value_usd" in {each["name"] for each in body["assumptions"]}


def test_a_figure_that_is_none_rests_on_nothing(client: httpx.Client) -> None:
    body = why(client, "risk", "group,person/Musk", "replacement_s")

    assert body["value"] is None
    assert body["assumptions"] == []


def test_of_a_pool_in_orbit_the_quantities_are_those_of_all_its_satellites(
    client: httpx.Client,
) -> None:
    rows = client.get("/v1/capacity", params={"segment": "ai1-sso"}).json()["rows"]
    (row,) = (each for each in rows if each["resource"] == "accelerator_count")

    key = f"ai1-sso,{row['region']},accelerator_count"
    said = why(client, "capacity", key, "available_qty")["quantities"]

    counts = {each["name"]: each["value"] for each in said}
    assert counts["reported"] == row["assets_reported_count"] > 0
    assert counts["up"] == row["assets_up_count"]


def test_what_is_no_money_has_no_reckoning(client: httpx.Client) -> None:
    assert why(client, "energy", "sl-53,orbit", "charge_wh")["reckoning"] is None
