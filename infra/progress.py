"""A bar on stderr for work that takes long, when a person is looking."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

STEP_COUNT = 64
"""Steps done between two looks at the bar."""


@contextmanager
def progress(what: str, total: int) -> Iterator[Callable[[], None]]:
    """A function to call for each of ``total`` steps; it shows nothing away from a terminal."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    # Imported only here: most runs have nobody looking.
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total)
        done_count = 0

        def advance() -> None:
            nonlocal done_count
            done_count += 1
            if done_count % STEP_COUNT == 0:
                bar.update(task, completed=done_count)

        yield advance
