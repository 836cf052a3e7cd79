"""Real input beside the checkout: a test without it is skipped, but fails in CI."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


def shared_file(name: str) -> Path:
    """A file of the real data, by its path below them."""
    return required(SHARED_DATA / name)


def required(path: Path) -> Path:
    """The path itself, if there is a file."""
    if not path.exists():
        message = f"real data are not here: {path}"
        pytest.fail(message) if os.environ.get("CI") == "true" else pytest.skip(message)
    return path
