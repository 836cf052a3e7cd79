"""One view after a tick: filters by key, forms by Accept."""

from __future__ import annotations

import io
import json
from decimal import Decimal

import httpx
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from api.described import NotAcceptable, accepted
from api.media import Media
from api.schemas.answers import VIEW_PAGES
from api.shapes import said_number
from twin.views import VIEWS


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("at", [None, "2029-01-01T00:09:00Z"])
def test_each_view_has_the_shape_it_is_described_with(
    client: httpx.Client, view: str, at: str | None
) -> None:
    body = client.get(f"/v1/{view}", params={"at": at} if at else {}).json()

    VIEW_PAGES[view].model_validate(body)
    assert body["rows"]
    assert {row["tick"] for row in body["rows"]} == {body["tick"]}


@pytest.mark.parametrize("at", [None, "2029-01-01T00:09:00Z"])
def test_filters_choose_rows_by_exact_keys(client: httpx.Client, at: str | None) -> None:
    asked = {"segment": "ai1-sso", "resource": "accelerator_count"} | ({"at": at} if at else {})
    whole = client.get("/v1/capacity", params={"at": at} if at else {}).json()["rows"]

    rows = client.get("/v1/capacity", params=asked).json()["rows"]

    assert rows == [
        row
        for row in whole
        if (row["segment"], row["resource"]) == ("ai1-sso", "accelerator_count")
    ]
    assert rows


@pytest.mark.parametrize(
    ("path", "name", "value", "nearest"),
    [
        ("/v1/capacity", "segment", "sl-35", "'sl-53'"),
        ("/v1/capacity", "region", "eurpoe", "'europe'"),
        ("/v1/capacity", "resource", "downlink", "'downlink_bps'"),
        ("/v1/energy", "site", "obrit", "'orbit'"),
        ("/v1/health", "source", "world-2092", "'world-2029'"),
        ("/v1/history/energy", "segment", "sl-35", "'sl-53'"),
        ("/v1/revenue", "line", "launch_service", "'launch_services'"),
        ("/v1/revenue", "reporting_segment", "Spaec", "'Space'"),
        ("/v1/commitments", "commitment_id", "pleo-eurpoe", "'pleo-europe'"),
        ("/v1/commitment_windows", "commitment_id", "pleo-eurpoe", "'pleo-europe'"),
        ("/v1/costs", "assumption_set", "lvie", "'live'"),
        ("/v1/ownership", "company", "SpaecX", "'SpaceX'"),
        ("/v1/risk", "node", "segment/sl-35", "'segment/sl-53'"),
        ("/v1/history/commitments", "commitment_id", "pleo-eurpoe", "'pleo-europe'"),
    ],
)
def test_a_misspelled_filter_is_not_an_empty_answer(
    client: httpx.Client, path: str, name: str, value: str, nearest: str
) -> None:
    answer = client.get(path, params={name: value})

    assert answer.status_code == 404
    assert nearest in answer.json()["detail"]


def test_a_window_that_closed_in_another_tick_is_an_empty_answer(client: httpx.Client) -> None:
    asked = {"commitment_id": "three-minutes"}

    answer = client.get("/v1/commitment_windows", params=asked | {"at": "2029-01-01T00:10:00Z"})
    closed = client.get("/v1/history/commitment_windows", params=asked).json()

    assert answer.status_code == 200
    assert answer.json()["rows"] == []
    assert len(closed["rows"]) == 8
    assert {row["outcome"] for row in closed["rows"]} == {"kept"}


def test_a_region_with_nothing_above_it_is_an_empty_answer(client: httpx.Client) -> None:
    known = {row["region"] for row in client.get("/v1/capacity").json()["rows"]}

    answers = [
        client.get("/v1/capacity", params={"segment": "shield-nro", "region": region})
        for region in sorted(known)
    ]

    assert {answer.status_code for answer in answers} == {200}
    assert any(not answer.json()["rows"] for answer in answers)


