"""A folder has one world: begun as asked, gone on with as begun, and never told otherwise."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from infra.processes.publishing import make_world
from infra.usage import BadUsage
from infra.world.file import FILE, Asked, kept, refuse_nonsense, settle
from tests.simulate.test_launch_log import ROW, gcat
from twin.errors import BrokenInvariant
from twin.events import DemandObserved, LaunchFlown, SourceRegistered

TRACE = """TIMESTAMP,ContextTokens,GeneratedTokens
2023-11-16 18:15:46.6805900,374,44
"""
ELEMENTS = """STARLINK-1
1 44713U 19074A   26150.50000000  .00001000  00000-0  80000-4 0  9990
2 44713  53.0500 100.0000 0001400  90.0000 270.0000 15.06000000360000
"""


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    """One good satellite, with the checksums its lines ask for."""
    path = tmp_path / "elements.tle"
    lines = [_summed(line) if line[0] in "12" else line for line in ELEMENTS.splitlines()]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def launches(tmp_path: Path) -> Path:
    """A launch that flew at half past four in the afternoon of 2025-10-29."""
    path = tmp_path / "log.txt"
    path.write_bytes(gcat(ROW))
    return path


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    """One request."""
    path = tmp_path / "requests"
    path.write_text(TRACE)
    return path


def _summed(line: str) -> str:
    digits = sum(int(each) for each in line[:68].replace("-", "1") if each.isdigit())
    return line[:68] + str(digits % 10)


def test_without_being_asked_it_is_the_assumed_world_from_its_opening(tmp_path: Path) -> None:
    choice = settle(tmp_path, Asked()).choice

    assert (choice.world, choice.start, choice.tick_s) == ("2029", "2029-01-01T00:00:00Z", 60.0)
    assert not choice.has_faults
    assert kept(tmp_path) == choice


def test_a_catalogue_starts_at_the_minute_of_its_newest_elements(
    tmp_path: Path, catalogue: Path
) -> None:
    folder = tmp_path / "var"

    choice = settle(folder, Asked(catalogue=catalogue)).choice

    assert (choice.world, choice.start) == ("2026", "2026-05-30T12:00:00Z")
    assert make_world(folder, choice).satellites_count == 1


def test_the_world_of_a_catalogue_says_that_its_satellites_are_of_one(
    tmp_path: Path, catalogue: Path
) -> None:
    world = make_world(tmp_path, settle(tmp_path, Asked(catalogue=catalogue)).choice)

    _, tick = world.step(world.start())

    (body,) = [sent.body for sent in tick.messages if sent.kind == SourceRegistered.__name__]
    assert msgspec.json.decode(body, type=SourceRegistered).description == (
        "Satellites of a catalogue on their orbits, ground sites of world 2026."
    )


def test_a_launch_log_starts_with_its_launches_and_a_trace_with_the_world(
    tmp_path: Path, launches: Path, trace: Path
) -> None:
    logged = settle(tmp_path / "logged", Asked(launches=launches)).choice
    traced = settle(tmp_path / "traced", Asked(llm_trace=trace)).choice

    assert (logged.world, logged.start) == ("2026", "2025-10-29T16:00:00Z")
    assert (traced.world, traced.start) == ("2029", "2029-01-01T00:00:00Z")


def test_with_all_three_files_it_starts_with_the_catalogue(
    tmp_path: Path, catalogue: Path, launches: Path, trace: Path
) -> None:
    asked = Asked(catalogue=catalogue, launches=launches, llm_trace=trace)

    choice = settle(tmp_path / "var", asked).choice

    assert choice.start == "2026-05-30T12:00:00Z"
    assert choice.inputs == ("launches of a log", "requests of a trace")


def test_a_world_flies_the_launches_and_gets_the_requests_of_the_copies_in_its_folder(
    tmp_path: Path, launches: Path, trace: Path
) -> None:
    settle(tmp_path / "var", Asked(launches=launches, llm_trace=trace))
    launches.unlink()
    trace.unlink()

    world = make_world(tmp_path / "var", settle(tmp_path / "var", Asked()).choice)

    state, bodies = world.start(), b""
    for _ in range(40):
        state, tick = world.step(state)
        bodies += b"".join(sent.body for sent in tick.messages if sent.kind == LaunchFlown.__name__)
        asked = [sent.body for sent in tick.messages if sent.kind == DemandObserved.__name__]
    assert b'"launch_id":"2025-245"' in bodies
    assert b'"B1083"' in bodies
    rows = [row for body in asked for row in msgspec.json.decode(body, type=DemandObserved).rows]
    # The trace of one second comes again in each: sixty times a minute.
    (grok,) = [row for row in rows if row.service == "grok"]
    assert grok.input_tok == 374 * grok.requests_count
    assert grok.requests_count % 60 == 0


def test_the_world_says_that_launches_and_requests_are_real(
    tmp_path: Path, launches: Path, trace: Path
) -> None:
    choice = settle(tmp_path / "var", Asked(launches=launches, llm_trace=trace)).choice
    world = make_world(tmp_path / "var", choice)

    _, tick = world.step(world.start())

    (body,) = [sent.body for sent in tick.messages if sent.kind == SourceRegistered.__name__]
    said = msgspec.json.decode(body, type=SourceRegistered).description
    assert said.endswith(" Launches of a log. Requests of a trace.")


@pytest.mark.parametrize("option", ["launches", "llm_trace"])
def test_a_file_that_changed_in_the_folder_is_not_used(
    tmp_path: Path, launches: Path, trace: Path, option: str
) -> None:
    asked = Asked(launches=launches, llm_trace=trace)
    folder = tmp_path / "var"
    choice = settle(folder, asked).choice
    copy = {"launches": "launches.csv", "llm_trace": "llm-trace.csv"}[option]
    (folder / copy).write_text("otherwise")

    with pytest.raises(BrokenInvariant, match=copy):
        make_world(folder, choice)


@pytest.mark.parametrize("option", ["launches", "llm_trace"])
def test_a_world_that_was_begun_without_a_file_takes_none(
    tmp_path: Path, launches: Path, trace: Path, option: str
) -> None:
    path = {"launches": launches, "llm_trace": trace}[option]
    settle(tmp_path / "var", Asked())

    with pytest.raises(BadUsage, match=f"--{option.replace('_', '-')} a file of SHA-256 .*none"):
        settle(tmp_path / "var", Asked(**{option: path}))


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("launches", "a table without the column LV_Type"),
        ("llm_trace", "expected the columns TIMESTAMP,ContextTokens,GeneratedTokens"),
    ],
)
def test_a_file_of_another_kind_is_refused_with_what_was_expected(
    tmp_path: Path, option: str, said: str
) -> None:
    path = tmp_path / "other.txt"
    path.write_text("name,size\nx,1\n")

    with pytest.raises(BadUsage) as refusal:
        settle(tmp_path / "var", Asked(**{option: path}))

    assert str(refusal.value).startswith(f"{path}: ")
    assert said in str(refusal.value)
    assert kept(tmp_path / "var") is None


def test_a_folder_of_the_release_before_has_no_such_files(tmp_path: Path) -> None:
    choice = settle(tmp_path, Asked()).choice
    fields = msgspec.json.decode((tmp_path / FILE).read_bytes())
    del fields["launches"], fields["llm_trace"]
    (tmp_path / FILE).write_bytes(msgspec.json.encode(fields))

    assert kept(tmp_path) == choice


def test_it_goes_on_when_nothing_or_the_same_is_asked(tmp_path: Path) -> None:
    begun = settle(tmp_path, Asked(seed=7, tick_s=1.0)).choice

    again = settle(tmp_path, Asked()).choice
    same = settle(tmp_path, Asked(seed=7, start="2029-01-01T00:00:00.000Z")).choice

    assert begun == again == same


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        (Asked(world="2026"), "--world 2026; expected 2029"),
        (Asked(seed=2), "--seed 2; expected 1"),
        (Asked(start="2029-01-02T00:00:00Z"), "--start 2029-01-02"),
        (Asked(tick_s=1.0), "--tick 1; expected 60"),
        (Asked(has_faults=True), "--faults on; expected off"),
        (Asked(satellites_count=9), "--satellites 9; expected none"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_another_world_is_refused_saying_what_stands(
    tmp_path: Path, asked: Asked, named: str
) -> None:
    settle(tmp_path, Asked())

    with pytest.raises(BadUsage, match=named):
        settle(tmp_path, asked)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (Asked(world="2030"), "unknown world '2030'"),
        (Asked(start="tomorrow"), "--start='tomorrow'; expected an RFC 3339 instant"),
        (Asked(tick_s=7.0), "--tick 7; expected seconds that divide an hour"),
        (Asked(tick_s=0.0), "--tick 0;"),
        (Asked(tick_s=float("nan")), "--tick nan;"),
        (Asked(tick_s=float("inf")), "--tick inf;"),
        (Asked(catalogue=Path("nowhere.tle")), "nowhere.tle: No such file"),
        (Asked(launches=Path("nowhere.csv")), "nowhere.csv: No such file"),
        (Asked(llm_trace=Path("nowhere.csv")), "nowhere.csv: No such file"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_makes_no_world_is_refused_by_its_option(asked: Asked, said: str) -> None:
    with pytest.raises(BadUsage) as refusal:
        refuse_nonsense(asked)

    assert str(refusal.value).startswith(said)


def test_a_file_that_is_no_catalogue_is_named_and_nothing_is_kept(tmp_path: Path) -> None:
    (tmp_path / "bad.tle").write_text("1 xx\n")

    with pytest.raises(BadUsage) as refusal:
        settle(tmp_path, Asked(catalogue=tmp_path / "bad.tle"))

    assert str(refusal.value).startswith(f"{tmp_path}/bad.tle: no satellite could be read")
    assert kept(tmp_path) is None


def test_a_catalogue_that_changed_in_the_folder_is_not_flown(
    tmp_path: Path, catalogue: Path
) -> None:
    folder = tmp_path / "var"
    choice = settle(folder, Asked(catalogue=catalogue)).choice
    (folder / "catalogue.tle").write_text(ELEMENTS)

    with pytest.raises(BrokenInvariant, match="catalogue"):
        make_world(folder, choice)


def test_a_spoiled_world_file_is_named(tmp_path: Path) -> None:
    choice = settle(tmp_path, Asked()).choice
    (tmp_path / FILE).write_bytes(msgspec.json.encode(choice)[:-5])

    with pytest.raises(BrokenInvariant, match=FILE):
        kept(tmp_path)
