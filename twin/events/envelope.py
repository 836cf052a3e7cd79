"""The envelope around a fact: who said it and when it holds; the body stays as it was sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from twin.errors import Poison, UnknownKind
from twin.events.kinds import KINDS, Body, Kind
from twin.identity import Identity


class Event(msgspec.Struct, frozen=True, array_like=True, tag="event"):
    """A fact with its name: the body stays as it was sent."""

    identity: Identity
    kind: str
    effective_ns: int
    label: str
    body: bytes
    version: int = 1
    correlation_id: str = ""
    causation_id: str = ""


Upcaster = Callable[[dict[str, Any]], dict[str, Any]]

UPCASTERS: dict[tuple[str, int], Upcaster] = {}
"""(kind name, from version) → the same plain data one version later; golden files keep each."""


def fact(event: Event) -> Body:
    """The body of an event in today's schema.

    ``UnknownKind`` when this code is older than the event; ``Poison`` when the bytes are not what
    the kind says.
    """
    kind = known_kind(event.kind, event.version)
    try:
        if event.version == kind.version:
            return msgspec.json.decode(event.body, type=kind.body)
        plain = msgspec.json.decode(event.body, type=dict[str, Any])
        for version in range(event.version, kind.version):
            plain = UPCASTERS[event.kind, version](plain)
        return msgspec.convert(plain, type=kind.body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise Poison(f"{event.kind}: {reason}", expected=f"the fields of {event.kind}") from None


def known_kind(name: str, version: int) -> Kind:
    """The kind of that name; ``UnknownKind`` when this code is older than the version said."""
    kind = KINDS.get(name)
    if kind is None or version > kind.version:
        raise UnknownKind(
            f"{name} version {version}",
            expected=f"version {kind.version} at most" if kind else "a kind of this release",
            remedy="upgrade the twin first",
        )
    return kind


def encode_fact(body: Body) -> bytes:
    """A body as JSON, fields in the order of the class."""
    return msgspec.json.encode(body)
