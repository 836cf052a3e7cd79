"""Compiled kernels are found again, and never those of another state of the source."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from infra import kernels

ROOT = Path(kernels.__file__).parents[1]
PACKAGE = ROOT / "twin"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A copy of the core's source, to change."""
    return Path(shutil.copytree(PACKAGE, tmp_path / "twin"))


def test_the_folder_is_the_same_for_the_same_source(package: Path) -> None:
    assert kernels.folder_of(package).name == kernels.folder_of(PACKAGE).name


def test_a_change_in_any_file_moves_the_folder(package: Path) -> None:
    before = kernels.folder_of(package)

    path = package / "physics" / "trigonometry.py"
    path.write_text(path.read_text() + "# a change\n")

    assert kernels.folder_of(package) != before


def test_being_warm_is_said_by_the_machine_that_compiled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(kernels.NUMBA_FOLDER, str(tmp_path / "here"))

    answers = [kernels.is_warm()]
    kernels.note_warm()
    answers.append(kernels.is_warm())
    (tmp_path / "here" / "warm").write_text("another machine")
    answers.append(kernels.is_warm())

    assert answers == [False, True, False]


def test_folders_of_older_sources_are_dropped_but_for_the_last_few(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for age, name in enumerate("abcde"):
        monkeypatch.setenv(kernels.NUMBA_FOLDER, str(tmp_path / name))
        kernels.use()
        os.utime(tmp_path / name, (age, age))
        kernels.note_warm()

    assert sorted(path.name for path in tmp_path.iterdir()) == ["c", "d", "e"]


@pytest.fixture(scope="module")
def warmed() -> dict[str, set[str]]:
    """What became of the kernels in a process that warms, after another has: names by word."""
    # The first may have to compile; the second must find all of it.
    kernels.use()
    command = [sys.executable, "-m", "tests.infra.warmed"]
    # A process of ours may have been told to import from nowhere else.
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    runs = [
        subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        for _ in range(2)
    ]
    found: dict[str, set[str]] = {}
    for line in runs[-1].stdout.splitlines():
        word, name = line.split()
        found.setdefault(word, set()).add(name)
    return found


def test_after_warming_no_other_process_compiles_anything(warmed: dict[str, set[str]]) -> None:
    assert "compiled" not in warmed
    assert warmed["found"]


def test_warming_readies_every_kernel_that_is_called(warmed: dict[str, set[str]]) -> None:
    assert "cold" not in warmed
    assert {
        "twin.whatif.loads._power",
        "twin.whatif.masking._shrink",
        "twin.fold.energy._book",
    } <= warmed["ready"]
