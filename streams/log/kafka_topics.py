"""Topics as a Kafka broker has them: what is declared, and whether the twin's past is safe there.

What is kept for ever must be kept whole: a topic that the broker would shorten or compact is
refused, never quietly changed, because somebody set it so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import NoError, TopicAlreadyExistsError, for_code

from streams.log.address import Address
from streams.log.checks import check_partitions
from streams.log.port import TopicSpec
from twin.errors import BadInput

BATCH_OVERHEAD_BYTES: Final = 4096
"""What a batch of one message has beyond key, value and headers, at most."""
SEGMENTS_COUNT: Final = 4
SEGMENT_MIN_BYTES: Final = 16 << 20
SEGMENT_MAX_BYTES: Final = 1 << 30
FOR_EVER: Final = "-1"
_MS_PER_S: Final = 1_000


def described(admin: KafkaAdminClient, address: Address) -> dict[str, TopicSpec]:
    """Every topic of ours on the broker, by our name."""
    # Those of others, under other names, are not even asked about.
    found = {
        topic["name"]: len(topic["partitions"])
        for topic in admin.describe_topics()
        if topic["name"].startswith(address.prefix)
        and "." not in address.name(topic["name"])
        and not topic["is_internal"]
    }
    configs = _configs(admin, list(found))
    return {
        address.name(name): _spec(address.name(name), partitions, configs[name])
        for name, partitions in found.items()
    }


def declared(
    admin: KafkaAdminClient,
    address: Address,
    topics: Sequence[TopicSpec],
    *,
    replicas_count: int,
    may_alter: bool,
) -> None:
    """Make the topics exist as they are told, none if one of them cannot be.

    ``BadInput`` for another number of partitions, for a topic whose past the broker would drop, and
    if we ``may_alter`` nothing, for one with less room than it is to have.
    """
    there = {
        topic["name"]: len(topic["partitions"])
        for topic in admin.describe_topics()
        if topic["name"] in {address.topic(spec.name) for spec in topics}
    }
    configs = _configs(admin, list(there))
    for spec in topics:
        name = address.topic(spec.name)
        if name in there:
            check_partitions(spec, there[name])
            _refuse_a_lossy_topic(spec, name, configs[name])
            if not may_alter:
                _refuse_a_smaller_topic(spec, name, configs[name])
    _create(
        admin,
        address,
        [each for each in topics if address.topic(each.name) not in there],
        replicas_count=replicas_count,
    )
    if not may_alter:
        return
    _alter(
        admin,
        {
            address.topic(each.name): changes
            for each in topics
            if address.topic(each.name) in there
            and (changes := _changes(_settings(each), configs[address.topic(each.name)]))
        },
    )


def _create(
    admin: KafkaAdminClient, address: Address, topics: Sequence[TopicSpec], *, replicas_count: int
) -> None:
    if not topics:
        return
    insync = {"min.insync.replicas": str(max(1, replicas_count - 1))}
    answer = admin.create_topics(
        {
            address.topic(spec.name): {
                "num_partitions": spec.partitions,
                "replication_factor": replicas_count,
                "configs": _settings(spec) | insync,
            }
            for spec in topics
        },
        raise_errors=False,
    )
    for topic in answer["topics"]:
        error = for_code(topic["error_code"])
        # Several processes start at once, and each finds them missing.
        if error not in (NoError, TopicAlreadyExistsError):
            raise error(topic["error_message"])
    admin.wait_for_topics([address.topic(spec.name) for spec in topics])


def _settings(spec: TopicSpec) -> dict[str, str]:
    """What the broker is told of a topic; by size it keeps each partition apart."""
    retention_ms = retention_bytes = FOR_EVER
    if spec.retention_s is not None:
        retention_ms = str(round(spec.retention_s * _MS_PER_S))
    if spec.retention_bytes is not None:
        retention_bytes = str(-(-spec.retention_bytes // spec.partitions))
    return {
        "cleanup.policy": "delete",
        **_segments(spec),
        "retention.ms": retention_ms,
        "retention.bytes": retention_bytes,
        "max.message.bytes": str(spec.max_message_bytes + BATCH_OVERHEAD_BYTES),
        # A source's clock may be of any year: that is ours to judge, and no reason to refuse.
        "message.timestamp.type": "CreateTime",
        "message.timestamp.before.max.ms": str(2**63 - 1),
        "message.timestamp.after.max.ms": str(2**63 - 1),
    }


def _segments(spec: TopicSpec) -> dict[str, str]:
    """A broker removes whole segments only, so those of what is not kept for ever are smaller."""
    settings: dict[str, str] = {}
    if spec.retention_bytes is not None:
        share = spec.retention_bytes // spec.partitions // SEGMENTS_COUNT
        size_bytes = max(share, spec.max_message_bytes + BATCH_OVERHEAD_BYTES, SEGMENT_MIN_BYTES)
        settings["segment.bytes"] = str(min(size_bytes, SEGMENT_MAX_BYTES))
    if spec.retention_s is not None:
        settings["segment.ms"] = str(max(1, round(spec.retention_s * _MS_PER_S / SEGMENTS_COUNT)))
    return settings


def _spec(name: str, partitions: int, config: Mapping[str, str]) -> TopicSpec:
    retention_ms, retention_bytes = config["retention.ms"], config["retention.bytes"]
    return TopicSpec(
        name,
        partitions,
        max_message_bytes=int(config["max.message.bytes"]) - BATCH_OVERHEAD_BYTES,
        retention_bytes=(
            None if retention_bytes == FOR_EVER else int(retention_bytes) * partitions
        ),
        retention_s=None if retention_ms == FOR_EVER else int(retention_ms) / _MS_PER_S,
    )


def _configs(admin: KafkaAdminClient, topics: list[str]) -> dict[str, dict[str, str]]:
    """Every setting in force of each topic, its own or the broker's."""
    if not topics:
        return {}
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in topics]
    answer: Any = admin.describe_configs(resources, config_filter="all")
    found: dict[str, dict[str, Any]] = next(iter(answer.values()))
    return {
        topic: {name: str(entry["value"]) for name, entry in entries.items()}
        for topic, entries in found.items()
    }


