"""What was asked of the command itself and cannot be: exit status 2."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from twin.errors import BadInput


class BadUsage(BadInput):
    """An option, an argument or a setting that does not make sense."""


@contextmanager
def usage() -> Iterator[None]:
    """What is bad input inside the block was given by who typed the command."""
    try:
        yield
    except BadInput as error:
        raise BadUsage(str(error), field=error.field) from None
