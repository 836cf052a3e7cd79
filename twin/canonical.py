"""The order in which the events of one tick are folded, whatever order they came in."""

from __future__ import annotations

from twin.events import KINDS, Event, Phase
from twin.identity import Identity


def canonical(events: list[Event]) -> tuple[Event, ...]:
    """The order of folding: phase, effective time, causes before effects, then the name."""
    by_id = {str(event.identity): event for event in events}

    def depth(event: Event) -> int:
        steps, seen = 0, {str(event.identity)}
        while event.causation_id in by_id and event.causation_id not in seen:
            seen.add(event.causation_id)
            event = by_id[event.causation_id]
            steps += 1
        return steps

    def key(event: Event) -> tuple[int, int, int, Identity]:
        kind = KINDS.get(event.kind)
        phase = kind.phase if kind else Phase.NONE
        return int(phase), event.effective_ns, depth(event), event.identity

    return tuple(sorted(events, key=key))
