"""Every service of the compose file that is ours, run as the file says, but without an engine.

Command, environment, order and health checks are the file's; only host names, ports, paths and
secrets are those of this machine. Kafka and PostgreSQL are real ones of our own.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.kafka import broker
from tests.contract.conftest import ROOT
from tests.servers import IN_CI, free_port, needs_servers
from tests.waiting import PATIENCE_S, eventually

IMAGE = "spacex-xai-twin"
HOME = "/var/lib/twin/var"
"""The folder that the image gives its processes, as the Dockerfile says."""


class Native:
    """The services of ours as processes; ``stands_for`` is what a name or a path becomes here."""

    def __init__(self, folder: Path, stands_for: dict[str, str], secrets: dict[str, str]) -> None:
        file = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
        self.services: dict[str, Any] = {
            name: each for name, each in file["services"].items() if each.get("image") == IMAGE
        }
        self._folder, self._stands_for, self._secrets = folder, stands_for, secrets
        self.processes: dict[str, subprocess.Popen[str]] = {}

    def start(self, name: str) -> subprocess.Popen[str]:
        words = [sys.executable, "-m", "infra.command", *self.services[name]["command"]]
        with (self._folder / f"{name}.log").open("w") as output:
            self.processes[name] = subprocess.Popen(
                words,
                env=self.environment(name),
                stdout=output,
                stderr=output,
                text=True,
                cwd=ROOT,
            )
        return self.processes[name]

    def environment(self, name: str) -> dict[str, str]:
        """What the file gives a service, as it reads on this machine."""
        plain = {each: value for each, value in os.environ.items() if not each.startswith("TWIN_")}
        given = {"TWIN_DIR": HOME} | self.services[name]["environment"]
        alive = {"TWIN_ALIVE_FILE": str(self._folder / f"{name}.alive")}
        return plain | {each: self._here(value) for each, value in given.items()} | alive

    def is_healthy(self, name: str) -> bool:
        """What the service's own check comes to."""
        kind, *words = self.services[name]["healthcheck"]["test"]
        assert kind == "CMD"
        here = [self._here(word.replace("$$", "$")) for word in words]
        program = sys.executable if here[0] == "python" else here[0]
        environment = self.environment(name)
        done = subprocess.run([program, *here[1:]], env=environment, capture_output=True)
        return done.returncode == 0

    def said(self) -> str:
        return "\n".join(path.read_text()[-800:] for path in self._folder.glob("*.log"))

    def _here(self, text: str) -> str:
        for name, value in self._stands_for.items():
            text = text.replace(name, value)
        return re.sub(r"\$\{(\w+)[^}]*\}", lambda found: self._secrets[found[1]], text)

    def end(self) -> None:
        for process in self.processes.values():
            if process.poll() is None:
                process.kill()
                process.wait()


@pytest.fixture
def native(tmp_path: Path, postgres_url: str) -> Iterator[Native]:
    needs_servers()
    port, api = free_port(2), free_port(2)
    user, _, place = postgres_url.partition("://")[2].partition("@")
    broker.start(tmp_path / "kafka", port)
    made = Native(
        tmp_path,
        {
            "kafka:9092": f"127.0.0.1:{port}",
            "twin:${POSTGRES_PASSWORD": f"{user.partition(':')[0]}:${{POSTGRES_PASSWORD",
            "@postgres/twin": f"@{place}",
            HOME: str(tmp_path / "var"),
            "0.0.0.0": "127.0.0.1",
            "127.0.0.1:8000": f"127.0.0.1:{api}",
        },
        {"POSTGRES_PASSWORD": user.partition(":")[2], "READER_PASSWORD": "only looking"},
    )
    made.services["api"]["environment"] |= {"TWIN_PORT": str(api)}
    yield made
    made.end()
    broker.stop(tmp_path / "kafka")


def test_every_service_of_ours_runs_as_the_file_says_until_it_is_stopped(native: Native) -> None:
    names = ("worker", "twin", "simulator", "api")
    assert native.services.keys() == {"setup", *names}
    assert native.start("setup").wait(PATIENCE_S) == 0, native.said()

    for name in names:
        assert native.services[name]["depends_on"] == {
            "setup": {"condition": "service_completed_successfully"}
        }
        native.start(name)
    for name in names:
        eventually(lambda service=name: native.is_healthy(service), every_s=0.5)
    url = f"http://127.0.0.1:{native.services['api']['environment']['TWIN_PORT']}"
    eventually(lambda: ticks_of(url) >= 3, every_s=0.5)
    metrics = urllib.request.urlopen(f"{url}/metrics", timeout=PATIENCE_S).read().decode()
    for process in native.processes.values():
        process.terminate()
    statuses = {name: each.wait(PATIENCE_S) for name, each in native.processes.items()}

    assert statuses == dict.fromkeys(("setup", *names), 0), native.said()
    assert "twin_" in metrics


def ticks_of(url: str) -> int:
    """How many ticks are committed, as the API says; 0 before the first."""
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=PATIENCE_S) as answer:
            return int(json.load(answer)["number"])
    except OSError:
        return 0


def test_prometheus_takes_its_configuration() -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        assert not IN_CI, "install the package prometheus"
        pytest.skip("needs promtool: install the package prometheus")

    done = subprocess.run(
        [promtool, "check", "config", str(ROOT / "infra/prometheus/prometheus.yml")],
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stderr
