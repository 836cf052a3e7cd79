"""What a broker of one node is told: everything that differs from Kafka's own defaults."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from twin.limits import RECORD_MAX_BYTES

HOST: Final = "127.0.0.1"
NODE_ID: Final = 1
REQUEST_OVERHEAD_BYTES: Final = 16 << 20
"""What a request has beside the largest message it carries."""
CONTROLLER_OFFSET: Final = 1
"""The controller listens on the port after the broker's."""


def properties(
    directory: Path, port: int, given: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The settings of a broker whose data lie in a folder; ``given`` ones win."""
    controller = port + CONTROLLER_OFFSET
    return {
        "process.roles": "broker,controller",
        "node.id": str(NODE_ID),
        "controller.quorum.voters": f"{NODE_ID}@{HOST}:{controller}",
        "listeners": f"PLAINTEXT://{HOST}:{port},CONTROLLER://{HOST}:{controller}",
        "advertised.listeners": f"PLAINTEXT://{HOST}:{port}",
        "controller.listener.names": "CONTROLLER",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name": "PLAINTEXT",
        "log.dirs": str(directory / "data"),
        # Topics are declared by 'twin topics', never by a misspelt name.
        "auto.create.topics.enable": "false",
        "message.max.bytes": str(RECORD_MAX_BYTES),
        "replica.fetch.max.bytes": str(RECORD_MAX_BYTES),
        "socket.request.max.bytes": str(RECORD_MAX_BYTES + REQUEST_OVERHEAD_BYTES),
        # One node: what would be kept three times is kept once.
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "1",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "transaction.state.log.num.partitions": "1",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        # The groups are few, and their members start one after the other: nobody is waited for.
        "group.initial.rebalance.delay.ms": "0",
        "group.min.session.timeout.ms": "1000",
        # A broker that was killed looks at its open segments on its way back.
        "num.recovery.threads.per.data.dir": "2",
        **(given or {}),
    }


def written(values: Mapping[str, str]) -> str:
    """The settings as Java's properties file has them."""
    return "".join(f"{name}={value}\n" for name, value in values.items())
