"""``twin log tail``: the last messages of a topic, one a line, and those that follow."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from typing import Any

from infra.installation import existing_log
from infra.usage import BadUsage
from streams.codec import decode_headers
from streams.log.port import Log, Message
from streams.settings import Settings
from streams.topics import JOURNAL, OBSERVATIONS
from twin.errors import BrokenChain, Poison
from twin.observations import decode_observation
from twin.records import decode_record
from twin.units import instant_text

POLL_S = 0.05
PAGE_COUNT = 500
PAGE_BYTES = 8 * 1024 * 1024

Said = dict[str, Any]


def run(settings: Settings, topic: str, *, count: int, is_following: bool, as_json: bool) -> None:
    """Print the last ``count`` messages of a topic, then each new one if following."""
    log = existing_log(settings)
    known = log.topics()
    if topic not in known:
        raise BadUsage(f"--topic {topic}", expected=f"one of {', '.join(sorted(known))}")
    positions: dict[int, int] = {}
    last: list[Message] = []
    for partition in range(known[topic].partitions):
        span = log.span(topic, partition)
        positions[partition] = max(span.start, span.end - count)
        last += _new(log, topic, partition, positions)
    last.sort(key=lambda message: (message.timestamp_ns, message.partition, message.offset))
    for message in last[len(last) - min(count, len(last)) :]:
        _show(message, as_json=as_json)
    with suppress(KeyboardInterrupt):  # how following ends
        while is_following:
            if not _show_new(log, topic, positions, as_json=as_json):
                time.sleep(POLL_S)
    log.close()


def _show_new(log: Log, topic: str, positions: dict[int, int], *, as_json: bool) -> bool:
    has_new = False
    for partition in positions:
        for message in _new(log, topic, partition, positions):
            has_new = True
            _show(message, as_json=as_json)
    return has_new


def _new(log: Log, topic: str, partition: int, positions: dict[int, int]) -> list[Message]:
    """What came since it was last asked, by partition; positions move on."""
    found: list[Message] = []
    while page := log.read(
        topic, partition, positions[partition], limit=PAGE_COUNT, max_bytes=PAGE_BYTES
    ):
        found += page
        positions[partition] += len(page)
    return found


def _show(message: Message, *, as_json: bool) -> None:
    said = {"offset": message.offset, "partition": message.partition, **_said(message)}
    if as_json:
        print(json.dumps(said), flush=True)
    else:
        print("  ".join(f"{name} {value}" for name, value in said.items()), flush=True)


def _said(message: Message) -> Said:
    body = message.value or b""
    if message.topic == JOURNAL:
        return _record(body)
    if message.topic == OBSERVATIONS:
        return {"kind": type(decode_observation(body)).__name__, "size_bytes": len(body)}
    try:
        envelope = decode_headers(message.headers)
    except Poison as error:
        return {"kind": "unreadable", "reason": str(error), "size_bytes": len(body)}
    reason = dict(message.headers).get("dl_reason")
    return {
        "id": str(envelope.identity),
        "kind": envelope.kind,
        "effective": instant_text(envelope.effective_ns),
        "size_bytes": len(body),
        **({"reason": reason.decode(errors="replace")} if reason is not None else {}),
    }


def _record(body: bytes) -> Said:
    try:
        stored = decode_record(body, number=0)
    except BrokenChain:
        return {"kind": "broken record", "size_bytes": len(body)}
    record, provenance = stored.record, stored.record.provenance
    return {
        "record": record.number,
        "tick": instant_text(record.tick_ns),
        "events_count": len(record.content.events),
        "frames_count": len(provenance.frames),
        "rows_count": sum(frame.rows_count for frame in provenance.frames),
        "late_count": len(provenance.late),
        "quarantined_count": len(provenance.quarantined),
        "size_bytes": len(body),
        "digest": stored.digest.hex()[:16],
    }
