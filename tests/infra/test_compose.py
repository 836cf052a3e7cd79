"""The compose file: valid by its specification, and every service of ours says whether it lives."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docker-compose.yml"


@pytest.fixture
def services() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(FILE.read_text())["services"]
    return found


def test_it_is_valid_by_the_compose_specification() -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "check_jsonschema"),
            *("--builtin-schema", "vendor.compose-spec", str(FILE)),
        ],
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stdout


def test_every_service_that_stays_has_a_health_check_and_starts_again(
    services: dict[str, Any],
) -> None:
    staying = {name: each for name, each in services.items() if each["restart"] != "no"}

    assert services.keys() - staying.keys() == {"setup"}
    assert [name for name, each in staying.items() if "test" not in each["healthcheck"]] == []
    assert {each["restart"] for each in staying.values()} == {"unless-stopped"}


def test_nobody_waits_for_a_mere_start(services: dict[str, Any]) -> None:
    conditions = [
        awaited["condition"]
        for each in services.values()
        for awaited in each.get("depends_on", {}).values()
    ]

    assert conditions
    assert set(conditions) <= {"service_healthy", "service_completed_successfully"}


def test_no_secret_has_a_default(services: dict[str, Any]) -> None:
    text = FILE.read_text()

    secrets = [line for line in text.splitlines() if "PASSWORD}" in line or "PASSWORD:-" in line]

    assert secrets == []
    assert all("_PASSWORD:?" in line for line in text.splitlines() if "${" in line)


@pytest.mark.parametrize(
    ("age_s", "status"), [(0, 0), (20, 0), (60, 1), (None, 1)], ids=["new", "20 s", "60 s", "none"]
)
def test_a_sign_of_life_counts_for_half_a_minute(
    services: dict[str, Any], tmp_path: Path, age_s: int | None, status: int
) -> None:
    file = tmp_path / "alive"
    if age_s is not None:
        file.touch()
        os.utime(file, (time.time() - age_s,) * 2)
    kind, *command = services["worker"]["healthcheck"]["test"]

    done = subprocess.run(
        # Compose reads a doubled dollar as one.
        [word.replace("$$", "$") for word in command],
        env=os.environ | {"TWIN_ALIVE_FILE": str(file)},
        capture_output=True,
    )

    assert (kind, done.returncode) == ("CMD", status)
