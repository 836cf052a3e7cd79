"""The state hash: one digest of everything that decides a later view.

H(fold version, tick, H(slice) for each slice in the order of its name). A slice is encoded anew
only when it changed. Hashes compare within one fold version.
"""

from __future__ import annotations

import hashlib
from typing import Protocol

FOLD_VERSION = 6
"""Grows with every change of the fold that moves a hash; a golden journal finds a forgotten one."""


class Slice(Protocol):
    """A part of the state that can say what it is as bytes, the same on every machine."""

    def encoded(self) -> bytes: ...


class SliceHashes:
    """Digests of slices, kept while the slice object is the same."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[Slice, bytes]] = {}

    def state_hash(self, tick_ns: int, slices: dict[str, Slice]) -> str:
        """Hex digest of the whole state after the tick."""
        total = hashlib.sha256(f"fold {FOLD_VERSION} tick {tick_ns}".encode())
        for name in sorted(slices):
            total.update(name.encode())
            total.update(self._digest(name, slices[name]))
        return total.hexdigest()

    def _digest(self, name: str, part: Slice) -> bytes:
        known = self._known.get(name)
        if known is None or known[0] is not part:
            known = (part, hashlib.sha256(part.encoded()).digest())
            self._known[name] = known
        return known[1]
