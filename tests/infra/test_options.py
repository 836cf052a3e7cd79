"""What may be written on the command line."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

import pytest

from infra.command import main
from infra.commands.options import asked_of, settings_of, speed_of
from infra.usage import BadUsage
from streams.log.ownership import claimed
from streams.settings import SETTINGS

NOTHING = dict.fromkeys(
    (
        *("world", "catalog", "launches", "llm_trace", "seed"),
        *("start", "tick", "faults", "satellites"),
    )
)


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

    with pytest.raises(BadUsage, match="which is a file"):
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


@pytest.mark.parametrize("words", [["log"], ["dead"]])
def test_a_group_of_commands_alone_is_help_too(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 0
    assert f"Usage: twin {words[0]} [OPTIONS] COMMAND" in capsys.readouterr().out


def test_it_says_its_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"twin {metadata.version('spacex-xai-twin')}\n"


@pytest.mark.parametrize("command", ["demo", "simulate"])
def test_help_says_what_a_catalogue_with_bad_rows_comes_to(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main([command, "--help"])

    printed = " ".join(capsys.readouterr().out.split())
    assert "the good ones fly, and the exit status is 1" in printed


@pytest.mark.parametrize("command", ["demo", "simulate"])
def test_help_says_when_a_world_of_real_files_starts(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main([command, "--help"])

    printed = " ".join(capsys.readouterr().out.split())
    assert "--launches FILE" in printed
    assert "with --launches the hour of the first launch of the 30 days" in printed
    assert "--llm-trace FILE" in printed
    assert "its first request comes when the world starts" in printed


def test_ctrl_c_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("infra.commands.options.settings_of", interrupted)

    assert main(["replay"]) == 1
    assert capsys.readouterr().err == "twin: interrupted\n"


@pytest.mark.parametrize(
    ("variable", "word"),
    [
        ("TWIN_PROT", "9000"),
        ("TWIN_BROKER_URL", "log.db"),
        ("TWIN_BROKER_URL", "kafka://localhost"),
        ("TWIN_DATABASE_URL", "twin.db"),
        ("TWIN_DATABASE_URL", "sqlite://"),
        ("TWIN_DATABASE_URL", "oracel://x/y"),
    ],
)
def test_a_setting_that_is_off_is_bad_usage_of_every_command(
    variable: str,
    word: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(variable, word)

    for words in (["replay"], ["worker"], ["api"], ["demo"], ["log", "tail"], ["dead", "list"]):
        assert main(words) == 2
        assert capsys.readouterr().err.startswith(f"twin: {variable}")


@pytest.mark.parametrize("command", ["demo", "simulate"])
@pytest.mark.parametrize(
    "words",
    [
        ["--start", "x"],
        ["--tick", "7"],
        ["--world", "2030"],
        ["--catalog", "/nowhere"],
        ["--launches", "/nowhere"],
        ["--llm-trace", "/nowhere"],
    ],
)
def test_bad_usage_is_found_before_the_folder_is_looked_at(
    command: str, words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with claimed(tmp_path / "demo.lock"), claimed(tmp_path / "world.lock"):
        status = main([command, *words, "--dir", str(tmp_path)])

    assert status == 2
    assert words[1] in capsys.readouterr().err


@pytest.mark.parametrize("words", [["log", "tail", "-n", "x"], ["demo", "x"]])
def test_bad_usage_is_one_line(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    status = main(words)

    said = capsys.readouterr().err
    assert status == 2
    assert said.startswith("twin: ")
    assert said.count("\n") == 1
