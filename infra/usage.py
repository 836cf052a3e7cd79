"""What the command takes from its surroundings, and what of it cannot be: exit status 2."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from contextlib import contextmanager

from streams.settings import SETTINGS
from twin.errors import BadInput

HELP_COLUMNS = 76
"""What a terminal of 80 leaves beside the indent."""


class BadUsage(BadInput):
    """An option, an argument or a setting that does not make sense."""


@contextmanager
def usage(*, of: str = "") -> Iterator[None]:
    """What is bad input inside the block was given by who typed the command.

    The refusal begins with what it is ``of``, such as the name of a file.
    """
    try:
        yield
    except BadInput as error:
        raise BadUsage(f"{of}{error}", field=error.field) from None


def settings_help() -> str:
    """Every setting with its meaning and default, for the end of ``twin --help``."""
    indent = max(len(setting.variable) for setting in SETTINGS) + 2
    lines = [
        textwrap.fill(
            f"{setting.variable:{indent}}{setting.meaning.replace('`', '')} [{setting.default}]",
            width=HELP_COLUMNS,
            initial_indent="  ",
            subsequent_indent=" " * (indent + 2),
            break_long_words=False,
            break_on_hyphens=False,
        )
        for setting in SETTINGS
    ]
    # The mark keeps lines as they are; without it they would be filled into a paragraph.
    return "\n".join(["\b", "Settings, from the environment [default]:", *lines])
