"""What several tests of the physics need: the sky as others reckon it, and real elements."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import as_file, files
from pathlib import Path

import pytest
from skyfield.api import load, load_file
from skyfield.timelib import Timescale
from skyfield.vectorlib import VectorFunction

from tests.shared_data import shared_file

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def starlink_tle() -> str:
    """The 10,395 Starlink satellites of 2026-05-30, three lines each."""
    return shared_file("tle/starlink_20260530.tle").read_text()


@pytest.fixture(scope="session")
def timescale() -> Timescale:
    """Skyfield's own clock, without files."""
    return load.timescale(builtin=True)


@pytest.fixture(scope="session")
def ephemeris() -> Iterator[dict[str, VectorFunction]]:
    """JPL's DE421: where the Sun and the Earth really are."""
    # Read directly: the package's own loader warns that another of its files has expired.
    with as_file(files("skyfield_data") / "data" / "de421.bsp") as path:
        kernel = load_file(str(path))
        yield kernel
        kernel.close()
