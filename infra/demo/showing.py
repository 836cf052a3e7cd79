"""What a demo's supervisor shows: the last thing its watching process saw, as lines or a panel."""

from __future__ import annotations

import time
from collections import deque
from types import TracebackType

import msgspec

from infra.demo.children import Child
from infra.panel.sight import Display, Seen, Setting, Sight
from infra.processes.listening import url_of
from infra.world.file import WorldChoice
from streams.settings import Settings
from twin.baseline import load

RATE_S = 5.0
"""Over how long ticks per second are counted."""

_DECODER = msgspec.json.Decoder(Seen)


class Show:
    """Takes what was seen and shows it, from its first to its last."""

    def __init__(
        self, settings: Settings, choice: WorldChoice, *, begun_count: int, is_plain: bool
    ) -> None:
        self.seen = Seen()
        self._crew: list[Child] = []
        self._passed: deque[tuple[float, int]] = deque()
        self._is_stopping = False
        setting = _setting(settings, choice, begun_count=begun_count)
        self._display = _display(setting, is_plain=is_plain)

    def __enter__(self) -> Show:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._display.close(self._sight())

    def notes_from(self, crew: list[Child]) -> None:
        """Show what these processes say on stderr."""
        self._crew = crew

    def take(self, line: str) -> None:
        """Something was seen; this may come from another thread."""
        self.seen = _DECODER.decode(line)

    def draw(self) -> None:
        """Show what was seen last."""
        self._note_pace(self.seen.committed_count)
        self._display.show(self._sight())

    def say_stopping(self) -> None:
        """From now on the demo only finishes what was begun."""
        self._is_stopping = True
        self.draw()

    @property
    def is_drained(self) -> bool:
        """Whether everything published is committed, checked and seen."""
        seen = self.seen
        summed_count = seen.facts.number if seen.facts is not None else 0
        said_count = max(seen.published_count, seen.closed_count)
        checked_count = summed_count if seen.verdict.stopped else seen.verdict.number
        return min(checked_count, summed_count) >= said_count

    def _sight(self) -> Sight:
        return Sight(
            seen=self.seen,
            ticks_per_s=self._ticks_per_s(),
            is_stopping=self._is_stopping,
            note=max(self._crew, key=lambda child: child.said_s).said if self._crew else "",
        )

    def _note_pace(self, number: int) -> None:
        now_s = time.monotonic()
        if number and (not self._passed or number != self._passed[-1][1]):
            self._passed.append((now_s, number))
        while len(self._passed) > 2 and now_s - self._passed[0][0] > RATE_S:
            self._passed.popleft()

    def _ticks_per_s(self) -> float | None:
        if len(self._passed) < 2:
            return None
        (first_s, first), (last_s, last) = self._passed[0], self._passed[-1]
        return (last - first) / (last_s - first_s)


def _setting(settings: Settings, choice: WorldChoice, *, begun_count: int) -> Setting:
    return Setting(
        choice=choice,
        is_assumed=load(choice.world).is_assumed,
        directory=str(settings.directory),
        url=url_of(settings.host, settings.port),
        begun_count=begun_count,
        remark=choice.remark,
    )


def _display(setting: Setting, *, is_plain: bool) -> Display:
    if is_plain:
        from infra.panel.plain import PlainLines

        return PlainLines(setting)
    from infra.panel.live import Panel

    return Panel(setting)
