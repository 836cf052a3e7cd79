"""A sign of life: a file whose time says when a process last had what it needs and went on."""

from __future__ import annotations

from pathlib import Path

from streams.settings import Settings

BEAT_S = 5.0
"""How often at least it is given; who looks should allow for several."""


def give_sign(settings: Settings) -> None:
    """Touch the file that the settings name, if they name one."""
    if settings.alive_file:
        Path(settings.alive_file).touch()