@pytest.mark.parametrize(
    "path", [*(f"/v1/{view}" for view in VIEWS), "/v1/history/health", "/v1/history/commitments"]
)
def test_every_form_says_the_same_rows(client: httpx.Client, path: str) -> None:
    def body(media: Media) -> bytes:
        answer = client.get(path, headers={"Accept": media}).raise_for_status()
        assert answer.headers["content-type"].split(";")[0] == media
        assert answer.headers["twin-tick"] == "2029-01-01T00:24:00Z"
        return answer.content

    said = json.loads(body(Media.JSON), parse_float=Decimal)["rows"]
    arrow = pa.ipc.open_stream(body(Media.ARROW)).read_all()
    parquet = pa.parquet.read_table(io.BytesIO(body(Media.PARQUET)))
    csv = pa.csv.read_csv(
        io.BytesIO(body(Media.CSV)),
        convert_options=pa.csv.ConvertOptions(
            column_types=_text_ticks(arrow.schema),
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )

    rows = [_as_typed(row, arrow.schema) for row in said]

    assert arrow.schema.metadata[b"twin.tick"] == b"2029-01-01T00:24:00Z"
    assert arrow.schema.field(arrow.schema.names[-1]).metadata[b"meaning"]
    assert arrow.equals(parquet)
    ticks = [row["tick"] for row in rows]
    assert arrow["tick"].cast(pa.timestamp("s", "UTC")).cast(pa.string()).to_pylist() == [
        tick.replace("T", " ") for tick in ticks
    ]
    assert arrow.drop_columns(["tick"]).to_pylist() == [
        {name: value for name, value in row.items() if name != "tick"} for row in rows
    ]
    assert csv.to_pylist() == rows


def test_money_is_exact_in_every_form(client: httpx.Client) -> None:
    asked = {"commitment_id": "three-minutes"}

    text = client.get("/v1/commitments", params=asked).text
    arrow = client.get("/v1/commitments", params=asked, headers={"Accept": Media.ARROW}).content

    (row,) = pa.ipc.open_stream(arrow).read_all().to_pylist()
    assert '"value_usd":1234567.890123,' in text
    assert row["value_usd"] == Decimal("1234567.890123")


def test_rows_of_revenue_sum_to_the_same_in_every_period(client: httpx.Client) -> None:
    asked = {"from": "2029-01-01T00:00:00Z", "to": "2029-01-01T00:24:00Z"}

    def earned(step: str) -> Decimal:
        text = client.get("/v1/history/revenue", params=asked | {"step": step}).text
        rows = json.loads(text, parse_float=Decimal)["rows"]
        return sum((row["recognised_usd"] for row in rows), Decimal(0))

    assert earned("60s") == earned("7m") == earned("24m") > 0


def test_the_form_of_most_weight_wins() -> None:
    said = "text/csv;q=0.3, application/vnd.apache.parquet;q=0.9, */*;q=0.1"

    media = [
        accepted(said, list(Media)),
        accepted("", list(Media)),
        accepted("*/*", list(Media)),
        accepted("text/*", list(Media)),
        accepted("text/html,application/xhtml+xml,*/*;q=0.8", list(Media)),
    ]

    assert media == [Media.PARQUET, Media.JSON, Media.JSON, Media.CSV, Media.JSON]


@pytest.mark.parametrize("accept", ["image/png", "application/json;q=0", "text/html;q=nan"])
def test_a_form_that_is_not_made_is_refused(client: httpx.Client, accept: str) -> None:
    with pytest.raises(NotAcceptable):
        accepted(accept, list(Media))

    answer = client.get("/v1/energy", headers={"Accept": accept})

    assert answer.status_code == 406
    assert answer.json()["field"] == "Accept"
    assert "text/csv" in answer.json()["expected"]


def _as_typed(row: dict[str, object], schema: pa.Schema) -> dict[str, object]:
    """A row of JSON, of which every fraction was read as a decimal, as the columns are typed."""
    return {
        name: float(value)
        if pa.types.is_floating(schema.field(name).type) and value is not None
        else value
        for name, value in row.items()
    }


@pytest.mark.parametrize(
    ("reckoned", "said"),
    [
        (315.09229700000003, 315.092297),
        (0.6 / 3, 0.2),
        (14.962000000000002, 14.962),
        (1 / 3, 1 / 3),
        (1.4025600000000123e13, 1.4025600000000123e13),
        (8000000000000003.0, 8000000000000003.0),
        (8.123456789012344, 8.123456789012344),
        (94_906_265.62425156, 94_906_265.62425156),
        (20_000_000_000.123, 20_000_000_000.123),
        (-0.0, 0.0),
        (7, 7),
        (None, None),
        ("orbit", "orbit"),
    ],
)
def test_a_number_is_said_without_the_traces_of_its_reckoning(
    reckoned: object, said: object
) -> None:
    assert said_number(reckoned) == said


def test_no_figure_has_more_digits_than_it_was_measured_with(client: httpx.Client) -> None:
    rows = client.get("/v1/energy").json()["rows"]

    for row in rows:
        for name in ("generated_w", "charge_wh", "radiator_k_max", "supplied_wh"):
            assert row[name] is None or len(repr(row[name]).partition(".")[2]) <= 3


def _text_ticks(schema: pa.Schema) -> dict[str, pa.DataType]:
    return {f.name: pa.string() if f.name == "tick" else f.type for f in schema}
