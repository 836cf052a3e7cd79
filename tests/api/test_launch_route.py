"""What is to fly, what flew, and what flies it: read from the twin as of a tick."""

from __future__ import annotations

import io
from decimal import Decimal

import httpx
import pyarrow as pa
import pyarrow.csv
import pytest

from api.launches import BOOSTER, LAUNCH, VEHICLE
from api.media import Media
from api.schemas.group import LaunchPage
from tests.api.test_satellite_routes import pages
from tests.one_process import OneProcess
from twin.events import BoosterRecovered, LaunchFlown, LaunchScheduled, VehicleStatusChanged
from twin.units import instant_text

PRICE_USD = Decimal("74000000.123456")


def scheduled(number: int, **changes: object) -> LaunchScheduled:
    fields: dict[str, object] = {
        "launch_id": f"told-{number}",
        "vehicle": "falcon-heavy",
        "site": "lc-39a",
        "customer": "Astrobotic",
        "is_internal": False,
        "payload_kg": 6_500.5,
        "orbit": "TLI",
        "net_at": f"2029-02-{number:02d}T00:00:00Z",
        "price_usd": PRICE_USD,
    }
    return LaunchScheduled(**(fields | changes))


@pytest.fixture
def told(own: OneProcess) -> OneProcess:
    """Three launches of which one flew, with a booster that came back."""
    for number in (3, 1, 2):
        own.tell(scheduled(number))
    own.run(1)
    own.tell(
        LaunchFlown(
            launch_id="told-1",
            booster_id="B1090",
            flight_count=7,
            outcome="success",
            delivered_kg=6_400.0,
            cost_usd=Decimal("28000000"),
        )
    )
    own.run(1)
    own.tell(BoosterRecovered("B1090", True, 7, "2029-01-20T00:00:00Z"))
    own.run(1)
    return own


def test_a_page_has_the_shape_it_is_described_with(client: httpx.Client) -> None:
    body = client.get("/v1/launches").json()

    LaunchPage.model_validate(body)
    for name, shape in (("rows", LAUNCH), ("boosters", BOOSTER), ("vehicles", VEHICLE)):
        assert body[name], name
        assert set(body[name][0]) == {column.name for column in shape.columns}
    assert {row["basis"] for row in body["rows"]} == {"assumed"}
    assert body["matched_count"] == len(body["rows"])
    assert body["boosters_count"] == len(body["boosters"])


def test_launches_are_in_order_of_time_and_pages_join_to_all_of_them(client: httpx.Client) -> None:
    whole = client.get("/v1/launches").json()["rows"]

    found = [row for page in pages(client, "/v1/launches?limit=2") for row in page.json()["rows"]]

    assert len(whole) > 2
    assert found == whole
    assert [row["flown"] or row["net"] for row in whole] == sorted(
        row["flown"] or row["net"] for row in whole
    )


def test_satellites_of_a_flown_launch_are_those_that_joined_the_fleet(
    client: httpx.Client, town: OneProcess
) -> None:
    flown = client.get("/v1/launches", params={"status": "flown"}).json()["rows"]

    deployed = [row for row in flown if row["deployed_count"]]
    assert deployed
    assert all(row["deployed_count"] <= row["satellites_count"] for row in flown)
    assert all((row["outcome"], row["segment"]) != (None, None) for row in deployed)


def test_what_flew_has_left_the_manifest_with_all_that_is_known_of_it(
    told: OneProcess, serve_own: httpx.Client
) -> None:
    body = serve_own.get("/v1/launches", params={"customer": "Astrobotic"}).json()

    first, *rest = body["rows"]
    assert [row["launch_id"] for row in rest] == ["told-2", "told-3"]
    assert [row["status"] for row in body["rows"]] == ["flown", "scheduled", "scheduled"]
    assert first["launch_id"] == "told-1"
    assert (first["outcome"], first["booster_id"], first["flight_count"]) == ("success", "B1090", 7)
    assert (first["delivered_kg"], first["payload_kg"]) == (6_400, 6_500.5)
    assert rest[0]["booster_id"] is rest[0]["flown"] is rest[0]["cost_usd"] is None


def test_money_is_exact(told: OneProcess, serve_own: httpx.Client) -> None:
    asked = {"customer": "Astrobotic", "limit": 1}

    text = serve_own.get("/v1/launches", params=asked).text
    table = pa.ipc.open_stream(
        serve_own.get("/v1/launches", params=asked, headers={"Accept": Media.ARROW}).content
    ).read_all()

    assert f'"price_usd":{PRICE_USD}' in text
    assert table.column("price_usd").to_pylist() == [PRICE_USD]
    assert table.schema.field("delivered_kg").metadata[b"unit"] == b"kg"


