"""The scenarios that come with the twin, each known by its file name."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Final

from twin.whatif.scenario import Scenario, read_scenario

_FOLDER: Final = files("twin.baseline").joinpath("scenarios")


@cache
def shipped_names() -> tuple[str, ...]:
    """Their names, sorted."""
    paths = (path.name for path in _FOLDER.iterdir())
    return tuple(sorted(name.removesuffix(".yaml") for name in paths if name.endswith(".yaml")))


@cache
def shipped_text(name: str) -> str:
    """The text of the scenario of that name."""
    return _FOLDER.joinpath(f"{name}.yaml").read_text(encoding="utf-8")


@cache
def shipped_scenario(name: str) -> Scenario:
    """The scenario of that name."""
    return read_scenario(shipped_text(name), file=f"{name}.yaml")
