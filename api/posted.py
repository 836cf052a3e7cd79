"""Scenarios that were posted: kept as files in the folder of the installation.

So each is known to every process that serves the folder, and after a restart. A file is named by
what the scenario says, and never changes but for the tick that it was run to.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from api.journal import Recent
from api.limits import SCENARIOS_POSTED_MAX_COUNT
from twin.errors import BadInput
from twin.whatif.scenario import Scenario, read_scenario
from twin.whatif.shipped import shipped_names

_BRANCH: Final = re.compile(r"[0-9a-f]{16}")


class Named(msgspec.Struct, frozen=True):
    """A scenario under the name of its branch; ``number`` is the tick it was run to when posted."""

    branch: str
    scenario: Scenario
    text: str
    is_json: bool = False
    number: int | None = None

    @property
    def is_shipped(self) -> bool:
        """Whether it comes with the twin."""
        return self.branch in shipped_names()


class _File(msgspec.Struct, frozen=True):
    text: str
    is_json: bool
    number: int


class Posted:
    """The scenarios posted last; used by many threads, and by other processes, at once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: Recent[str, Named] = Recent(SCENARIOS_POSTED_MAX_COUNT)

    def keep(self, named: Named) -> None:
        """Remember a scenario with the tick it was run to.

        Where the folder cannot be written, only this process knows it.
        """
        assert named.number is not None, "it was run"
        self._read.put(named.branch, named)
        body = msgspec.json.encode(_File(named.text, named.is_json, named.number))
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            # Another process reads the whole of a file, or none.
            whole = self._folder / f"{named.branch}.{os.getpid()}"
            whole.write_bytes(body)
            whole.replace(self._path(named.branch))
            for path in self._paths()[:-SCENARIOS_POSTED_MAX_COUNT]:
                path.unlink(missing_ok=True)

    def get(self, branch: str) -> Named | None:
        """The scenario of a branch; None where none was posted, or long ago."""
        if _BRANCH.fullmatch(branch) is None:
            return None
        try:
            told = msgspec.json.decode(self._path(branch).read_bytes(), type=_File)
        except (OSError, msgspec.MsgspecError):
            return self._read.get(branch)
        known = self._read.get(branch)
        if known is not None and (known.text, known.number) == (told.text, told.number):
            return known
        return self._parsed(branch, told)

    def all(self) -> list[Named]:
        """Every scenario that is kept, the oldest first."""
        names = [path.stem for path in self._paths()] or [each for each, _ in self._read.items()]
        return [found for found in map(self.get, names) if found is not None]

    def _parsed(self, branch: str, told: _File) -> Named | None:
        try:
            scenario = read_scenario(told.text, is_json=told.is_json)
        except BadInput:
            # An earlier release understood it.
            return None
        named = Named(branch, scenario, told.text, told.is_json, told.number)
        self._read.put(branch, named)
        return named

    def _path(self, branch: str) -> Path:
        return self._folder / f"{branch}.json"

    def _paths(self) -> list[Path]:
        """The files by age."""
        found = []
        for path in self._folder.glob("*.json"):
            with suppress(OSError):
                found.append((path.stat().st_mtime_ns, path))
        return [path for _, path in sorted(found)]
