"""What a display of the demo is given to show."""

from __future__ import annotations

from typing import Protocol

import msgspec

from infra.check_replay import Verdict
from infra.facts import Facts
from infra.world_file import WorldChoice


class Sight(msgspec.Struct, frozen=True):
    """All there is to show at one moment; ``facts`` is None before the first tick.

    ``note`` is the last line that a process wrote to stderr.
    """

    facts: Facts | None
    verdict: Verdict
    ticks_per_s: float | None
    published_count: int
    is_stopping: bool
    note: str


class Setting(msgspec.Struct, frozen=True):
    """What does not change while the demo runs."""

    choice: WorldChoice
    is_assumed: bool
    directory: str
    url: str


class Display(Protocol):
    """Lines, or a panel."""

    def show(self, sight: Sight) -> None:
        """Show it, unless the last one was shown a moment ago."""

    def close(self, sight: Sight) -> None:
        """Show the last one and let go of the terminal."""
