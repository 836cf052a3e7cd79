"""What the supervisor of a demo sees: the read model, a check replay, and what processes say."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from types import TracebackType

from infra import facts
from infra.check_replay import CheckReplay
from infra.children import Child
from infra.facts import Facts
from infra.installation import ready_log
from infra.sight import Display, Setting, Sight
from infra.world_file import WorldChoice
from streams.settings import Settings
from streams.store.database import open_database
from streams.topics import JOURNAL, SEALS
from twin.baseline import load

RATE_S = 5.0
"""Over how long ticks per second are counted."""


class Watch:
    """Looks at a running demo and shows it."""

    def __init__(self, settings: Settings, choice: WorldChoice, *, is_plain: bool) -> None:
        self._log = ready_log(settings)
        self._engine = open_database(settings.database_url)
        self._check = CheckReplay(self._log, self._engine)
        self._crew: Sequence[Child] = ()
        self._facts: Facts | None = None
        self._passed: deque[tuple[float, int]] = deque()
        self._is_stopping = False
        self._display = _display(_setting(settings, choice), is_plain=is_plain)

    def __enter__(self) -> Watch:
        self._check.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._check.stop()
        if kind is None:
            self.look()
        self._display.close(self._sight())
        self._engine.dispose()
        self._log.close()

    def notes_from(self, crew: Sequence[Child]) -> None:
        """Show what these processes say on stderr."""
        self._crew = crew

    def look(self) -> None:
        """Look and show; raises what the check replay found wrong."""
        if self._check.error is not None:
            raise self._check.error
        latest = facts.latest(self._engine)
        if latest is not None and (self._facts is None or latest.tick != self._facts.tick):
            self._facts = latest
            self._note_pace(latest.tick.number)
        self._display.show(self._sight())

    @property
    def has_tick(self) -> bool:
        """Whether a tick was committed since this began to look, or before."""
        return self._facts is not None

    def is_done(self, through: int) -> bool:
        """Whether so many ticks are committed."""
        return self._facts is not None and self._facts.tick.number >= through

    def is_drained(self) -> bool:
        """Whether everything published is committed, and checked."""
        published = self._log.span(SEALS, 0).end
        closed = self._log.span(JOURNAL, 0).end
        return self._check.verdict.number >= max(published, closed)

    def say_stopping(self) -> None:
        """From now on the demo only finishes what was begun."""
        self._is_stopping = True
        self._display.show(self._sight())

    def _sight(self) -> Sight:
        return Sight(
            facts=self._facts,
            verdict=self._check.verdict,
            ticks_per_s=self._ticks_per_s(),
            published_count=self._log.span(SEALS, 0).end,
            is_stopping=self._is_stopping,
            note=next((child.said for child in self._crew if child.said), ""),
        )

    def _note_pace(self, number: int) -> None:
        now_s = time.monotonic()
        self._passed.append((now_s, number))
        while now_s - self._passed[0][0] > RATE_S and len(self._passed) > 2:
            self._passed.popleft()

    def _ticks_per_s(self) -> float | None:
        if len(self._passed) < 2:
            return None
        (first_s, first), (last_s, last) = self._passed[0], self._passed[-1]
        return (last - first) / (last_s - first_s)


def _setting(settings: Settings, choice: WorldChoice) -> Setting:
    return Setting(
        choice=choice,
        is_assumed=load(choice.world).is_assumed,
        directory=str(settings.directory),
        url=f"http://{settings.host}:{settings.port}",
    )


def _display(setting: Setting, *, is_plain: bool) -> Display:
    if is_plain:
        from infra.plain import PlainLines

        return PlainLines(setting)
    from infra.panel import Panel

    return Panel(setting)
