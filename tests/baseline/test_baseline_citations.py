"""Every number that claims to stand on a line of the filing stands there."""

from __future__ import annotations

import math
import re

import pytest

from tests.shared_data import shared_file
from twin.baseline import Assumption
from twin.baseline.book import read_assumptions

FILING = "filings/spacex_s1_2026-05-20.md"
CITED = [
    entry
    for entry in read_assumptions().values()
    if entry.source.startswith("SpaceX S-1 2026-05-20, L") and entry.confidence == "primary"
]
SCALES = (0.001, 0.01, 1, 1e3, 1e6, 1e9, 1e12, 86_400, 31_557_600)
"""Written in thousandths, per cent, thousands, millions, billions, tera-, days, years."""

WORDS = {"one": 1, "three": 3, "five": 5, "ten": 10}


@pytest.fixture(scope="module")
def filing_lines() -> list[str]:
    return shared_file(FILING).read_text("utf-8").splitlines()


def test_a_number_cited_from_the_filing_stands_on_the_lines_it_names(
    filing_lines: list[str],
) -> None:
    assert len(CITED) > 250

    missing = [
        f"{entry.name} = {entry.value}: {entry.source}"
        for entry in CITED
        # A zero ("without notice") and a date ("through May 2029") are not written as digits.
        if isinstance(entry.value, int | float)
        and entry.value != 0
        and not stands_in(entry.value, passage(entry, filing_lines))
    ]

    assert missing == []


def passage(entry: Assumption, lines: list[str]) -> str:
    """The lines a source names, each with the one after: sentences run on."""
    spans = re.findall(r"L(\d+)(?:-(\d+))?", entry.source)
    return " ".join(
        " ".join(lines[int(first) - 1 : int(last or first) + 1]) for first, last in spans
    )


def stands_in(value: float, text: str) -> bool:
    written = [float(number.replace(",", "")) for number in re.findall(r"\d[\d,]*(?:\.\d+)?", text)]
    written += [number for word, number in WORDS.items() if re.search(rf"\b{word}\b", text)]
    return any(
        math.isclose(number * scale, abs(value), rel_tol=1e-9)
        for number in written
        for scale in SCALES
    )
