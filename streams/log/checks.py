"""What every log refuses, with the same words."""

from __future__ import annotations

from collections.abc import Mapping

from streams.log.port import Outgoing, Position, Span, TopicSpec
from twin.errors import BadInput, NotKept, Superseded


def check_spec(spec: TopicSpec) -> None:
    """Refuse a topic that cannot be."""
    limits = (spec.max_message_bytes, spec.retention_bytes, spec.retention_s)
    is_sound = spec.name and spec.partitions >= 1
    if not is_sound or any(limit is not None and limit <= 0 for limit in limits):
        raise BadInput(f"topic {spec}", expected="a name, 1 or more partitions, limits above 0")


def check_partitions(spec: TopicSpec, partitions: int) -> None:
    """Refuse a topic that exists with another number of partitions."""
    if partitions != spec.partitions:
        raise BadInput(
            f"topic {spec.name!r} with {spec.partitions} partitions",
            expected=f"{partitions}, as it was declared first",
            remedy="keep the number or use another topic: keys would change their partition",
        )


def check_place(known: Mapping[str, TopicSpec], topic: str, partition: int) -> TopicSpec:
    """The topic, if it was declared and has the partition."""
    spec = known.get(topic)
    if spec is None:
        raise BadInput(
            f"topic {topic!r}",
            expected=f"one of {sorted(known)}",
            remedy="declare it before its use",
        )
    if not 0 <= partition < spec.partitions:
        raise BadInput(
            f"partition {partition} of topic {topic!r}", expected=f"0 to {spec.partitions - 1}"
        )
    return spec


def check_size(message: Outgoing, size_bytes: int, max_bytes: int) -> None:
    """Refuse a message that its topic does not take, before it is sent."""
    if size_bytes > max_bytes:
        raise BadInput(
            f"a message of {size_bytes} bytes for topic {message.topic!r}",
            expected=f"at most {max_bytes} bytes",
            remedy="send smaller messages or declare the topic with a higher max_message_bytes",
        )


def check_page(start: int, limit: int) -> None:
    """Refuse a page that nothing can be on."""
    if start < 0 or limit < 1:
        raise BadInput(f"start {start}, limit {limit}", expected="start ≥ 0 and limit ≥ 1")


def check_end(end: int, expected: Position) -> None:
    """Refuse to append where somebody else has appended."""
    if end != expected.offset:
        raise Superseded(
            f"{expected.topic}/{expected.partition} ends at {end}",
            expected=f"{expected.offset}",
            remedy="another process has written to it: read on from there, or leave",
        )


def check_kept(span: Span, topic: str, partition: int, offset: int) -> None:
    """Refuse an offset that is gone, or that is not there yet."""
    if offset < span.start:
        raise NotKept(
            f"offset {offset} of {topic}/{partition}",
            earliest=f"offset {span.start}",
            remedy="what lies between is gone: restore the log from a copy, or begin a new one;"
            " TWIN_FRAMES_KEPT_S says how long messages are kept",
        )
    if offset > span.end:
        raise BadInput(
            f"offset {offset} of {topic}/{partition}",
            expected=f"{span.start} to {span.end}, where the partition ends",
            remedy="the log is not the one read before: bring that one back, or begin anew",
        )
