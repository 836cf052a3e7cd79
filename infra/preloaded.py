"""What the processes of a demo have in common, imported once by the one they are forked from.

Importing this starts no thread and opens nothing, so that forking is safe.
"""

from __future__ import annotations

import infra.command
import infra.publishing
import infra.worker
import streams.codec
import streams.keeping
import streams.sequencing
import streams.store.database

__all__ = ["infra", "streams"]
