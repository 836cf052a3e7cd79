"""The README is true: its commands run, and nothing a user meets is left out."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.app import create_app
from infra.command import app as command_line
from infra.costs.today import answer_today, verdict
from streams.settings import SETTINGS, load_settings
from streams.store import queries
from streams.store.tables import LIVE
from tests.one_process import OneProcess
from tests.servers import free_port, needs_servers
from twin.baseline import load
from twin.events import KINDS
from twin.units import parse_instant
from twin.views import VIEWS, View

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
CLAIMS = " ".join(README.split("## What it says of two claims")[1].split("\n## ")[0].split())
COMMANDS = [line[2:] for line in README.splitlines() if line.startswith("$ ")]
# One demo serves them all, so they run in one process.
pytestmark = pytest.mark.xdist_group("readme")
PORT = free_port()
START_S = 180.0


def test_every_setting_is_described_as_it_is() -> None:
    for setting in SETTINGS:
        default = re.escape(setting.default.strip("`"))
        shown = f"`{default}` " if default else ""
        row = rf"\| `{setting.variable}` \| {re.escape(setting.meaning)} \| {shown}\|"
        assert re.search(row, README), setting.variable


def test_every_route_is_described(tmp_path: Path) -> None:
    described = set(re.findall(r"`GET (/[^`?]*)`", README))
    paths = set(create_app(load_settings({}, directory=tmp_path)).openapi()["paths"])

    assert described - {"/", "/docs", "/openapi.json"} == paths


def test_every_event_view_and_column_is_described() -> None:
    named = set(re.findall(r"`(\w+)`", README))
    wanted = {*KINDS, *VIEWS}
    for view in VIEWS.values():
        wanted |= {*view.column_names}

    assert wanted - named == set()


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_no_column_is_described_that_a_view_does_not_have(view: View) -> None:
    (row,) = re.findall(rf"^\| `{view.name}` \|.*\| (.*) \|$", README, re.MULTILINE)

    assert set(re.findall(r"`(\w+)`", row)) <= set(view.column_names)


def test_no_event_is_described_that_there_is_not() -> None:
    table = README.split("## Events")[1].split("Messages are CloudEvents")[0]
    outcomes = {"AlarmChanged", "CommitmentStatusChanged", "WorkloadAllocated"}

    assert set(re.findall(r"`([A-Z]\w+)`", table)) == {*KINDS, *outcomes}


def test_every_command_of_the_command_line_is_described() -> None:
    commands = [each for each in command_line.registered_commands if not each.hidden]
    names = {each.name or each.callback.__name__ for each in commands}
    names |= {each.name for each in command_line.registered_groups}

    described = {name for name in names if re.search(rf"(`|twin ){name}\b", README)}

    # Whoever installs it has done that already.
    assert names - described == {"warm"}


def test_every_link_leads_somewhere() -> None:
    for readme in ROOT.glob("*/README.md"):
        for link in re.findall(r"\]\(([^)#:]+)\)", readme.read_text()):
            assert (readme.parent / link).exists(), f"{readme}: {link}"
    for link in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / link).exists(), link


def test_every_make_target_named_exists() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for command in COMMANDS:
        if command.startswith("make "):
            assert re.search(rf"^{command.split()[1]}:", makefile, re.MULTILINE), command


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The demo as it runs without a terminal, fast enough to have a past."""
    folder = tmp_path_factory.mktemp("readme") / "var"
    arguments = ["--dir", str(folder), "--port", str(PORT), "--speed", "600"]
    process = subprocess.Popen(
        [sys.executable, "-m", "infra.command", "demo", "--plain", *arguments],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    )
    try:
        _wait_for_tick(35)
        yield folder
    finally:
        process.terminate()
        assert process.wait(90) == 0


def _wait_for_tick(number: int) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://localhost:{PORT}/v1/health") as answer:
                if int(re.search(rb'"number":(\d+)', answer.read())[1]) >= number:
                    return
        except OSError:
            pass
        time.sleep(0.2)
    pytest.fail(f"no tick {number} within {START_S} s")


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.startswith("curl ")])
def test_every_question_of_the_readme_gets_an_answer(command: str, demo: Path) -> None:
    words = shlex.split(command.replace("localhost:8000", f"localhost:{PORT}"))
    if "-sN" in words:
        words += ["--max-time", "3"]

    answer = subprocess.run(
        [*words, "-w", "\n%{http_code}"], capture_output=True, text=True, timeout=60
    )

    assert answer.stdout.rsplit("\n", 1)[1] == ("201" if "-d" in words else "200")
    assert len(answer.stdout) > 100


