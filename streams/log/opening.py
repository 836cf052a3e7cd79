"""Opening a log by its address, whichever keeps it."""

from __future__ import annotations

from streams.log.address import address_of
from streams.log.port import Log
from streams.log.security import PLAIN, Security


def open_log(url: str, *, security: Security = PLAIN, replicas_count: int = 1) -> Log:
    """The log at an address: ``log:///absolute/path/log.db``, whose file is made if missing, or
    ``kafka://host:port``, with how to prove who we are and how many brokers keep a new topic.

    Raises ``BadInput`` for another address or for a file that is not a log.
    """
    address = address_of(url)
    # Adapters are imported on demand: who uses one has no use for the other's client.
    if address.path is None:
        from streams.log.kafka import KafkaLog

        return KafkaLog(address, security=security, replicas_count=replicas_count)
    from streams.log.embedded import EmbeddedLog

    return EmbeddedLog(address.path)
