"""How large a message may be, at most: more is refused before it is read."""

from __future__ import annotations

FRAME_MAX_BYTES = 4 * 1024 * 1024
RECORD_MAX_BYTES = 256 * 1024 * 1024
