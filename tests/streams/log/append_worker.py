"""Appends ticks to a log until killed: ``append_worker.py URL NAME PARTITION... [--ticks N]``.

A tick is one append of ``ROWS`` messages to each partition, with its number as the value. After
each append that returned, the number is printed: from then on the tick may not be lost.
"""

from __future__ import annotations

import argparse
import itertools

from streams.log.opening import open_log
from streams.log.port import Log, Outgoing

ROWS = 3


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("name")
    parser.add_argument("partitions", type=int, nargs="+")
    parser.add_argument("--ticks", type=int)
    arguments = parser.parse_args()
    log = open_log(arguments.url)
    numbers = itertools.count(_next_tick(log, arguments.partitions[0]))
    for tick in itertools.islice(numbers, arguments.ticks):
        log.append(
            [
                Outgoing(
                    topic="ticks",
                    partition=partition,
                    key=arguments.name.encode(),
                    headers=(("row", str(row).encode()),),
                    value=str(tick).encode(),
                    timestamp_ns=tick,
                )
                for partition in arguments.partitions
                for row in range(ROWS)
            ]
        )
        print(tick, flush=True)
    log.close()


def _next_tick(log: Log, partition: int) -> int:
    end = log.span("ticks", partition).end
    if end == 0:
        return 0
    (last,) = log.read("ticks", partition, end - 1, limit=1, max_bytes=1)
    return int(last.value or b"") + 1


if __name__ == "__main__":
    main()
