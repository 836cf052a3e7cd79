"""Our dashboards in a Grafana that runs: made once, mended where changed, refused in clear words.

Grafana's client takes the place of a package that other tests need, where it is found first: it has
a folder of its own, which is looked into last.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from infra.grafana.applying import apply
from infra.grafana.overview import overview
from infra.usage import BadUsage
from streams.settings import load_settings
from tests.infra.grafana_server import TOKEN, GrafanaLike, served
from tests.servers import IN_CI
from tests.shared_data import required
from twin.errors import TwinError, Unavailable

ROOT = Path(__file__).parents[2]
CLIENT = Path(os.environ.get("GRAFANA_CLIENT") or Path(sys.prefix) / "grafana")
"""Where ``make test`` puts Grafana's client, unless it is elsewhere."""
OPENAPI = ROOT.parent / "shared" / "grafana" / "openapi3.json"
PASSWORD = "for-this-test-alone"
DATABASE = "postgresql+psycopg://twin:secret@db.example:5433/twin"


SETTINGS = {
    "TWIN_GRAFANA_TOKEN": TOKEN,
    "TWIN_DATABASE_URL": DATABASE,
    "TWIN_READER_PASSWORD": PASSWORD,
}
MADE = ["folder Twin: made", "data source Twin: made", "Twin/Overview: made"]
AS_IT_WAS = [line.replace("made", "as it was") for line in MADE]


@pytest.fixture(autouse=True)
def client(monkeypatch: pytest.MonkeyPatch) -> None:
    """Grafana's client can be imported, after everything else."""
    if not CLIENT.exists():
        message = f"no grafana-client in {CLIENT}: 'make test' puts it there"
        pytest.fail(message) if IN_CI else pytest.skip(message)
    monkeypatch.setattr(sys, "path", [*sys.path, str(CLIENT)])


@pytest.fixture
def grafana() -> GrafanaLike:
    return GrafanaLike(password=PASSWORD)


@pytest.fixture
def url(grafana: GrafanaLike) -> Iterator[str]:
    with served(grafana) as address:
        yield address


def applied(url: str, **settings: str) -> list[str]:
    """What 'twin grafana apply' prints."""
    return apply(load_settings(SETTINGS | settings, directory=Path("nowhere")), url)


def test_folder_data_source_and_board_are_made_and_the_second_time_nothing_is_written(
    grafana: GrafanaLike, url: str
) -> None:
    first = applied(url)
    written = list(grafana.written)
    second = applied(url)

    assert (first, second) == (MADE, AS_IT_WAS)
    assert grafana.written == written
    assert grafana.boards["twin-overview"]["meta"]["folderUid"] == "twin"
    kept = grafana.boards["twin-overview"]["dashboard"]
    assert kept == {**overview(), "id": 1, "version": 1}


