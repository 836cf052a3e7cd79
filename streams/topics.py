"""Every topic, declared once: how many partitions, how large a message, what is kept.

The journal and the rare events are kept for ever; frames and observations only as long as
configured, and never past the slowest group that reads them.
"""

from __future__ import annotations

from streams.log.port import TopicSpec
from twin.limits import FRAME_MAX_BYTES, RECORD_MAX_BYTES

SATELLITES = "satellites"
LAUNCHES = "launches"
WORKLOADS = "workloads"
LEDGER = "ledger"
DEFENSE = "defense"
OPERATIONS = "operations"
SEALS = "seals"
OBSERVATIONS = "observations"
JOURNAL = "journal"
DEAD_LETTERS = "dead-letters"

INPUTS = (SATELLITES, LAUNCHES, WORKLOADS, LEDGER, DEFENSE, OPERATIONS, SEALS)
"""What sources write and observers read."""

HEADER_ALLOWANCE_BYTES = 4096
REASON_ALLOWANCE_BYTES = 8192
"""What is added to a message, of any size its topic takes, when it becomes a dead letter or an
observation: names and a reason, each of bounded length, four bytes a character at most."""
GIB = 1024**3


def topic_specs(*, frames_kept_bytes: int, frames_kept_s: float) -> tuple[TopicSpec, ...]:
    """The topics of an installation that keeps frames by size and time."""
    frame = FRAME_MAX_BYTES + HEADER_ALLOWANCE_BYTES

    def frames(name: str, partitions: int) -> TopicSpec:
        return TopicSpec(
            name,
            partitions,
            max_message_bytes=frame,
            retention_bytes=frames_kept_bytes,
            retention_s=frames_kept_s,
        )

    return (
        frames(SATELLITES, 8),
        frames(WORKLOADS, 2),
        TopicSpec(LAUNCHES, 1),
        TopicSpec(LEDGER, 1),
        TopicSpec(DEFENSE, 1),
        TopicSpec(OPERATIONS, 1),
        TopicSpec(SEALS, 1, retention_bytes=GIB // 8, retention_s=frames_kept_s),
        TopicSpec(
            OBSERVATIONS,
            1,
            max_message_bytes=frame + REASON_ALLOWANCE_BYTES,
            retention_bytes=GIB // 4,
            retention_s=frames_kept_s,
        ),
        TopicSpec(JOURNAL, 1, max_message_bytes=RECORD_MAX_BYTES),
        TopicSpec(DEAD_LETTERS, 1, max_message_bytes=frame + REASON_ALLOWANCE_BYTES),
    )
