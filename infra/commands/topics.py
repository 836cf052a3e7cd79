"""``twin topics``: what the log holds, made and verified."""

from __future__ import annotations

import json

from infra.commands import options
from streams.log.port import Span, TopicSpec
from streams.settings import FRAMES_MOST_BYTES

HOUR_S, DAY_S = 3_600, 86_400
MIB = 1 << 20


@options.addressed
def topics(directory: options.Dir = None, as_json: options.AsJson = False) -> None:
    """Make the log's topics, with the limits that are set, and verify that they lose nothing.

    Refuses a broker that would shorten or compact what is to be kept for ever.
    """
    settings = options.settings_of(directory)
    from infra.installation import ready_log

    log = ready_log(settings, may_alter=True)
    found = [log.topics()[spec] for spec in sorted(log.topics())]
    counts = {
        spec.name: sum(_count(log.span(spec.name, place)) for place in range(spec.partitions))
        for spec in found
    }
    log.close()
    if as_json:
        print(json.dumps([_fields(spec, counts[spec.name]) for spec in found], indent=2))
        return
    print(f"{'topic':14}{'partitions':>11}{'messages':>12}{'largest':>12}  kept")
    for spec in found:
        count = counts[spec.name]
        largest = f"{spec.max_message_bytes / MIB:.1f} MiB"
        print(f"{spec.name:14}{spec.partitions:>11}{count:>12,}{largest:>12}  {_kept(spec)}")


def _count(span: Span) -> int:
    """Messages that are kept; what retention removed was counted in offsets before."""
    return span.end - span.start


def _fields(spec: TopicSpec, count: int) -> dict[str, object]:
    return {
        "name": spec.name,
        "partitions": spec.partitions,
        "messages": count,
        "max_message_bytes": spec.max_message_bytes,
        "retention_bytes": spec.retention_bytes,
        "retention_s": spec.retention_s,
    }


def _kept(spec: TopicSpec) -> str:
    if spec.retention_s is None and spec.retention_bytes is None:
        return "for ever"
    limits = []
    if spec.retention_s is not None:
        unit, name = (DAY_S, "days") if spec.retention_s >= DAY_S else (HOUR_S, "hours")
        limits.append(f"{spec.retention_s / unit:g} {name}")
    if spec.retention_bytes is not None and spec.retention_bytes < FRAMES_MOST_BYTES:
        limits.append(f"{spec.retention_bytes / MIB:,.0f} MiB")
    return " and ".join(limits) + " at most"
