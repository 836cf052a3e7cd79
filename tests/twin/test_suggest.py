"""The nearest right name: one, a few, or how many there are and where they are listed."""

from __future__ import annotations

from twin.suggest import nearest, unknown

MANY = [f"class.kind-{number:02d}.mass_kg" for number in range(40)] + ["price.grok.output_usd"]


def test_a_name_that_is_close_is_named_alone() -> None:
    assert nearest("sl53", ["sl-53", "sl-70"]) == "'sl-53' (the nearest name)"


def test_names_about_as_near_are_named_together_and_swapped_letters_first() -> None:
    known = ["sl-43", "sl-53", "sl-70", "sl-v3", "v3"]

    said = nearest("sl-35", known)

    assert said == "'sl-53', 'sl-v3' or 'sl-43' (the nearest names)"


def test_a_few_names_are_all_told() -> None:
    assert nearest("zz", ["b", "a"]) == "one of a, b"


def test_of_many_names_the_nearest_few_are_told_and_how_many_there_are() -> None:
    said = nearest("grok", MANY)

    assert said.startswith("one of 41; the nearest are price.grok.output_usd, ")
    assert said.count(",") == 7
    assert "…" not in said


def test_where_all_names_are_listed_is_told() -> None:
    error = unknown("assumption", "grok", MANY)

    assert "one of 41, listed by GET /v1/assumptions; the nearest are price.grok" in str(error)