def test_what_the_readme_shows_of_a_tick_is_what_that_tick_says(demo: Path) -> None:
    shown = json.loads(README.split("```json\n")[1].split("```")[0])
    question = f"http://localhost:{PORT}/v1/energy?segment=ai1-sso&at={shown['tick']}"
    line = next(line for line in README.splitlines() if line.startswith(f"{shown['tick']}  tick "))

    with urllib.request.urlopen(question) as answer:
        said = json.load(answer)

    assert said["hash"].startswith(shown["hash"].rstrip("…"))
    assert f"hash {said['hash'][:12]} " in line
    assert (said["branch"], said["number"]) == (shown["branch"], shown["number"])
    (row,), (shown_row,) = said["rows"], shown["rows"]
    assert {name: row[name] for name in shown_row if name != "…"} | {"…": "…"} == shown_row


def test_what_the_readme_says_of_space_is_what_twin_costs_says() -> None:
    today = answer_today({})
    said = verdict(today)
    ratios = [f"{s.ratio('accelerator_hour_usd'):.2f} x {s.assumed.name}" for s in today.sides]

    assert f"{said[0].upper()}{said[1:]}. " in CLAIMS
    assert f"An accelerator-hour in orbit costs {', '.join(ratios)}," in CLAIMS


def test_what_the_readme_says_of_one_private_actor_is_what_the_twin_says(tmp_path: Path) -> None:
    start_ns = parse_instant("2026-08-22T00:00:00Z")
    with OneProcess(
        tmp_path, baseline=load("2026"), start_ns=start_ns, satellites_count=400
    ) as twin:
        twin.run(2)
        with twin.engine.begin() as db:
            tick = queries.latest_tick(db, LIVE)
            filters = {"node": "person/Musk"}
            rows = queries.view_rows(db, "risk", LIVE, tick.tick_ns, filters=filters)
    of = {row["subject"]: row for row in rows}
    government, pleo = of["customer/us-government"], of["purchase/pleo"]
    others_fraction = of["purchase/nssl-phase3"]["remaining_after_loss_fraction"]
    single = {name for name in of if of[name]["is_single_point"] == "yes"}
    promises = {name for name in single if name.startswith("commitment/")}
    of_companies = {f"commitment/starlink-priority-{at}" for at in ("europe", "north-america")}

    assert promises - of_companies == {"commitment/nro-starshield", "commitment/classified-grok"}
    assert f"For 2 of {government['dependent_commitments_count']} promises" in CLAIMS
    assert f"others have {100 * others_fraction:.0f} % of" in CLAIMS
    assert f"where {pleo['min_cut_count']} may bid" in CLAIMS
    assert f"ordered there {100 * pleo['group_share_fraction']:.0f} % is" in CLAIMS
    assert f"{100 * government['remaining_after_loss_fraction']:.0f} % of all" in CLAIMS


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.startswith(".venv/bin/twin ")])
def test_every_twin_command_of_the_readme_succeeds(
    command: str, demo: Path, tmp_path: Path
) -> None:
    words = shlex.split(command.removeprefix(".venv/bin/twin "))
    folders = {"var": str(demo)}
    folders |= {name: str(tmp_path / name) for name in ("var-faults", "var-2026")}
    words = [folders.get(word, word) for word in words]
    more = ["--port", "0"] if words[0] == "demo" else []
    if more and "--ticks" not in words:
        more += ["--plain", "--ticks", "2", "--speed", "max"]
    if words[:2] == ["dead", "list"]:
        _twin(
            "demo",
            "--plain",
            "--ticks",
            "12",
            "--speed",
            "max",
            "--faults",
            "--port",
            "0",
            "--dir",
            folders["var-faults"],
        )

    answer = _twin(*words, *more)

    assert answer.strip()


def test_what_the_readme_says_of_a_broker_and_a_database_works() -> None:
    """Its lines as they stand, but for folders, ports and the length of the demo."""
    needs_servers()
    block = next(block for block in README.split("```sh\n")[1:] if "twin kafka" in block)
    script = block.split("```")[0]
    with tempfile.TemporaryDirectory(prefix="twin-readme-") as folder:
        Path(folder).chmod(0o755)
        for words, ours in (
            (".venv/bin/twin", f"{sys.executable} -m infra.command"),
            ("var/", f"{folder}/"),
            ("9092", str(free_port(2))),
            ("5432", str(free_port(2))),
            (
                "demo --workers 2",
                f"demo --workers 2 --plain --ticks 3 --speed max --port 0"
                f" --satellites 200 --dir {folder}/demo",
            ),
            ("twin topics", f"twin topics --dir {folder}/demo"),
        ):
            script = script.replace(words, ours)
        done = subprocess.run(
            ["bash", "-eu", "-c", script],
            cwd=ROOT,
            env={name: value for name, value in os.environ.items() if name[:5] != "TWIN_"},
            capture_output=True,
            text=True,
            timeout=300,
        )

    assert done.returncode == 0, done.stderr
    assert "journal" in done.stdout
    assert "stopped after 3 ticks, replay agrees to tick 3" in done.stdout


def _twin(*words: str) -> str:
    environment = {name: value for name, value in os.environ.items() if name[:5] != "TWIN_"}
    done = subprocess.run(
        [sys.executable, "-m", "infra.command", *words],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