def test_a_booster_says_how_often_it_flew_and_when_it_may_again(
    told: OneProcess, serve_own: httpx.Client
) -> None:
    now = serve_own.get("/v1/launches", params={"vehicle": "falcon-heavy"}).json()
    before = instant_text(told.tick_ns(4))
    then = serve_own.get("/v1/launches", params={"vehicle": "falcon-heavy", "at": before}).json()

    mine = {b["booster_id"]: b for b in now["boosters"]}["B1090"]
    flying = {b["booster_id"]: b for b in then["boosters"]}["B1090"]
    assert (mine["status"], mine["flights_count"]) == ("refurbishing", 7)
    assert mine["ready"] == "2029-01-20T00:00:00Z"
    assert (flying["status"], flying["ready"]) == ("flying", None)
    assert {booster["vehicle"] for booster in now["boosters"]} == {"falcon-heavy"}


def test_the_past_is_as_it_was_known_then(told: OneProcess, serve_own: httpx.Client) -> None:
    asked = {"customer": "Astrobotic"}

    at_3 = serve_own.get("/v1/launches", params=asked | {"at": instant_text(told.tick_ns(3))})
    at_2 = serve_own.get("/v1/launches", params=asked | {"at": instant_text(told.tick_ns(2))})

    assert {row["status"] for row in at_3.json()["rows"]} == {"scheduled"}
    assert at_2.status_code == 404
    assert at_2.json()["field"] == "customer"


def test_a_grounded_rocket_grounds_what_rides_on_it(
    own: OneProcess, serve_own: httpx.Client
) -> None:
    own.tell(scheduled(1, vehicle="dragon"))
    own.tell(VehicleStatusChanged("falcon9", "grounded", "upper stage", "2029-03-01T00:00:00Z"))
    own.run(1)

    body = serve_own.get("/v1/launches").json()

    found = {row["vehicle"]: row for row in body["vehicles"]}
    assert found["falcon9"]["status"] == "grounded"
    assert found["falcon9"]["until"] == "2029-03-01T00:00:00Z"
    assert found["dragon"]["status"] == "active"
    assert not found["dragon"]["can_fly"]
    assert found["dragon"]["reason"] == "falcon9 is grounded: upper stage"


@pytest.mark.parametrize("media", [m for m in Media if m is not Media.JSON])
def test_the_same_launches_come_in_every_form(client: httpx.Client, media: Media) -> None:
    ids = [row["launch_id"] for row in client.get("/v1/launches").json()["rows"]]

    answer = client.get("/v1/launches", headers={"Accept": media})

    assert answer.headers["content-type"].startswith(media)
    assert answer.headers["twin-tick"]
    table = {
        Media.CSV: lambda data: pyarrow.csv.read_csv(io.BytesIO(data)),
        Media.ARROW: lambda data: pa.ipc.open_stream(data).read_all(),
        Media.PARQUET: lambda data: pa.parquet.read_table(io.BytesIO(data)),
    }[media](answer.content)
    assert table.column("launch_id").to_pylist() == ids
    assert table.column_names == [column.name for column in LAUNCH.columns]


@pytest.mark.parametrize(
    ("asked", "status", "field"),
    [
        ({"status": "gone"}, 422, "status"),
        ({"outcome": "flop"}, 422, "outcome"),
        ({"limit": "1001"}, 422, "limit"),
        ({"after": "-1"}, 422, "after"),
        ({"vehicle": "falcon"}, 404, "vehicle"),
        ({"customer": "spacecs"}, 404, "customer"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_name(
    client: httpx.Client, asked: dict[str, str], status: int, field: str
) -> None:
    answer = client.get("/v1/launches", params=asked)

    assert (answer.status_code, answer.json()["field"]) == (status, field)
    assert answer.json()["expected"]


def test_a_launch_that_a_branch_keeps_on_the_ground_says_why(client: httpx.Client) -> None:
    asked = {"branch": "starship-grounded", "vehicle": "starship", "status": "scheduled"}

    rows = client.get("/v1/launches", params=asked).json()["rows"]
    live = client.get("/v1/launches", params={**asked, "branch": "live"}).json()["rows"]

    reasons = {row["launch_id"]: row["grounded_reason"] for row in rows}
    assert reasons
    assert all("starship is grounded: mishap" in str(reason) for reason in reasons.values())
    assert {row["launch_id"] for row in live} == {*reasons}
    assert {row["grounded_reason"] for row in live} == {None}
