"""A Faust worker for tests: forwards ``in`` to ``out``, its name in the header ``by``.

``faust_worker.py URL GROUP NAME [--hold VALUE,VALUE]``: messages with held values are forwarded but
not acknowledged. Every send is on disk before its message is acknowledged.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from urllib.parse import urlsplit

import faust
from faust.types import StreamT

from streams.log.run import run_app


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("group")
    parser.add_argument("name")
    parser.add_argument("--hold", default="")
    arguments = parser.parse_args()
    held = set(arguments.hold.encode().split(b","))
    run_app(forwarding_app(arguments.url, arguments.group, name=arguments.name, held=held))


def forwarding_app(url: str, group: str, *, name: str, held: set[bytes]) -> faust.App:
    app = faust.App(
        group,
        broker=url,
        web_enabled=False,
        topic_disable_leader=True,
        consumer_auto_offset_reset="earliest",
        datadir=str(Path(urlsplit(url).path).parent / group),
        broker_commit_interval=0.05,
        stream_buffer_maxsize=8,
        stream_wait_empty=False,
    )
    raw = {"key_serializer": "raw", "key_type": bytes, "value_serializer": "raw"}
    source = app.topic("in", value_type=bytes, **raw)
    target = app.topic("out", value_type=bytes, **raw)

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

    return app


if __name__ == "__main__":
    main()
