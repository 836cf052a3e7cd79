"""A Faust worker for tests: forwards ``in`` to ``out``, its name in the header ``by``.

``faust_worker.py URL GROUP NAME [--hold VALUE,VALUE] [--member MEMBER] [--fail-commits N]``:
messages with held values are forwarded but not acknowledged; the first N commits fail. Every send
is on disk before its message is acknowledged. One with a member name
prints what it is assigned.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import faust
from faust.types import TP, StreamT

from streams.log.address import address_of
from streams.log.faust_app import app_of
from streams.log.run import run_app
from streams.log.security import PLAIN


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("group")
    parser.add_argument("name")
    parser.add_argument("--hold", default="")
    parser.add_argument("--member", default="")
    parser.add_argument("--fail-commits", type=int, default=0)
    arguments = parser.parse_args()
    held = set(arguments.hold.encode().split(b","))
    app = forwarding_app(
        arguments.url, arguments.group, name=arguments.name, held=held, member=arguments.member
    )
    fail_commits(app, arguments.fail_commits)
    run_app(app)


def fail_commits(app: faust.App, count: int) -> None:
    """As if the log did not take the first few offsets."""
    kind, left = app.transport.Consumer, list(range(count))
    commit = kind._commit

    async def failing(self: Any, offsets: Mapping[TP, int]) -> bool:
        if left:
            left.pop()
            return False
        done: bool = await commit(self, offsets)
        return done

    kind._commit = failing


def forwarding_app(
    url: str, group: str, *, name: str, held: set[bytes], member: str = ""
) -> faust.App:
    address = address_of(url)
    datadir = str(Path(tempfile.gettempdir()) / f"faust-{name}")
    app = app_of(group, address, security=PLAIN, member=member, datadir=datadir)
    app.conf.broker_commit_interval = 0.05
    app.conf.stream_buffer_maxsize = 8
    raw = {"key_serializer": "raw", "key_type": bytes, "value_serializer": "raw"}
    source = app.topic(address.topic("in"), value_type=bytes, **raw)
    target = app.topic(address.topic("out"), value_type=bytes, **raw)

    @app.agent(source)
    async def forward(stream: StreamT[bytes]) -> None:
        async for event in stream.noack().events():
            message = event.message
            sent = await target.send(
                key=message.key,
                value=message.value,
                partition=message.partition,
                headers=[*message.headers, ("by", name.encode())],
            )
            await sent
            if message.value not in held:
                event.ack()

    @app.on_partitions_assigned.connect
    async def say(app: faust.App, assigned: set[TP], **_: Any) -> None:
        if member:
            print("assigned", sorted(place.partition for place in assigned), flush=True)

    return app


if __name__ == "__main__":
    main()
