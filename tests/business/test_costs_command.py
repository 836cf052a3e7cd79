"""``twin costs``: cases in, answers out under the published names; a page; one line when wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from infra.command import main
from tests.business.published import EDGES, GOLDEN, OUTPUTS, VECTORS, flat, is_near
from tests.shared_data import required


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["costs", *arguments]) == 0
    return capsys.readouterr().out


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line on stderr of a command that makes no sense."""
    assert main(["costs", *arguments]) == 2
    out, error = capsys.readouterr()
    assert out == ""
    assert error.count("\n") == 1
    return error


def write(folder: Path, text: str) -> str:
    path = folder / "cases.json"
    path.write_text(text)
    return str(path)


@pytest.mark.parametrize("path", [VECTORS, GOLDEN], ids=["vectors", "edges"])
def test_a_file_of_published_vectors_is_answered_as_published(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = json.loads(required(path).read_text())["cases"]

    told = json.loads(said(capsys, "--cases", str(path), "--json"))

    assert list(told) == ["cases"]
    assert [case["name"] for case in told["cases"]] == [case["name"] for case in wanted]
    for answer, case in zip(told["cases"], wanted, strict=True):
        assert list(answer) == ["name", *OUTPUTS]
        assert is_the_same(answer, case)


def is_the_same(answer: dict[str, Any], case: dict[str, Any]) -> bool:
    told = flat({name: answer[name] for name in OUTPUTS})
    wanted = flat({name: case[name] for name in OUTPUTS})
    return told.keys() == wanted.keys() and all(
        (told[name] is None) == (wanted[name] is None)
        and (wanted[name] is None or is_near(told[name], wanted[name]))
        for name in wanted
    )


def test_counts_are_integers_and_what_is_not_finite_is_null(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cases = {"cases": [{"name": "a", "changes": {}}, {"name": "b", "changes": {"years": 0}}]}

    text = said(capsys, "--cases", write(tmp_path, json.dumps(cases)), "--json")

    first, second = json.loads(text)["cases"]
    assert '"satelliteCount": 39731,' in text
    assert first["thermal"]["areaSufficient"] is True
    assert second["orbital"]["lcoe"] is None
    assert "NaN" not in text
    assert "Infinity" not in text


def test_a_setting_holds_in_every_case_and_the_case_has_the_last_word(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cases = {"cases": [{"name": "a", "changes": {}}, {"name": "b", "changes": {"nreCost": 0}}]}
    path = write(tmp_path, json.dumps(cases))

    told = json.loads(said(capsys, "--cases", path, "--set", "nreCost=2000", "--json"))

    assert [case["orbital"]["nreCost"] for case in told["cases"]] == [2e9, 0]


def test_no_cases_have_no_answers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert json.loads(said(capsys, "--cases", write(tmp_path, '{"cases": []}'), "--json")) == {
        "cases": []
    }


def test_cases_without_json_are_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    lines = said(capsys, "--cases", str(GOLDEN)).splitlines()

    assert len(lines) == 1 + len(EDGES)
    assert all(len(line) == len(lines[0]) for line in lines)


def test_the_page_sets_orbit_beside_ground_and_judges_the_claim(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = said(capsys)
    words = " ".join(text.split())

    for part in (
        "published                live          optimistic         pessimistic",
        "power used, $ per MWh",
        "accelerator-hour, $",
        "million tokens, $",
        "power used, $ per MWh 1,006 426 1,953 199",
        "orbit over c2-gb300, MWh",
        "of the set's own ground plant",
        "  launch, $ per kg, at most",
        "51.10 $ per W against 15.85",
        "Claim: ",
        "Verdict: not now; only under the optimistic assumptions.",
        "arXiv:2511.19468",
        "arXiv:2604.27197",
        "S-1 L1637",
        "andrewmccalip/thoughts @ e59571e",
    ):
        assert " ".join(part.split()) in words, part
    assert max(len(line) for line in text.splitlines()) <= 120


def test_the_page_as_data_says_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    told = json.loads(said(capsys, "--json"))

    sets = {one["assumption_set"]: one for one in told["sets"]}
    assert list(sets) == ["published", "live", "optimistic", "pessimistic"]
    assert told["published_model"]["orbital"]["totalCost"] == pytest.approx(51_095_348_397.26)
    assert sets["live"]["orbit_over_ground"]["accelerator_hour_usd"] > 1
    assert sets["optimistic"]["orbit_over_ground"]["accelerator_hour_usd"] < 1
    assert all(entry["source"] for one in sets.values() for entry in one["numbers"])


def test_a_setting_changes_every_set(capsys: pytest.CaptureFixture[str]) -> None:
    told = json.loads(said(capsys, "--set", "launchCostPerKg=7", "--set", "pue=1.1", "--json"))

    assert told["changes"] == {"launchCostPerKg": 7, "pue": 1.1}
    assert {one["orbit"]["launch_usd_per_kg"] for one in told["sets"]} == {7}


def test_a_cheap_enough_orbit_turns_the_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    free = ["launchCostPerKg=0", "satelliteCostPerW=0", "gpuFailureRate=0", "nreCost=0"]

    told = json.loads(said(capsys, *(word for each in free for word in ("--set", each)), "--json"))

    assert told["verdict"].startswith("it is")


def test_a_plant_without_sunlight_leaves_dashes(capsys: pytest.CaptureFixture[str]) -> None:
    assert "–" in said(capsys, "--set", "sunFraction=0")


@pytest.mark.parametrize(
    ("setting", "part"),
    [
        ("launchCostPerKgs=1", "'launchCostPerKg' (the nearest name)"),
        ("launchCostPerKg", "NAME=VALUE"),
        ("launchCostPerKg=cheap", "a number after launchCostPerKg="),
        ("launchCostPerKg=nan", "a finite number"),
        ("years=1e9", "1000000 at most"),
        ("launchCostPerKg=-5", "launchCostPerKg=-5; expected 0 or more; give a number within"),
        ("years=0", "years=0; expected more than 0, 1000000 at most"),
        ("pue=0.5", "pue=0.5; expected 1 or more"),
        ("sunFraction=1.01", "expected 0 or more, 1 at most"),
        ("=5", "NAME=VALUE"),
    ],
)
def test_a_setting_that_makes_no_sense_is_one_line(
    setting: str, part: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert part in refused(capsys, "--set", setting)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "cases.json"),
        ("[]", "expected"),
        ("{}", "missing required field `cases`"),
        ('{"cases": [{"name": "a"}]}', "missing required field `changes`"),
        ('{"cases": [{"name": "a", "changes": {"year": 5}}]}', "'years' (the nearest name)"),
        ('{"cases": [{"name": "a", "changes": {"years": "5"}}]}', "case 'a': years='5'"),
        ('{"cases": [{"name": "a", "changes": {"years": true}}]}', "expected a number"),
        ('{"cases": [{"name": "a", "changes": {"years": null}}]}', "expected a number"),
        ('{"cases": [{"name": "a", "changes": {"pue": 1' + "0" * 400 + "}}]}", "at most 1.79"),
    ],
)
def test_a_file_of_cases_that_makes_no_sense_is_one_line(
    text: str, part: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert part in refused(capsys, "--cases", write(tmp_path, text))


def test_a_file_that_is_not_there_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "No such file" in refused(capsys, "--cases", str(tmp_path / "nowhere.json"))


def test_data_carries_the_steps_to_every_cost(capsys: pytest.CaptureFixture[str]) -> None:
    told = json.loads(said(capsys, "--json"))

    for side in told["sets"]:
        for costs in (side["orbit"], side["ground"]):
            steps = {step["name"]: step for step in costs["steps"]}
            hour = steps["accelerator_hour_usd"]
            assert hour["value"] == costs["accelerator_hour_usd"]
            parts = [steps[name]["value"] for name in ("power_usd", "bought_usd", "used_h")]
            assert parts == [hour["terms"][n] for n in ("power_usd", "bought_usd", "used_h")]
            power_usd, bought_usd, used_h = parts
            assert power_usd + bought_usd / used_h == pytest.approx(hour["value"], rel=1e-12)