def _changes(wanted: Mapping[str, str], present: Mapping[str, str]) -> dict[str, str]:
    """What differs; a setting that an older broker does not have is no difference."""
    return {name: value for name, value in wanted.items() if present.get(name, value) != value}


def _alter(admin: KafkaAdminClient, changes: Mapping[str, Mapping[str, str]]) -> None:
    if changes:
        admin.alter_configs(
            [
                ConfigResource(ConfigResourceType.TOPIC, topic, configs=dict(each))
                for topic, each in changes.items()
            ]
        )


def _refuse_a_lossy_topic(spec: TopicSpec, topic: str, config: Mapping[str, str]) -> None:
    """A topic that loses what is to be kept, by the setting that is to blame."""
    wanted = {"cleanup.policy": "delete"}
    if spec.retention_s is None and spec.retention_bytes is None:
        wanted |= {"retention.ms": FOR_EVER, "retention.bytes": FOR_EVER}
    for setting, value in _changes(wanted, config).items():
        raise BadInput(
            f"{setting}={config[setting]} of topic {topic}: it would lose the twin's past",
            expected=f"{setting}={value}",
            remedy=f"kafka-configs.sh --alter --topic {topic} --add-config {setting}={value}",
        )


def _refuse_a_smaller_topic(spec: TopicSpec, topic: str, config: Mapping[str, str]) -> None:
    """Who has set it otherwise is asked to: another may need what it is."""
    wanted = _settings(spec)
    for setting in ("max.message.bytes", "retention.ms", "retention.bytes"):
        value, present = wanted[setting], config.get(setting, wanted[setting])
        if _room(present) < _room(value):
            raise BadInput(
                f"{setting}={present} of topic {topic}",
                expected=f"{value} or more, as this installation is set",
                remedy="'twin topics' sets it so",
            )


def _room(value: str) -> float:
    return float("inf") if value == FOR_EVER else float(value)
