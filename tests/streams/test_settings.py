"""Settings: each has a default, holds a number that makes sense, and names a file exactly."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from streams.log.address import embedded_path
from streams.settings import SETTINGS, Settings, load_settings
from streams.store.database import database_file, open_database
from twin.errors import BadInput

ODD_NAMES = ["a b", "a#b", "a?b", "a%41b", "aAb", "a", "a&b=c;d", "ä-東", "'so\"", "a+b", "a\\b"]


def test_without_a_word_every_setting_is_its_default(tmp_path: Path) -> None:
    settings = load_settings({}, directory=tmp_path)

    given = settings.environment()
    own = {"TWIN_DIR", "TWIN_BROKER_URL", "TWIN_DATABASE_URL"}
    assert list(given) == [setting.variable for setting in SETTINGS]
    for setting in SETTINGS:
        if setting.variable not in own:
            assert given[setting.variable].removesuffix(".0") == setting.default
    empty = dict.fromkeys(given, "")
    assert load_settings(empty, directory=tmp_path) == settings


def test_a_process_given_the_environment_of_another_has_its_settings(tmp_path: Path) -> None:
    settings = load_settings({"TWIN_PATIENCE_S": "2.5"}, directory=tmp_path / "a#b", port=81)

    assert load_settings(settings.environment()) == settings


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_folder_of_any_name_has_its_log_and_its_read_model_inside(
    tmp_path: Path, name: str
) -> None:
    settings = load_settings({}, directory=tmp_path / name)

    with made(settings):
        assert embedded_path(settings.broker_url) == tmp_path / name / "log.db"
        assert database_file(settings.database_url) == tmp_path / name / "twin.db"
        assert (tmp_path / name / "twin.db").is_file()
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_no_two_folders_share_a_log_or_a_read_model(tmp_path: Path) -> None:
    chosen = [load_settings({}, directory=tmp_path / name) for name in ODD_NAMES]

    assert len({settings.broker_url for settings in chosen}) == len(ODD_NAMES)
    assert len({embedded_path(settings.broker_url) for settings in chosen}) == len(ODD_NAMES)
    assert len({database_file(settings.database_url) for settings in chosen}) == len(ODD_NAMES)


def test_a_folder_whose_name_is_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="a name in UTF-8"):
        load_settings({}, directory=tmp_path / "a\udcff")


@pytest.mark.parametrize(
    ("variable", "word", "expected"),
    [
        ("TWIN_PORT", "99999", "a whole number from 0 to 65535"),
        ("TWIN_PORT", "-1", "a whole number from 0 to 65535"),
        ("TWIN_PORT", "80.5", "a whole number"),
        ("TWIN_PORT", "http", "a whole number"),
        ("TWIN_SNAPSHOT_TICKS", "0", "a whole number from 1 to 1000000"),
        ("TWIN_FRAMES_KEPT_BYTES", "1e300", "a whole number from 1 to 1000000000000000"),
        ("TWIN_FRAMES_KEPT_BYTES", "0", "a whole number from 1 to 1000000000000000"),
        ("TWIN_FRAMES_KEPT_S", "0", "a number from 1"),
        ("TWIN_PATIENCE_S", "nan", "a number from 0"),
        ("TWIN_PATIENCE_S", "inf", "a number from 0"),
        ("TWIN_SCENARIO_TICKS", "0", "a whole number from 1 to 1000000000"),
        ("TWIN_LOG_LEVEL", "loud", "one of debug, info, warning, error"),
    ],
)
def test_a_setting_out_of_bounds_is_refused_with_what_was_given_and_expected(
    tmp_path: Path, variable: str, word: str, expected: str
) -> None:
    with pytest.raises(BadInput) as refusal:
        load_settings({variable: word}, directory=tmp_path)

    assert refusal.value.field == variable
    assert str(refusal.value).startswith(f"{variable}={word!r}; expected {expected}")


def test_a_mistyped_setting_is_refused_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"TWIN_PROT, .*'TWIN_PORT' \(the nearest name\)"):
        load_settings({"TWIN_PROT": "9000", "TWINS": "2"}, directory=tmp_path)


@contextmanager
def made(settings: Settings) -> Iterator[None]:
    """The read model, made and let go of."""
    engine = open_database(settings.database_url)
    yield
    engine.dispose()


@pytest.mark.parametrize(
    "environ",
    [
        {"TWIN_DATABASE_URL": "postgresql+nodriver://u:hunter2@h/db"},
        {"TWIN_DATABASE_URL": "postgresql+psycopg://u:a@hunter2@h/db"},
        {"TWIN_DATABASE_URL": "postgresql+psycopg://u:hunter2@h"},
        {"TWIN_BROKER_URL": "kafka://u:hunter2@h:9092"},
        {"TWIN_BROKER_URL": "redis://u:hunter2@h:9092"},
    ],
    ids=lambda environ: next(iter(environ.values())),
)
def test_a_password_in_an_address_that_is_refused_is_not_repeated(environ: dict[str, str]) -> None:
    with pytest.raises(BadInput) as refused:
        load_settings(environ)

    ((variable, url),) = environ.items()
    said = str(refused.value)
    assert "hunter2" not in said
    assert said.startswith(f"{variable}='{url.partition(':')[0]}://")


def test_settings_show_no_secret_wherever_they_are_printed() -> None:
    environ = {
        "TWIN_DATABASE_URL": "postgresql+psycopg://u:hunter2@h/db",
        "TWIN_KAFKA_PROTOCOL": "SASL_SSL",
        "TWIN_KAFKA_USERNAME": "u",
        "TWIN_KAFKA_PASSWORD": "hunter2",
        "TWIN_READER_PASSWORD": "hunter2",
        "TWIN_GRAFANA_TOKEN": "hunter2",
    }

    shown = repr(load_settings(environ))

    assert "hunter2" not in shown
    assert "TWIN_DATABASE_URL='postgresql+psycopg://…@h/db'" in shown
