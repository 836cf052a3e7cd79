"""The demo as a live panel, for a terminal of 80 by 24 and more."""

from __future__ import annotations

import time

from rich.console import Console, ConsoleDimensions, RenderableType
from rich.layout import Layout
from rich.live import Live
from rich.padding import Padding
from rich.text import Text

from infra.panel import boxes as boxes
from infra.panel.sight import Setting, Sight

EVERY_S = 0.2
HEAD_LINES = 3
BORDER_LINES = 2
ALERTS_MIN_LINES = 4
NARROW_BELOW_COLUMNS = 74
"""A terminal so narrow has one column of boxes: as many as fit, the first first."""

ROOMY_AT_LINES = 28
"""A terminal so high has room for all there is to say, a lower one for what matters most."""


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
            whole = drawn(self._setting, sight, size=self._console.size)
            self._live.update(whole, refresh=True)

    def close(self, sight: Sight) -> None:
        """Give the terminal back, with a line of what it came to."""
        self._live.stop()
        self._console.print(boxes.farewell(self._setting, sight), highlight=False)


def drawn(setting: Setting, sight: Sight, *, size: ConsoleDimensions) -> RenderableType:
    """The whole panel, for a terminal of this size."""
    is_roomy = size.height >= ROOMY_AT_LINES
    is_narrow = size.width < NARROW_BELOW_COLUMNS
    foot = boxes.foot(setting, sight, is_roomy=is_roomy and not is_narrow)
    foot_lines = len(foot.renderables)
    whole = Layout()
    whole.split_column(
        Layout(boxes.head(setting, sight, is_narrow=is_narrow), size=HEAD_LINES),
        *_middle(sight, size.width, size.height - HEAD_LINES - foot_lines, is_roomy=is_roomy),
        Layout(foot, size=foot_lines),
    )
    return whole


def _middle(sight: Sight, columns_count: int, lines_count: int, *, is_roomy: bool) -> list[Layout]:
    """Two columns of boxes, below them the segments if they fit, and alerts in what is left."""
    facts = sight.seen.facts
    if facts is None:
        waiting = Text("starting the world, the workers and the read model …", style="dim")
        return [Layout(Padding(waiting, (1, 2)))]
    left = (boxes.fleet(facts, sight.seen.lift, is_roomy=is_roomy), boxes.plant(facts))
    right = (
        boxes.revenue(facts),
        boxes.promises(facts, is_roomy=is_roomy),
        boxes.proof(facts, sight, is_roomy=is_roomy),
    )
    if columns_count < NARROW_BELOW_COLUMNS:
        first, second = left
        column = _fitting((first, *right[:2], second, right[2]), lines_count - ALERTS_MIN_LINES)
        columns_lines = _lines_of(column)
        columns = _stacked(column, size=columns_lines)
    else:
        columns_lines = max(_lines_of(left), _lines_of(right))
        columns = Layout(size=columns_lines)
        columns.split_row(_stacked(left), _stacked(right))
    rows = [columns]
    left_lines = lines_count - columns_lines
    segments_lines = len(facts.segments) + 1 + BORDER_LINES
    is_wide = columns_count >= NARROW_BELOW_COLUMNS
    if is_wide and left_lines - segments_lines >= ALERTS_MIN_LINES:
        rows.append(Layout(boxes.segments(facts), size=segments_lines))
        left_lines -= segments_lines
    room = max(1, left_lines - BORDER_LINES)
    alerts = boxes.alerts(facts, lines_count=room, columns_count=columns_count)
    return [*rows, Layout(alerts, minimum_size=1 + BORDER_LINES)]


def _fitting(column: tuple[boxes.Box, ...], lines_count: int) -> tuple[boxes.Box, ...]:
    """Of some boxes those that fit below one another; the first in any case."""
    shown: tuple[boxes.Box, ...] = column[:1]
    for each in column[1:]:
        if _lines_of((*shown, each)) <= lines_count:
            shown = (*shown, each)
    return shown


def _stacked(column: tuple[boxes.Box, ...], *, size: int | None = None) -> Layout:
    """Boxes one below the other, each as high as what is in it."""
    whole = Layout(size=size)
    whole.split_column(*(Layout(box.drawn, size=box.lines_count + BORDER_LINES) for box in column))
    return whole


def _lines_of(column: tuple[boxes.Box, ...]) -> int:
    return sum(box.lines_count + BORDER_LINES for box in column)
