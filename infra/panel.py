"""The demo as a live panel, for a terminal of 80 by 24 and more."""

from __future__ import annotations

import time

from rich.console import Console, RenderableType
from rich.layout import Layout
from rich.live import Live
from rich.padding import Padding
from rich.text import Text

from infra import panel_boxes as boxes
from infra.sight import Setting, Sight

EVERY_S = 0.2
HEAD_LINES, FOOT_LINES, BOX_LINES = 3, 3, 6
SEGMENTS_AT_LINES = 37
"""A terminal so high has room for the segments one by one."""


class Panel:
    """Takes the whole terminal while the demo runs, and leaves a line behind."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._console = Console()
        self._live = Live(console=self._console, screen=True, auto_refresh=False, transient=True)
        self._shown_s = 0.0
        self._live.start()

    def show(self, sight: Sight) -> None:
        """Draw it anew, a few times a second."""
        if time.monotonic() - self._shown_s >= EVERY_S:
            self._shown_s = time.monotonic()
            self._live.update(self._drawn(sight), refresh=True)

    def close(self, sight: Sight) -> None:
        """Give the terminal back, with a line of what it came to."""
        self._live.stop()
        self._console.print(boxes.farewell(self._setting, sight), highlight=False)

    def _drawn(self, sight: Sight) -> RenderableType:
        whole = Layout()
        parts = [
            Layout(boxes.head(self._setting, sight), size=HEAD_LINES),
            *self._middle(sight),
            Layout(boxes.foot(self._setting, sight), size=FOOT_LINES),
        ]
        whole.split_column(*parts)
        return whole

    def _middle(self, sight: Sight) -> list[Layout]:
        facts = sight.seen.facts
        if facts is None:
            waiting = Text("starting the world, the workers and the read model …", style="dim")
            return [Layout(Padding(waiting, (1, 2)))]
        rows = [
            _beside(boxes.fleet(facts), boxes.power(facts)),
            _beside(boxes.compute(facts), boxes.proof(facts, sight)),
        ]
        if self._console.height >= SEGMENTS_AT_LINES:
            rows.append(Layout(boxes.segments(facts), size=len(facts.segments) + 3))
        used = HEAD_LINES + FOOT_LINES + sum(row.size or 0 for row in rows)
        room = max(1, self._console.height - used - 2)
        return [*rows, Layout(boxes.alerts(facts, lines_count=room), minimum_size=3)]


def _beside(left: RenderableType, right: RenderableType) -> Layout:
    row = Layout(size=BOX_LINES)
    row.split_row(Layout(left), Layout(right))
    return row
