"""Claims on small files that the kernel frees when their holder dies, however it dies.

``flock`` belongs to the open file, so nothing is left to clean up after a kill -9 and no timeout
must be waited out. A process that holds a claim must not fork without exec: its child would go
on holding it.
"""

from __future__ import annotations

import fcntl
import itertools
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_joined = itertools.count()


class Claim:
    """An exclusive hold on one file, until released or until the process ends."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor

    @property
    def descriptor(self) -> int:
        """The open file: a child that inherits it holds the claim too, for as long as it lives."""
        return self._descriptor

    def release(self) -> None:
        """Let go; the file stays, because removing it would let two processes hold one name."""
        os.close(self._descriptor)


def try_claim(path: Path) -> Claim | None:
    """Take the file if nobody holds it, else ``None`` at once; it is made if missing."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    if _try_lock(descriptor, fcntl.LOCK_EX):
        return Claim(path, descriptor)
    os.close(descriptor)
    return None


@contextmanager
def claimed(path: Path) -> Iterator[None]:
    """Hold the file for the length of a block, waiting for it as long as it takes."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


class Membership:
    """A place among the living of one directory: one claimed file a member."""

    def __init__(self, claim: Claim) -> None:
        self._claim = claim

    @property
    def name(self) -> str:
        """Unique; names sort in the order of joining."""
        return self._claim.path.name

    def leave(self) -> None:
        """Go at once, without leaving a file behind."""
        self._claim.path.unlink(missing_ok=True)
        self._claim.release()


def join(directory: Path) -> Membership:
    """Become a member; the directory is made if missing."""
    directory.mkdir(parents=True, exist_ok=True)
    name = f"{time.time_ns():020d}-{os.getpid()}-{next(_joined)}"
    # Claimed under a hidden name first: a visible member file is never free while its owner lives.
    hidden = directory / f".{name}"
    claim = try_claim(hidden)
    assert claim is not None, "a name of this process and instant cannot be taken"
    hidden.rename(directory / name)
    claim.path = directory / name
    return Membership(claim)


def members(directory: Path) -> list[str]:
    """Who is alive, in the order of joining; files of the dead are removed on the way."""
    return [
        path.name
        for path in sorted(directory.iterdir())
        if not path.name.startswith(".") and not _removed_as_dead(path)
    ]


def _removed_as_dead(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return True  # it left between the listing and now
    try:
        # Shared, so that two processes looking at once do not take each other for the member.
        dead = _try_lock(descriptor, fcntl.LOCK_SH)
        if dead:
            path.unlink(missing_ok=True)
        return dead
    finally:
        os.close(descriptor)


def _try_lock(descriptor: int, operation: int) -> bool:
    try:
        fcntl.flock(descriptor, operation | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
