"""The edits that the README and the description of the interface show: each runs, and is felt."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from api.app import create_app
from api.schemas.edits import EDITS_SCHEMA, EXAMPLES
from streams.branching import run
from streams.comparison import as_plain
from streams.settings import load_settings
from tests.one_process import OneProcess
from twin.whatif.scenario import SPOKEN, VERBS, read_scenario

README = (Path(__file__).parents[2] / "README.md").read_text()
SECTION = README.split("## What if")[1].split("\n## ")[0]
ROWS = [
    (verb, fields, json.loads(example))
    for verb, fields, example in re.findall(
        r"^\| `(\w+)` [^|]*\| ([^|]*) \| `(\{.*\})` \|$", SECTION, re.MULTILINE
    )
]


def test_the_readme_shows_each_edit_as_the_interface_does() -> None:
    assert {verb: example for verb, _, example in ROWS} == EXAMPLES
    assert [verb for verb, *_ in ROWS] == list(VERBS)


@pytest.mark.parametrize(("verb", "fields"), [row[:2] for row in ROWS], ids=VERBS)
def test_the_readme_names_the_fields_of_each_edit(verb: str, fields: str) -> None:
    told = set(re.findall(r"`(\w+)`", fields))

    # What all of them take is told once, below the table.
    assert told == fields_of(verb) - {"at", "for"}


def fields_of(verb: str) -> set[str]:
    """What an edit may hold beside its verb."""
    kind, own_field = VERBS[verb]
    words = {field: word for word, field in SPOKEN.items()}
    return {words.get(name, name) for name in kind.__struct_fields__ if name != own_field}


def test_the_interface_describes_each_edit_with_its_fields_and_an_example(tmp_path: Path) -> None:
    paths = create_app(load_settings({}, directory=tmp_path)).openapi()["paths"]

    content = paths["/v1/scenarios"]["post"]["requestBody"]["content"]["application/json"]
    described = content["schema"]["properties"]["edits"]
    assert described == EDITS_SCHEMA
    assert {
        each["title"]: set(each["properties"]) - {each["title"]}
        for each in described["items"]["oneOf"]
    } == {verb: fields_of(verb) for verb in VERBS}
    assert content["example"]["edits"] == list(EXAMPLES.values())


@pytest.mark.parametrize("verb", VERBS)
def test_each_example_of_an_edit_runs_and_is_felt(half_hour: OneProcess, verb: str) -> None:
    plain = ran(half_hour, [EXAMPLES[verb]])

    projected = (plain["projection"] or {}).get("deltas", [])
    assert plain["deltas"] or projected
    assert not [note for note in plain["notes"] if "no event matches" in note]


def test_all_examples_run_at_once(half_hour: OneProcess) -> None:
    assert ran(half_hour, list(EXAMPLES.values()))["deltas"]


def ran(one: OneProcess, edits: list[Any]) -> dict[str, Any]:
    text = json.dumps({"name": "shown", "from": "start", "edits": edits})
    return as_plain(run(one.log, one.engine, read_scenario(text, is_json=True)))
