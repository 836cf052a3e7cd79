"""Whether a port of this machine can still be had."""

from __future__ import annotations

import socket

from infra.usage import BadUsage


def refuse_a_port_in_use(host: str, port: int, *, expected: str) -> None:
    """``BadUsage`` where somebody listens already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise BadUsage(f"port {port}: {error.strerror}", expected=expected) from None
