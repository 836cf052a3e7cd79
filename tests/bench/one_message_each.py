"""What one would write first: a Faust agent that takes each satellite's message by itself."""

from __future__ import annotations

import json
import sys
import time

import faust

from streams.log.run import run_app


def main(url: str, count: int, folder: str, prefix: str) -> None:
    """Sum the power of ``count`` messages, and say how many seconds it took."""
    app = faust.App(
        "each",
        broker=url,
        web_enabled=False,
        topic_disable_leader=True,
        consumer_auto_offset_reset="earliest",
        datadir=folder,
        stream_wait_empty=False,
    )
    done = app.topic(prefix + "done", value_serializer="raw")

    @app.agent(app.topic(prefix + "each", value_serializer="raw"))
    async def each(stream) -> None:
        seen, array_w, started = 0, 0.0, 0.0
        async for body in stream:
            started = started or time.perf_counter()
            array_w += json.loads(body)["array_w"]
            seen += 1
            if seen == count:
                elapsed_s = time.perf_counter() - started
                await (await done.send(value=str(elapsed_s).encode()))

    run_app(app)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4])
