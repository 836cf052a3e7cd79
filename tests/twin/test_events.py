"""Every kind reads for ever: a golden body of each, and upcasting on the way in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.twin import words
from twin import events
from twin.errors import Poison, UnknownKind
from twin.events import KINDS, UPCASTERS, Body, Event, Kind, fact
from twin.identity import Identity

GOLDEN = Path(__file__).parent.parent / "golden" / "events"

RARE = sorted(name for name, kind in KINDS.items() if not name.endswith("FrameReported"))


def event(kind: str, body: bytes, version: int = 1) -> Event:
    return Event(Identity("w", 1, "s", 1), kind, words.START_NS, "public", body, version)


@pytest.mark.parametrize("name", RARE)
def test_every_version_of_every_kind_still_reads(name: str) -> None:
    for version in range(1, KINDS[name].version + 1):
        golden = json.loads((GOLDEN / f"{name}.{version}.json").read_text())

        read = fact(event(name, json.dumps(golden["body"]).encode(), version))

        assert json.loads(msgspec.json.encode(read)) == golden["reads_as"]


def test_there_is_no_golden_file_of_a_kind_nobody_knows() -> None:
    assert {path.name.split(".")[0] for path in GOLDEN.glob("*.json")} == set(RARE)


class RenamedThing(Body, frozen=True):
    altitude_km: float


@pytest.fixture
def _renamed(monkeypatch: pytest.MonkeyPatch) -> None:
    def to_version_2(plain: dict[str, Any]) -> dict[str, Any]:
        return {"altitude_m": plain["altitude"] * 1000.0}

    def to_version_3(plain: dict[str, Any]) -> dict[str, Any]:
        return {"altitude_km": plain["altitude_m"] / 1000.0}

    kind = Kind(
        "RenamedThing", "satellites", events.Nature.GIVEN, events.Phase.ASSETS, 3, RenamedThing
    )
    monkeypatch.setitem(KINDS, "RenamedThing", kind)
    monkeypatch.setitem(UPCASTERS, ("RenamedThing", 1), to_version_2)
    monkeypatch.setitem(UPCASTERS, ("RenamedThing", 2), to_version_3)


@pytest.mark.usefixtures("_renamed")
@pytest.mark.parametrize(
    ("version", "body"),
    [(1, b'{"altitude": 550}'), (2, b'{"altitude_m": 550000}'), (3, b'{"altitude_km": 550}')],
)
def test_an_old_version_is_brought_up_one_step_at_a_time(version: int, body: bytes) -> None:
    assert fact(event("RenamedThing", body, version)) == RenamedThing(altitude_km=550.0)


def test_a_version_from_the_future_says_upgrade() -> None:
    with pytest.raises(UnknownKind, match="upgrade the twin first"):
        fact(event("AssumptionSet", b"{}", version=99))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"shard": "a"}',
        b'{"shard": 1, "segment": "b"}',
        b'{"shard": "a", "segment": "b", "segmnt": "c"}',
        b'{"shard": "\xff", "segment": "b"}',
        b"[" * 100_000,
        b'{"shard": "a", "segment": ' + b"9" * 400 + b"}",
    ],
    ids=range(10),
)
def test_a_body_that_is_not_what_its_kind_says_is_poison(body: bytes) -> None:
    with pytest.raises(Poison, match="ShardOpened"):
        fact(event("ShardOpened", body))
