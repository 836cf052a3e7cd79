"""Every number is named, dated, sourced and honest about its trust; files read and diff well."""

from __future__ import annotations

import json
from datetime import date
from importlib.resources import files
from importlib.resources.abc import Traversable

import pytest

from twin.baseline import Assumption, load, world_names
from twin.baseline.book import read_assumptions
from twin.errors import BadInput

PAGES = sorted(
    (page for page in files("twin.baseline").joinpath("assumptions").iterdir()),
    key=lambda page: page.name,
)
EVERY = list(read_assumptions().values())
UNITS = """
w wh k kg m2 km km2 s h y bps usd fraction ratio count deg date gy gal
w_per_m2 w_per_kg w_per_y w_per_m2_k4 kg_per_m2 kg_per_kw kg_per_mmbtu kg_per_mwh kg_per_y
wh_per_kg j_per_k l_per_kwh btu_per_kwh btu_per_cf tok_per_s flop_per_s flop_per_tok
fraction_per_y count_per_y count_per_d gy_per_y shares_per_share
usd_per_mmbtu usd_per_mwh usd_per_kwh usd_per_w usd_per_kw usd_per_mw usd_per_kg usd_per_kw_y
usd_per_y usd_per_month usd_per_mtok usd_per_share usd_per_accelerator_h
"""


def test_the_unit_of_an_assumption_is_the_last_word_of_its_name() -> None:
    wrong = {entry.name: entry.unit for entry in EVERY if entry.unit != last_unit(entry.name)}

    assert wrong == {}


def test_an_assumption_has_a_day_on_which_it_held() -> None:
    days = {entry.name: date.fromisoformat(entry.as_of) for entry in EVERY}

    assert all(date(2010, 1, 1) <= day <= date(2029, 1, 1) for day in days.values())
    assert all(entry.as_of == days[entry.name].isoformat() for entry in EVERY)


def test_an_assumption_has_a_source_and_an_assumed_one_says_why() -> None:
    texts = [text for entry in EVERY for text in (entry.source, entry.note)]

    assert all(text == text.strip() for text in texts)
    assert [entry.name for entry in EVERY if not entry.source] == []
    assert [e.name for e in EVERY if e.confidence == "assumed" and not e.note] == []


def test_a_value_is_what_its_unit_says() -> None:
    assert [entry.name for entry in EVERY if not is_of_its_unit(entry)] == []


def test_a_name_is_dotted_lower_case_and_used_once() -> None:
    names = [row["name"] for page in PAGES for row in json.loads(page.read_text("utf-8"))]

    assert len(names) == len(set(names)) == len(EVERY)
    for name in names:
        assert "." in name
        assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789.-_")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_file_holds_one_sorted_assumption_a_line_with_every_field(page: Traversable) -> None:
    text = page.read_text("utf-8")

    rows = json.loads(text)

    lines = ",\n  ".join(json.dumps(row, ensure_ascii=False) for row in rows)
    assert text == f"[\n  {lines}\n]\n"
    assert [row["name"] for row in rows] == sorted(row["name"] for row in rows)
    assert all(tuple(row) == Assumption.__struct_fields__ for row in rows)


@pytest.mark.parametrize("world", world_names())
def test_the_assumptions_of_a_world_are_sorted_and_all_answer(world: str) -> None:
    baseline = load(world)

    for name, entry in baseline.assumptions.items():
        if not isinstance(entry.value, str):
            assert baseline.number(name) == entry.value

    assert list(baseline.assumptions) == sorted(baseline.assumptions)


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(BadInput, match=r"'class\.ai1\.array_w' \(the nearest name\)"):
        load("2029").number("class.ai1.arry_w")


def test_a_date_is_no_number() -> None:
    baseline = load("2026")

    with pytest.raises(BadInput, match="expected a number"):
        baseline.number("ownership.split.effective_date")


def last_unit(name: str) -> str:
    """The longest unit a name ends in, after a dot or an underscore."""
    return max(
        (unit for unit in UNITS.split() if name.endswith((f"_{unit}", f".{unit}"))),
        key=len,
        default="",
    )


def is_of_its_unit(entry: Assumption) -> bool:
    match entry.unit, entry.value:
        case "date", str(day):
            return date.fromisoformat(day).isoformat() == day
        case "count", value:
            return isinstance(value, int)
        case "fraction", value:
            return not isinstance(value, str) and 0 <= value <= 1
        case _, value:
            return not isinstance(value, str)
