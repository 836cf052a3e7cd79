"""What may be written on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.command import main
from infra.options import asked_of, settings_of, speed_of
from infra.usage import BadUsage
from streams.settings import SETTINGS

NOTHING = dict.fromkeys(("world", "catalog", "seed", "start", "tick", "faults", "satellites"))


@pytest.mark.parametrize(("text", "speed"), [("max", None), ("60", 60.0), ("0.5", 0.5)])
def test_a_speed_is_a_number_or_max(text: str, speed: float | None) -> None:
    assert speed_of(text) == speed


@pytest.mark.parametrize("text", ["", "fast", "0", "-1", "nan", "inf"])
def test_another_speed_is_bad_usage(text: str) -> None:
    with pytest.raises(BadUsage, match="--speed"):
        speed_of(text)


def test_a_catalogue_has_its_own_number_of_satellites() -> None:
    with pytest.raises(BadUsage, match="--satellites"):
        asked_of(**{**NOTHING, "catalog": Path("x"), "satellites": 5})


def test_faults_not_asked_for_are_not_asked_about() -> None:
    assert asked_of(**{**NOTHING, "faults": False}).has_faults is None


def test_a_variable_that_is_off_is_bad_usage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWIN_PORT", "http")

    with pytest.raises(BadUsage, match="TWIN_PORT"):
        settings_of(None)


def test_a_folder_that_is_a_file_is_bad_usage(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(BadUsage, match="which is no folder"):
        settings_of(tmp_path / "file")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["demo", "--plain", "--ticks", "1"], "twin: /proc/nowhere: no such file or directory"),
        (["simulate", "--ticks", "1"], "twin: /proc/nowhere: no such file or directory"),
    ],
)
def test_what_the_system_refuses_is_one_line_with_the_file(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status = main([*words, "--dir", "/proc/nowhere"])

    assert status == 1
    assert capsys.readouterr().err == f"{said}\n"


def test_help_says_every_setting_with_its_default(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--help"])

    printed = " ".join(capsys.readouterr().out.split())
    for setting in SETTINGS:
        meaning = setting.meaning.replace("`", "")
        assert f"{setting.variable} {meaning} [{setting.default}]" in printed


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["--help"])

    printed = capsys.readouterr().out
    assert status == 0
    for name in ("demo", "simulate", "worker", "api", "log", "replay", "dead", "bench"):
        assert f"\n  {name} " in printed


def test_a_command_alone_is_help_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert "Usage: twin" in capsys.readouterr().out


@pytest.mark.parametrize("words", [["log"], ["dead"], ["log", "tail", "-n", "x"], ["demo", "x"]])
def test_bad_usage_is_one_line(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    status = main(words)

    said = capsys.readouterr().err
    assert status == 2
    assert said.startswith("twin: ")
    assert said.count("\n") == 1
