"""Faust's transport for ``broker="log:///path"``: the same agents, without a broker.

Faust finds it by the entry point ``log`` of the group ``faust.transports``.
"""

from __future__ import annotations

import sqlite3
from typing import ClassVar

from faust.transport import base

from streams.log.faust_consumer import Consumer
from streams.log.faust_producer import Producer


class Transport(base.Transport):  # type: ignore[misc]  # faust is untyped here
    """Consumer and producer over the embedded log; each opens the file when it starts."""

    Consumer: ClassVar[type[Consumer]] = Consumer
    Producer: ClassVar[type[Producer]] = Producer
    driver_version = f"sqlite={sqlite3.sqlite_version}"
