"""How large a message may be, at most: more is refused before it is read."""

from __future__ import annotations

FRAME_MAX_BYTES = 4 * 1024 * 1024
RECORD_MAX_BYTES = 256 * 1024 * 1024
NAME_MAX_COUNT = 200
"""Characters of a name: a source, a stream, a kind, a label, a segment, a region."""
INT64_MAX = 2**63 - 1
TICK_MAX_NS = 86_400_000_000_000
"""A tick of more than a day is a mistake of who sealed it."""
