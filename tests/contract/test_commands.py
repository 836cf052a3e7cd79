"""Every command says what it did: on standard output as data, on standard error in one line."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from streams.codec import Envelope, outgoing
from streams.log.opening import open_log
from streams.log.port import Outgoing
from tests.contract.conftest import ROOT, Command, as_json, committed, hashes
from tests.streams.test_codec import POISON
from tests.waiting import PATIENCE_S
from twin.errors import BadInput
from twin.identity import Identity, digest_of
from twin.simulate.outbox import ARROW


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short run to look at."""
    return Command(tmp_path_factory.mktemp("run")).demo("--ticks", "8", "--faults")


def test_replay_prints_tick_hash_and_records(twin: Command, folder: Path) -> None:
    whole = as_json(twin.run("replay", "--dir", str(folder), "--json"))
    half = as_json(
        twin.run("replay", "--dir", str(folder), "--json", "--at", "2029-01-01T00:04:30Z")
    )

    assert (whole["records"], whole["hash"]) == (8, hashes(folder)[-1])
    assert whole["tick"] == "2029-01-01T00:08:00Z"
    assert (half["records"], half["hash"]) == (4, hashes(folder)[3])


def test_a_sound_log_is_verified_and_a_flipped_byte_is_named(twin: Command) -> None:
    run = twin.demo("--ticks", "6")
    sound = twin.run("log", "verify", "--dir", str(run))

    db = sqlite3.connect(run / "log.db")
    rows = db.execute(
        "SELECT id, value FROM message WHERE hex(substr(value, 1, 4)) = '54574A31' ORDER BY id"
    ).fetchall()
    spoiled = bytearray(rows[3][1])
    spoiled[len(spoiled) // 2] ^= 1
    db.execute("UPDATE message SET value = ? WHERE id = ?", (bytes(spoiled), rows[3][0]))
    db.commit()
    db.close()
    broken = twin.run("log", "verify", "--dir", str(run))

    assert sound.returncode == 0
    assert broken.returncode == 1
    assert "record 4" in broken.stderr
    assert len(broken.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("command", [("log", "verify"), ("replay",)], ids=" ".join)
def test_a_journal_that_lost_its_last_record_is_not_waited_for(
    twin: Command, folder: Path, command: tuple[str, ...]
) -> None:
    copy, other = twin.folder / "journal", twin.folder / "other"
    for words in (("export", str(copy), "--dir", folder), ("import", str(copy), "--dir", other)):
        assert twin.run("log", *map(str, words)).returncode == 0
    db = sqlite3.connect(other / "log.db")
    db.execute("DELETE FROM message WHERE id = (SELECT max(id) FROM message)")
    db.commit()
    db.close()

    done = twin.run(*command, "--dir", str(other))

    assert done.returncode == 1
    assert "holds no record" in done.stderr
    assert "restore the log from a copy" in done.stderr


def test_an_exported_journal_verifies_and_imports_to_the_same_twin(
    twin: Command, folder: Path
) -> None:
    copy, other = twin.folder / "journal", twin.folder / "other"

    exported = twin.run("log", "export", str(copy), "--dir", str(folder))
    verified = twin.run("log", "verify", str(copy))
    imported = twin.run("log", "import", str(copy), "--dir", str(other))

    assert [done.returncode for done in (exported, verified, imported)] == [0, 0, 0], imported
    assert hashes(other) == hashes(folder)


@pytest.mark.parametrize(
    "words",
    [
        ("demo", "--ticks", "0"),
        ("demo", "--ticks", "many"),
        ("demo", "--speed", "fast"),
        ("demo", "--world", "2030"),
        ("demo", "--start", "tomorrow"),
        ("demo", "--workers", "0"),
        ("demo", "--tick", "7"),
        ("demo", "--unknown"),
        ("worker", "--role", "cook"),
        ("nonsense",),
        ("replay", "--at", "yesterday"),
    ],
    ids=" ".join,
)
def test_bad_usage_is_one_line_and_exit_status_2(twin: Command, words: tuple[str, ...]) -> None:
    more = ("--dir", str(twin.folder / "var")) if words[0] in ("demo", "replay") else ()

    done = twin.run(*words, *more)

    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert done.stderr.startswith("twin: ")


def test_what_fails_is_one_line_and_exit_status_1(twin: Command) -> None:
    done = twin.run("replay", "--dir", str(twin.folder / "nowhere"))

    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_reader_that_has_seen_enough_ends_a_command_quietly(twin: Command, folder: Path) -> None:
    nobody_reads, end = os.pipe()
    os.close(nobody_reads)

    done = subprocess.run(
        [sys.executable, "-m", "infra.command", "log", "tail", "-f", "--dir", str(folder)],
        stdout=end,
        stderr=subprocess.PIPE,
        timeout=PATIENCE_S,
        cwd=ROOT,
    )
    os.close(end)

    assert (done.returncode, done.stderr) == (0, b"")


def test_the_api_says_where_it_listens_and_what_it_waits_for(twin: Command, folder: Path) -> None:
    (twin.folder / "empty").mkdir()

    alone = twin.start(
        *("api", "--port", "0", "--dir", str(twin.folder / "empty")), stdout=subprocess.PIPE
    )
    beside = twin.start("api", "--port", "0", "--dir", str(folder), stdout=subprocess.PIPE)
    nowhere = twin.run("api", "--port", "0", "--dir", str(twin.folder / "nowhere"))

    assert alone.stdout is not None
    assert beside.stdout is not None
    assert "/v1/twin  http://127.0.0.1:" in alone.stdout.readline()
    assert alone.stdout.readline().startswith("nothing is committed yet: waiting for")
    url = beside.stdout.readline().split()[0]
    with urllib.request.urlopen(url, timeout=PATIENCE_S) as answer:
        assert answer.status == 200
    assert (nowhere.returncode, nowhere.stdout) == (1, "")
    assert nowhere.stderr.startswith(f"twin: no folder {twin.folder}/nowhere; give another --dir")
    assert not (twin.folder / "nowhere").exists()
    for process in (alone, beside):
        process.terminate()
        process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0


def test_a_worker_says_what_it_runs_and_what_it_waits_for(twin: Command) -> None:
    process = twin.start(
        *("worker", "--role", "observe", "--dir", str(twin.folder)), stdout=subprocess.PIPE
    )

    assert process.stdout is not None
    assert process.stdout.readline() == (
        f"observe in {twin.folder}: waiting for the ticks that 'twin simulate' publishes;"
        " Ctrl-C stops it\n"
    )
    process.stdout.close()


def test_a_database_that_is_spoiled_is_what_the_watching_process_says(twin: Command) -> None:
    run = twin.demo("--ticks", "2")
    with sqlite3.connect(run / "twin.db") as db:
        db.execute("ALTER TABLE tick RENAME COLUMN hash TO gone")

    done = twin.run("watch", "--dir", str(run))

    assert done.returncode == 1
    assert done.stderr.startswith("twin: the read model: no such column: tick.hash; ")


def test_ticks_of_a_run_that_goes_on_are_told_from_all_there_are(twin: Command) -> None:
    run = twin.demo("--ticks", "2")

    done = twin.run(
        *("demo", "--plain", "--speed", "max", "--ticks", "3", "--port", "0", "--dir", str(run))
    )

    assert "stopped after 3 ticks, now at tick 5, replay agrees to tick 5" in done.stdout


def test_another_world_in_the_same_folder_is_refused(twin: Command, folder: Path) -> None:
    done = twin.run("demo", "--plain", "--dir", str(folder), "--seed", "2", "--ticks", "1")

    assert done.returncode == 2
    assert "seed" in done.stderr


def test_every_poison_is_one_dead_letter_and_the_next_tick_closes(twin: Command) -> None:
    run = twin.demo("--ticks", "3")
    log = open_log(f"log://{run}/log.db")
    # The log itself refuses what is over its topic's limit.
    with pytest.raises(BadInput, match="expected at most"):
        log.append([_poison(99, "huge")])
    names = [name for name in POISON if name != "huge"]
    bad = [_poison(place, name) for place, name in enumerate(names, start=1)]
    log.append([*bad, Outgoing("satellites", 0, None, (), b"no headers", 1)])
    log.close()

    twin.demo("--ticks", "3")

    letters = json.loads(twin.run("dead", "list", "--dir", str(run), "--json").stdout)
    reasons = {letter["event_id"]: letter["reason"] for letter in letters}
    wanted = {f"stranger/1/s/{place}" for place in range(1, len(names) + 1)}
    assert wanted <= set(reasons)
    assert len(letters) == len(names) + 1
    assert any(event_id.startswith("unnamed/0/satellites/0/") for event_id in reasons)
    assert all(len(reason) > 10 for reason in reasons.values())
    assert len(committed(run)) == 6
    assert committed(run) == hashes(run)


def _poison(place: int, name: str) -> Outgoing:
    """The poison of the corpus as a stranger's words, under names of their own."""
    spoiled = POISON[name]
    said = dict(spoiled.headers)
    body = spoiled.value or b""
    envelope = Envelope(
        identity=Identity("stranger", 1, "s", place),
        kind=said["ce_type"].decode(),
        effective_ns=1_861_920_060_000_000_000 + (name == "other tick"),
        label="public",
        digest=bytes(32) if name == "wrong digest" else digest_of(body),
        version=int(said["ce_schemaversion"]),
        content_type=said.get("content-type", ARROW.encode()).decode(),
    )
    return outgoing(envelope, body, topic="satellites", partition=0, key="s", sent_ns=1)