def test_the_command_prints_what_was_done(url: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "infra.command", "grafana", "apply", "--url", url],
        env=os.environ | SETTINGS | {"PYTHONPATH": f"{ROOT}:{CLIENT}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.splitlines() == MADE


def test_the_data_source_asks_as_the_reader_and_takes_no_ones_place(
    grafana: GrafanaLike, url: str
) -> None:
    applied(url, TWIN_DATABASE_URL=f"{DATABASE}?sslmode=require")

    source = grafana.sources["twin-postgres"]
    assert (source["user"], source["url"]) == ("twin_reader", "db.example:5433")
    assert source["jsonData"]["sslmode"] == "require"
    assert not source["isDefault"]
    assert "secret" not in json.dumps([body for _, _, body in grafana.asked]).replace(
        "secureJsonData", ""
    )


def test_what_was_changed_by_hand_is_as_the_code_says_again(grafana: GrafanaLike, url: str) -> None:
    applied(url)
    grafana.boards["twin-overview"]["dashboard"]["panels"][0]["title"] = "Mine"
    grafana.sources["twin-postgres"] |= {"url": "elsewhere:5432", "isDefault": True}

    again = applied(url)

    assert again[1:] == ["data source Twin: mended", "Twin/Overview: mended"]
    assert grafana.boards["twin-overview"]["dashboard"]["panels"] == overview()["panels"]
    assert grafana.sources["twin-postgres"]["url"] == "db.example:5433"
    assert grafana.sources["twin-postgres"]["isDefault"], "that is for who owns the Grafana"


def test_a_new_password_is_put_in_though_the_old_one_cannot_be_read(
    grafana: GrafanaLike, url: str
) -> None:
    applied(url)
    grafana.password = "another"

    again = applied(url, TWIN_READER_PASSWORD="another")

    assert again[1] == "data source Twin: mended"
    assert grafana.secrets["twin-postgres"] == {"password": "another"}


def test_a_database_that_grafana_does_not_reach_is_told_in_its_own_words(
    grafana: GrafanaLike, url: str
) -> None:
    grafana.password = "another"

    with pytest.raises(Unavailable) as refused:
        applied(url)

    assert "db.example:5433: pq: password authentication failed" in str(refused.value)
    assert "TWIN_READER_PASSWORD" in str(refused.value)
    assert not grafana.boards, "a wall without answers is of no use"


@pytest.mark.parametrize("end", ["", "/"])
def test_a_grafana_below_a_path_is_found_with_and_without_a_slash_at_its_end(
    end: str, grafana: GrafanaLike
) -> None:
    with served(grafana, prefix="/grafana") as url:
        assert applied(f"{url}{end}") == MADE


@pytest.mark.parametrize(
    ("settings", "refused", "said"),
    [
        ({"TWIN_GRAFANA_TOKEN": "another"}, Unavailable, "Unauthorized"),
        ({"TWIN_GRAFANA_TOKEN": ""}, BadUsage, "service account"),
        ({"TWIN_READER_PASSWORD": ""}, BadUsage, "TWIN_READER_PASSWORD"),
        ({"TWIN_DATABASE_URL": "sqlite:////nowhere.db"}, BadUsage, "PostgreSQL"),
        ({"TWIN_DATABASE_URL": "postgresql+psycopg:///twin"}, BadUsage, "PostgreSQL"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_and_nothing_is_written(
    settings: dict[str, str],
    refused: type[TwinError],
    said: str,
    grafana: GrafanaLike,
    url: str,
) -> None:
    with pytest.raises(refused, match=said):
        applied(url, **settings)

    assert not grafana.written


@pytest.mark.parametrize(
    ("address", "refused", "said"),
    [
        ("127.0.0.1:3000", BadUsage, "http://host:port"),
        ("http://", BadUsage, "http://host:port"),
        ("ftp://grafana", BadUsage, "http://host:port"),
        ("http://127.0.0.1:9", Unavailable, "Grafana at http://127.0.0.1:9"),
    ],
)
def test_an_address_where_no_grafana_can_be_is_refused(
    address: str, refused: type[TwinError], said: str
) -> None:
    with pytest.raises(refused, match=said):
        applied(address)


def test_a_site_that_is_no_grafana_is_told_so(grafana: GrafanaLike, url: str) -> None:
    with pytest.raises(Unavailable, match="is no Grafana"):
        applied(f"{url}/somewhere/else")

    assert not grafana.written


def test_every_request_is_one_that_grafana_describes(grafana: GrafanaLike, url: str) -> None:
    described = json.loads(required(OPENAPI).read_text())
    applied(url)
    grafana.sources["twin-postgres"]["url"] = "elsewhere:5432"

    applied(url)

    # Whether it is up is left out of the description.
    asked = [each for each in grafana.asked if each[1] != "/health"]
    assert asked
    for method, path, body in asked:
        operation = _operation(described, method, path)
        if body is not None:
            schema = operation["requestBody"]["content"]["application/json"]["schema"]
            jsonschema_rs.validate({**schema, "components": described["components"]}, body)
            command = described["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
            assert set(body) <= set(command["properties"])


def _operation(described: dict[str, Any], method: str, path: str) -> dict[str, Any]:
    """The description of a request, by the template its path fits."""
    parts = path.strip("/").split("/")
    fitting: list[dict[str, Any]] = [
        operations[method.lower()]
        for template, operations in described["paths"].items()
        if len(names := template.strip("/").split("/")) == len(parts)
        and all(
            name in (part, "{uid}", "{folder_uid}") for name, part in zip(names, parts, strict=True)
        )
        and method.lower() in operations
    ]
    assert fitting, f"{method} {path} is not described"
    return fitting[0]
