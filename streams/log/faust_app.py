"""A Faust app on any log: what it is told so that nothing is lost and little is waited for."""

from __future__ import annotations

from typing import Any, Final

import faust

from streams.log.address import Address
from streams.log.security import Security
from twin.limits import RECORD_MAX_BYTES

SESSION_S: Final = 6.0
"""A member that is silent for so long is given up, and its partitions go to others."""
HEARTBEAT_S: Final = 2.0
POLL_MAX_S: Final = 3_600.0
"""A partition may wait so long for a log or database that does not answer."""
FETCH_BYTES: Final = 1 << 20
"""Of each partition at a time: of more, an agent waits longer for the answer than it works."""


def app_of(
    group: str, address: Address, *, security: Security, member: str, datadir: str
) -> faust.App:
    """An app of one consumer group; opens nothing until it is run.

    With a ``member`` name, one that was killed and is started again under it gets its partitions
    back at once.
    """
    return faust.App(
        address.topic(group),
        **_broker(address, security, instance=f"{group}-{member}" if member else None),
        web_enabled=False,
        topic_disable_leader=True,
        topic_allow_declare=False,
        consumer_auto_offset_reset="earliest",
        broker_commit_interval=0.5,
        stream_buffer_maxsize=16,
        stream_wait_empty=False,
        store="memory://",
        datadir=datadir,
    )


def _broker(address: Address, security: Security, *, instance: str | None) -> dict[str, Any]:
    if address.path is not None:
        return {"broker": address.url}
    return {
        "broker": [f"kafka://{server}" for server in address.servers],
        "broker_credentials": _credentials(security),
        "broker_session_timeout": SESSION_S,
        "broker_heartbeat_interval": HEARTBEAT_S,
        "broker_max_poll_interval": POLL_MAX_S,
        "broker_rebalance_timeout": SESSION_S,
        "consumer_group_instance_id": instance,
        "consumer_max_fetch_size": FETCH_BYTES,
        "producer_max_request_size": RECORD_MAX_BYTES,
    }


def _credentials(security: Security) -> faust.types.auth.CredentialsT | None:
    # Imported only here: an embedded log has no use for a broker's certificates.
    from streams.log.kafka_client import context_of

    context = context_of(security) if security.has_tls else None
    if security.has_sasl:
        return faust.SASLCredentials(
            username=security.username,
            password=security.password,
            ssl_context=context,
            mechanism=security.mechanism,
        )
    return faust.SSLCredentials(context) if context is not None else None
