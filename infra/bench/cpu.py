"""Processor time of processes on this machine, as Linux tells of it under /proc."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

PROC: Final = Path("/proc")
LISTENS: Final = "0A"
TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")


class Process(msgspec.Struct, frozen=True):
    """A process: the one it comes from, the name it shows, and seconds of processor time."""

    pid: int
    parent: int
    name: str
    cpu_s: float


def cpu_of_tree(pid: int) -> dict[str, float]:
    """Seconds of processor time by name, of a process and all that come from it."""
    known = {process.pid: process for process in _processes()}
    found: dict[str, float] = {}
    for process in known.values():
        if _comes_from(process, pid, known):
            name = "supervisor" if process.pid == pid else process.name.removeprefix("twin-")
            found[name] = found.get(name, 0.0) + process.cpu_s
    return found


def cpu_of_listener(port: int) -> float | None:
    """Seconds of processor time of whoever listens on a port here, and of all that come from it.

    None if that is on another machine, or another user's.
    """
    inodes = set(_listening(port))
    known = {process.pid: process for process in _processes()}
    owners = [pid for pid in known if inodes & set(_sockets(pid))]
    if not owners:
        return None
    first = min(owners)
    return sum(each.cpu_s for each in known.values() if _comes_from(each, first, known))


def _comes_from(process: Process, pid: int, known: dict[int, Process]) -> bool:
    at: Process | None = process
    while at is not None and at.pid != pid:
        at = known.get(at.parent)
    return at is not None


def _processes() -> Iterator[Process]:
    for folder in PROC.glob("[0-9]*"):
        try:
            text = (folder / "stat").read_text()
        except OSError:
            continue  # it ended meanwhile
        name, rest = text[text.index("(") + 1 : text.rindex(")")], text[text.rindex(")") + 2 :]
        fields = rest.split()
        ticks = int(fields[11]) + int(fields[12])
        yield Process(int(folder.name), int(fields[1]), name, ticks / TICKS_PER_S)


def _listening(port: int) -> Iterator[str]:
    """The sockets that listen on a port, by inode."""
    for table in ("tcp", "tcp6"):
        path = PROC / "net" / table
        # A machine may do without IPv6.
        for line in path.read_text().splitlines()[1:] if path.exists() else ():
            fields = line.split()
            if fields[3] == LISTENS and int(fields[1].rpartition(":")[2], 16) == port:
                yield fields[9]


def _sockets(pid: int) -> Iterator[str]:
    try:
        for link in (PROC / str(pid) / "fd").iterdir():
            target = str(link.readlink())
            if target.startswith("socket:["):
                yield target.removeprefix("socket:[").removesuffix("]")
    except OSError:
        return  # it ended meanwhile, or is another user's
