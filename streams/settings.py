"""What an installation may decide, from ``TWIN_…`` variables; each has a default that works.

A variable that is no setting is refused: it is one that was mistyped.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

import msgspec

from streams.log.port import embedded_path
from twin.errors import BadInput
from twin.suggest import nearest

PREFIX = "TWIN_"
LOG_LEVELS = ("debug", "info", "warning", "error")


class Bounds(msgspec.Struct, frozen=True):
    """Which numbers make sense, both ends included."""

    least: float
    most: float
    is_whole: bool = True

    def __str__(self) -> str:
        kind = "a whole number" if self.is_whole else "a number"
        return f"{kind} from {self.least:.16g} to {self.most:.16g}"


class Setting(msgspec.Struct, frozen=True):
    """One variable: what it is for, as the README and ``twin --help`` print it."""

    variable: str
    meaning: str
    default: str
    bounds: Bounds | None = None


SETTINGS: tuple[Setting, ...] = (
    Setting("TWIN_DIR", "Folder of the log, the read model and the lock files.", "var"),
    Setting(
        "TWIN_BROKER_URL",
        "The log: `log:///path/log.db`, percent-encoded.",
        "log://<TWIN_DIR>/log.db",
    ),
    Setting(
        "TWIN_DATABASE_URL",
        "The read model: `sqlite:////path/twin.db`, percent-encoded.",
        "sqlite:///<TWIN_DIR>/twin.db",
    ),
    Setting("TWIN_HOST", "Address the API listens on.", "127.0.0.1"),
    Setting("TWIN_PORT", "Port the API listens on; 0 picks a free one.", "8000", Bounds(0, 65_535)),
    Setting(
        "TWIN_FRAMES_KEPT_BYTES",
        "Bytes of frames that are kept of each topic.",
        "2147483648",
        Bounds(1, 10**15),
    ),
    Setting(
        "TWIN_FRAMES_KEPT_S",
        "Seconds for which frames are kept.",
        "604800",
        Bounds(1, 10**9, is_whole=False),
    ),
    Setting("TWIN_SNAPSHOT_TICKS", "Ticks from one snapshot to the next.", "100", Bounds(1, 10**6)),
    Setting(
        "TWIN_PATIENCE_S",
        "Seconds to wait for a silent source.",
        "30",
        Bounds(0, 10**6, is_whole=False),
    ),
    Setting(
        "TWIN_SCENARIO_TICKS",
        "Ticks of a scenario that the API folds for one answer.",
        "50000",
        Bounds(1, 10**9),
    ),
    Setting(
        "TWIN_LOG_LEVEL",
        f"Least severity that is logged: {', '.join(LOG_LEVELS[:-1])} or {LOG_LEVELS[-1]}.",
        "warning",
    ),
)
_BY_VARIABLE = {setting.variable: setting for setting in SETTINGS}


class Settings(msgspec.Struct, frozen=True):
    """The decisions in force."""

    directory: Path
    broker_url: str
    database_url: str
    host: str
    port: int
    frames_kept_bytes: int
    frames_kept_s: float
    snapshot_ticks: int
    patience_s: float
    scenario_ticks: int
    log_level: str

    def environment(self) -> dict[str, str]:
        """The variables that give a child process the same settings."""
        return {
            "TWIN_DIR": str(self.directory),
            "TWIN_BROKER_URL": self.broker_url,
            "TWIN_DATABASE_URL": self.database_url,
            "TWIN_HOST": self.host,
            "TWIN_PORT": str(self.port),
            "TWIN_FRAMES_KEPT_BYTES": str(self.frames_kept_bytes),
            "TWIN_FRAMES_KEPT_S": str(self.frames_kept_s),
            "TWIN_SNAPSHOT_TICKS": str(self.snapshot_ticks),
            "TWIN_PATIENCE_S": str(self.patience_s),
            "TWIN_SCENARIO_TICKS": str(self.scenario_ticks),
            "TWIN_LOG_LEVEL": self.log_level,
        }


def load_settings(
    environ: Mapping[str, str] = os.environ,
    *,
    directory: Path | None = None,
    port: int | None = None,
) -> Settings:
    """Settings from the environment; arguments win, and an empty variable is as good as none.

    A directory that is given takes the log and the read model with it. ``BadInput`` names the
    variable that is off, what it is and what it may be.
    """
    _refuse_unknown(environ)
    given = environ if port is None else {**environ, "TWIN_PORT": str(port)}
    places = environ if directory is None else {}
    root = (directory or Path(_word(environ, "TWIN_DIR"))).resolve()
    return Settings(
        directory=root,
        broker_url=_broker(places.get("TWIN_BROKER_URL")) or f"log://{_encoded(root / 'log.db')}",
        database_url=_database(places.get("TWIN_DATABASE_URL"))
        or f"sqlite:///{_encoded(root / 'twin.db')}",
        host=_word(given, "TWIN_HOST"),
        port=int(_number(given, "TWIN_PORT")),
        frames_kept_bytes=int(_number(given, "TWIN_FRAMES_KEPT_BYTES")),
        frames_kept_s=_number(given, "TWIN_FRAMES_KEPT_S"),
        snapshot_ticks=int(_number(given, "TWIN_SNAPSHOT_TICKS")),
        patience_s=_number(given, "TWIN_PATIENCE_S"),
        scenario_ticks=int(_number(given, "TWIN_SCENARIO_TICKS")),
        log_level=_one_of(given, "TWIN_LOG_LEVEL", LOG_LEVELS),
    )


def _refuse_unknown(environ: Mapping[str, str]) -> None:
    for variable in environ:
        if variable.startswith(PREFIX) and variable not in _BY_VARIABLE:
            raise BadInput(
                f"{variable}, which is not a setting",
                expected=nearest(variable, _BY_VARIABLE),
                field=variable,
            )


def _broker(url: str | None) -> str | None:
    """The address as given; ``BadInput`` if it names no log."""
    if url:
        try:
            embedded_path(url)
        except BadInput as error:
            raise BadInput(
                f"TWIN_BROKER_URL={url!r}", expected=error.expected, field="TWIN_BROKER_URL"
            ) from None
    return url


def _database(url: str | None) -> str | None:
    """The address as given; ``BadInput`` if it names no database this Python can talk to."""
    if url and not url.startswith("sqlite:////"):
        # Imported only here: the usual address is known to be one, and these take a second.
        from sqlalchemy import make_url
        from sqlalchemy.exc import ArgumentError

        said, is_named = f"{url.partition(':')[0]}:…", False
        try:
            address = make_url(url)
            said = address.render_as_string(hide_password=True)
            address.get_dialect().import_dbapi()
            is_named = bool(address.database)
        except (ArgumentError, ImportError):
            is_named = False
        if not is_named:
            raise BadInput(
                f"TWIN_DATABASE_URL={said!r}",
                expected="sqlite:////absolute/path/twin.db, percent-encoded",
                field="TWIN_DATABASE_URL",
            )
    return url


def _encoded(path: Path) -> str:
    """A path as part of an address: what would end or change it there is percent-encoded."""
    try:
        return quote(str(path))
    except UnicodeEncodeError:
        raise BadInput(
            f"folder {str(path.parent)!r}", expected="a name in UTF-8", field="TWIN_DIR"
        ) from None


def _word(environ: Mapping[str, str], variable: str) -> str:
    return environ.get(variable) or _BY_VARIABLE[variable].default


def _number(environ: Mapping[str, str], variable: str) -> float:
    word, bounds = _word(environ, variable), _BY_VARIABLE[variable].bounds
    assert bounds is not None, "a number has bounds"
    try:
        value = float(word)
    except ValueError:
        value = float("nan")
    if not bounds.least <= value <= bounds.most or (bounds.is_whole and not value.is_integer()):
        raise BadInput(f"{variable}={word!r}", expected=str(bounds), field=variable)
    return value


def _one_of(environ: Mapping[str, str], variable: str, known: tuple[str, ...]) -> str:
    word = _word(environ, variable)
    if word not in known:
        raise BadInput(
            f"{variable}={word!r}", expected=f"one of {', '.join(known)}", field=variable
        )
    return word
