"""``twin bench``: what this machine does, as a table or as data."""

from __future__ import annotations


def run(*, as_json: bool) -> None:
    """Print the benchmark table."""
    del as_json
