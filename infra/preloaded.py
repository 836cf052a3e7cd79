"""What the processes of a demo have in common, imported once by the one they are forked from.

It starts no thread and opens nothing, so that forking is safe.
"""

from __future__ import annotations

import infra.command
import infra.panel.watching
import infra.processes.publishing
import infra.processes.worker
import streams.codec
import streams.keeping
import streams.sequencing
from twin.physics.sunlight import illumination

__all__ = ["infra", "streams"]

# Numba readies itself at the first call of any kernel; that takes longer than all the kernels do.
illumination(0.0, 0.0, 7000.0, 1.0, 0.0, 0.0)
