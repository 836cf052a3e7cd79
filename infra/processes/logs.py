"""Logs: structured, on stderr, quiet unless asked; lines a program can read off a terminal."""

from __future__ import annotations

import logging
import sys


def configure(level: str) -> None:
    """Send everything of this level and above to stderr, other packages' logs too."""
    logging.basicConfig(handlers=[LateHandler()], level=level.upper(), force=True)
    # Kafka's clients tell of each attempt, ten a second while a broker is away, and call refusals
    # errors that they then raise: what it comes to is said once, by whoever asked them.
    if level not in ("debug", "info"):
        for name in ("kafka", "aiokafka"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
    # Faust complains whenever committing took longer than the pause between two commits: on a busy
    # machine that is always, and there is nothing to be done.
    logging.getLogger("mode.timers").setLevel(max(logging.ERROR, logging.getLogger().level))


class LateHandler(logging.StreamHandler):  # type: ignore[type-arg]  # generic in the stubs only
    """Brings structlog in with the first line it writes: a quiet process starts sooner without."""

    def __init__(self) -> None:
        super().__init__(sys.stderr)
        self._is_dressed = False

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        if not self._is_dressed:
            self._is_dressed = True
            self.setFormatter(_formatter(is_seen=sys.stderr.isatty()))
        super().emit(record)


def _formatter(*, is_seen: bool) -> logging.Formatter:
    import structlog

    last: structlog.types.Processor = (
        structlog.dev.ConsoleRenderer() if is_seen else structlog.processors.JSONRenderer()
    )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
        ],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            last,
        ],
    )
