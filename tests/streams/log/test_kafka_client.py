"""Clients of a broker that is away, or that says no: nothing is left behind, and it is said so."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.errors import KafkaError

from streams.log.address import address_of
from streams.log.kafka import KafkaLog
from streams.log.kafka_client import started
from streams.log.security import PLAIN
from twin.errors import Unavailable

KINDS = (KafkaAdminClient, KafkaConsumer, KafkaProducer)


@pytest.fixture(params=["nobody listens", "it hangs up"])
def nowhere(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of what is no broker."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        if request.param == "it hangs up":
            listener.listen()
            threading.Thread(target=_hang_up, args=(listener,), daemon=True).start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        if request.param == "it hangs up":
            listener.shutdown(socket.SHUT_RDWR)


def _hang_up(listener: socket.socket) -> None:
    while True:
        try:
            listener.accept()[0].close()
        except OSError:
            return


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_client_that_cannot_start_leaves_no_thread(nowhere: str, kind: type) -> None:
    before = set(threading.enumerate())

    with pytest.raises(KafkaError):
        started(kind, address_of(f"kafka://{nowhere}"), PLAIN, bootstrap_timeout_ms=300)

    assert set(threading.enumerate()) - before == set()


def test_a_broker_that_is_away_is_unavailable_with_its_address_and_the_reason() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{taken.getsockname()[1]}"
        log = KafkaLog(address_of(f"kafka://{place}"))

        with pytest.raises(Unavailable) as error:
            log.topics()

    assert f"the log at {place}: KafkaConnection: connection refused" in str(error.value)
