"""What an installation may decide, from ``TWIN_…`` variables; each has a default that works."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from twin.errors import BadInput


class Setting(msgspec.Struct, frozen=True):
    """One variable: what it is for, as the README and ``twin --help`` print it."""

    variable: str
    meaning: str
    default: str


SETTINGS: tuple[Setting, ...] = (
    Setting("TWIN_DIR", "Folder of the log, the read model and the lock files.", "var"),
    Setting("TWIN_BROKER_URL", "The log: `log:///path/log.db`.", "log://<TWIN_DIR>/log.db"),
    Setting("TWIN_DATABASE_URL", "The read model: `sqlite:///path`.", "<TWIN_DIR>/twin.db"),
    Setting("TWIN_HOST", "Address the API listens on.", "127.0.0.1"),
    Setting("TWIN_PORT", "Port the API listens on.", "8000"),
    Setting("TWIN_FRAMES_KEPT_BYTES", "Frames of each topic kept, by size.", "2147483648"),
    Setting("TWIN_FRAMES_KEPT_S", "Frames kept, by age in seconds.", "604800"),
    Setting("TWIN_SNAPSHOT_TICKS", "Ticks from one snapshot to the next.", "300"),
    Setting("TWIN_PATIENCE_S", "Seconds a silent source is waited for.", "30"),
    Setting("TWIN_LOG_LEVEL", "debug, info, warning or error.", "warning"),
)


class Settings(msgspec.Struct, frozen=True):
    """The decisions in force."""

    directory: Path
    broker_url: str
    database_url: str
    host: str = "127.0.0.1"
    port: int = 8000
    frames_kept_bytes: int = 2 * 1024**3
    frames_kept_s: float = 7 * 86_400.0
    snapshot_ticks: int = 300
    patience_s: float = 30.0
    log_level: str = "warning"

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
            "TWIN_LOG_LEVEL": self.log_level,
        }


def load_settings(
    environ: Mapping[str, str] = os.environ,
    *,
    directory: Path | None = None,
    port: int | None = None,
) -> Settings:
    """Settings from the environment; arguments win. ``BadInput`` names a variable that is off."""
    root = (directory or Path(environ.get("TWIN_DIR", "var"))).resolve()
    own = directory is not None
    broker = environ.get("TWIN_BROKER_URL") if not own else None
    database = environ.get("TWIN_DATABASE_URL") if not own else None
    return Settings(
        directory=root,
        broker_url=broker or f"log://{root}/log.db",
        database_url=database or f"sqlite:///{root}/twin.db",
        host=environ.get("TWIN_HOST", "127.0.0.1"),
        port=port if port is not None else _whole(environ, "TWIN_PORT", 8000),
        frames_kept_bytes=_whole(environ, "TWIN_FRAMES_KEPT_BYTES", 2 * 1024**3),
        frames_kept_s=_real(environ, "TWIN_FRAMES_KEPT_S", 7 * 86_400.0),
        snapshot_ticks=_whole(environ, "TWIN_SNAPSHOT_TICKS", 300),
        patience_s=_real(environ, "TWIN_PATIENCE_S", 30.0),
        log_level=environ.get("TWIN_LOG_LEVEL", "warning"),
    )


def _whole(environ: Mapping[str, str], variable: str, default: int) -> int:
    value = _real(environ, variable, default)
    if value != int(value):
        raise BadInput(f"{variable}={environ[variable]!r}", expected="a whole number")
    return int(value)


def _real(environ: Mapping[str, str], variable: str, default: float) -> float:
    try:
        value = float(environ.get(variable, default))
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise BadInput(
            f"{variable}={environ[variable]!r}", expected="a number of 0 or more", field=variable
        )
    return value
