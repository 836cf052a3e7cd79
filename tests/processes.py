"""Processes of this machine, as /proc tells of them."""

from __future__ import annotations

from pathlib import Path


def descendants(pid: int) -> dict[int, str]:
    """Every process that comes from one, by id, with the name it shows."""
    parents, names = {}, {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = stat.read_text()
        except OSError:
            continue
        own, rest = int(stat.parent.name), text[text.rindex(")") + 2 :].split()
        if rest[0] != "Z":
            parents[own] = int(rest[1])
            names[own] = text[text.index("(") + 1 : text.rindex(")")]
    found: dict[int, str] = {}
    queue = [pid]
    while queue:
        above = queue.pop()
        below = [own for own, parent in parents.items() if parent == above]
        queue += below
        found |= {own: names[own] for own in below}
    return found


def is_alive(pid: int) -> bool:
    """Whether it runs; one that nobody has reaped yet does not."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return text[text.rindex(")") + 2] != "Z"
