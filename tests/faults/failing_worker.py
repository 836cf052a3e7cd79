"""A worker that kills itself at the worst moment: ``failing_worker --at POINT worker --role ROLE``.

``journaled``: a record is on the log, and what it came from is not acknowledged. ``committed``: a
tick is in the database, and its record is not acknowledged. It happens at the third chance.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from infra.command import main
from streams.keeping import Keeper
from streams.sequencing import Sequencing

CHANCES = 3


def failing(method: Callable[..., Any]) -> Callable[..., Any]:
    """The method, and the end of the process right after it has done something three times."""
    done = 0

    def run(self: Any, *arguments: Any) -> Any:
        nonlocal done
        before = progress(self)
        result = method(self, *arguments)
        done += progress(self) > before
        if done == CHANCES:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    return run


def progress(worker: Sequencing | Keeper) -> int:
    """Grows with every record that was written, or tick that was committed."""
    return worker.number if isinstance(worker, Sequencing) else worker.next_offset


def _main() -> int:
    words = sys.argv[1:]
    at = words.index("--at")
    point = words[at + 1]
    del words[at : at + 2]
    Sequencing.take = failing(Sequencing.take) if point == "journaled" else Sequencing.take
    Keeper.take = failing(Keeper.take) if point == "committed" else Keeper.take
    return main(words)


if __name__ == "__main__":
    sys.exit(_main())
