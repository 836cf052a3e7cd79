"""Topics that somebody has set otherwise: left alone at a start, and refused where it matters."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from kafka.admin import ConfigResource, ConfigResourceType

from streams.log import kafka_topics
from streams.log.address import address_of
from streams.log.kafka import KafkaLog
from streams.log.port import Outgoing, TopicSpec
from twin.errors import BadInput

FRAMES = TopicSpec("frames", 2, retention_s=3600.0, retention_bytes=1 << 30)
PAST = TopicSpec("journal", 1)


@pytest.fixture
def log(kafka_bootstrap: str) -> Iterator[KafkaLog]:
    opened = KafkaLog(address_of(f"kafka://{kafka_bootstrap}/{uuid.uuid4().hex}"))
    opened.declare([FRAMES, PAST])
    yield opened
    opened.close()


def set_by_the_operator(log: KafkaLog, topic: str, **configs: str) -> None:
    name = log._address.topic(topic)
    named = {setting.replace("_", "."): value for setting, value in configs.items()}
    admin = log._client()
    admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, configs=named)])
    # The controller has it at once, the broker that is asked a moment later.
    while not named.items() <= kafka_topics._configs(admin, [name])[name].items():
        time.sleep(0.01)


def test_a_start_leaves_larger_limits_alone_and_a_declaration_sets_them(log: KafkaLog) -> None:
    set_by_the_operator(log, "frames", retention_ms="7200000", max_message_bytes="3000000")

    log.declare([FRAMES, PAST], may_alter=False)
    left = log.topics()["frames"]
    log.declare([FRAMES, PAST])
    declared = log.topics()["frames"]

    assert (left.retention_s, left.max_message_bytes > FRAMES.max_message_bytes) == (7200.0, True)
    assert declared == FRAMES


@pytest.mark.parametrize(
    "setting",
    [("retention_ms", "60000"), ("retention_bytes", "1000"), ("max_message_bytes", "9000")],
    ids=lambda setting: setting[0],
)
def test_a_start_refuses_smaller_limits_by_their_name(
    log: KafkaLog, setting: tuple[str, str]
) -> None:
    name, value = setting
    set_by_the_operator(log, "frames", **{name: value})

    with pytest.raises(BadInput, match=rf"{name.replace('_', '.')}={value} of topic .*twin topics"):
        log.declare([FRAMES, PAST], may_alter=False)


@pytest.mark.parametrize("may_alter", [True, False])
def test_a_topic_that_would_lose_the_past_is_never_altered_but_refused(
    log: KafkaLog, may_alter: bool
) -> None:
    set_by_the_operator(log, "journal", cleanup_policy="compact")

    with pytest.raises(BadInput, match=r"cleanup\.policy=compact .* lose the twin's past"):
        log.declare([FRAMES, PAST], may_alter=may_alter)


def test_a_broker_too_old_to_know_a_setting_is_not_asked_to_change_it(
    log: KafkaLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = kafka_topics._configs

    def of_an_older_broker(admin: Any, topics: list[str]) -> dict[str, dict[str, str]]:
        found = known(admin, topics)
        for each in found.values():
            del each["message.timestamp.before.max.ms"], each["message.timestamp.after.max.ms"]
        return found

    monkeypatch.setattr(kafka_topics, "_configs", of_an_older_broker)

    log.declare([FRAMES, PAST])

    assert log.topics()["frames"] == FRAMES


def test_a_frame_over_the_limit_is_refused_with_size_and_limit_before_it_is_sent(
    log: KafkaLog,
) -> None:
    frame = Outgoing("frames", 0, None, (), bytes(FRAMES.max_message_bytes + 1), 0)

    with pytest.raises(BadInput) as refused:
        log.append([Outgoing("frames", 1, None, (), b"small", 0), frame])

    said, limit = str(refused.value), FRAMES.max_message_bytes
    assert f"a message of {limit + 1} bytes" in said
    assert f"at most {limit} bytes" in said
    assert "_producer" not in vars(log)
    assert log.span("frames", 1).end == 0
