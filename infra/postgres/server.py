"""Starting, stopping and asking after the PostgreSQL of a folder, with its own tools.

It never runs as root: then it runs as the user that its package made.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

import psycopg
from psycopg import sql

from infra.ports import refuse_a_port_in_use
from infra.usage import BadUsage
from streams.log.ownership import claimed
from twin.errors import Unavailable

HOST: Final = "127.0.0.1"
USER: Final = "twin"
DATABASE: Final = "twin"
PACKAGE_USER: Final = "postgres"
PACKAGED: Final = Path("/usr/lib/postgresql")
START_TIMEOUT_S: Final = 60
CONFIGURATION: Final = {
    "listen_addresses": f"'{HOST}'",
    # Only by address, so that it needs no folder for a socket that others share.
    "unix_socket_directories": "''",
    "shared_buffers": "'256MB'",
    "max_wal_size": "'2GB'",
    "wal_compression": "on",
    "timezone": "'UTC'",
}
Mode = Literal["fast", "immediate"]


def start(directory: Path, port: int) -> str:
    """Start the database of a folder and return its address when it answers; one that runs already
    is as good.

    ``BadUsage`` for a port that cannot be had, ``Unavailable`` when it does not come up.
    """
    if not 0 < port < 65_536:
        raise BadUsage(f"--port {port}", expected="1 to 65535")
    directory = directory.resolve()
    directory.mkdir(parents=True, exist_ok=True)
    # Of two that start at once the second finds what the first has made.
    with claimed(directory / "lock"):
        if not is_running(directory):
            _start(directory, port)
        elif port_of(directory) != port:
            raise BadUsage(
                f"--port {port}",
                expected=f"{port_of(directory)}, where the database of {directory} runs",
                remedy="stop it first with 'twin postgres stop'",
            )
        address = address_of(directory)
        _make_database(address, DATABASE)
    return address


def _start(directory: Path, port: int) -> None:
    refuse_a_port_in_use(HOST, port, expected="a free one with --port")
    _make(directory)
    data = directory / "data"
    settings = "".join(f"{name} = {value}\n" for name, value in CONFIGURATION.items())
    (data / "twin.conf").write_text(f"{settings}port = {port}\n")
    _tool("pg_ctl", "start", "--pgdata", str(data), "--wait", "--timeout", str(START_TIMEOUT_S),
          "--log", str(directory / "server.log"))  # fmt: skip


def stop(directory: Path, *, mode: Mode = "fast") -> bool:
    """End it and return when it is gone, ``immediate``ly as in a crash; whether any ran."""
    directory = directory.resolve()
    if not is_running(directory):
        return False
    _tool("pg_ctl", "stop", "--pgdata", str(directory / "data"), "--wait", "--mode", mode)
    return True


def is_running(directory: Path) -> bool:
    """Whether the database of a folder runs."""
    data = directory.resolve() / "data"
    if not (data / "PG_VERSION").exists():
        return False
    return _run("pg_ctl", "status", "--pgdata", str(data)).returncode == 0


def address_of(directory: Path) -> str:
    """What clients are given: with the password that was made for this folder."""
    password = (directory / "password").read_text().strip()
    return f"postgresql+psycopg://{USER}:{password}@{HOST}:{port_of(directory)}/{DATABASE}"


def port_of(directory: Path) -> int:
    """Where the database of a folder listens."""
    return int((directory / "data" / "postmaster.pid").read_text().splitlines()[3])


def new_database(directory: Path, name: str) -> str:
    """Make a further database on it; its address."""
    address = address_of(directory)
    _make_database(address, name)
    return f"{address.rpartition('/')[0]}/{name}"


def _make(directory: Path) -> None:
    """A new data folder, readable by its owner alone; one that is there is left alone.

    It gets its name when it is whole: what an interrupted start left behind is made anew.
    """
    if (directory / "data").exists():
        return
    data = directory / "data.unfinished"
    shutil.rmtree(data, ignore_errors=True)
    password = directory / "password"
    password.touch(mode=0o600)
    password.write_text(secrets.token_urlsafe(24))
    _give_away(directory, password)
    _tool("initdb", "--pgdata", str(data), "--username", USER, "--pwfile", str(password),
          "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C", "--no-instructions",
          )  # fmt: skip
    with (data / "postgresql.conf").open("a") as configuration:
        configuration.write("include 'twin.conf'\n")
    (data / "twin.conf").touch()
    _give_away(data / "twin.conf")
    data.rename(directory / "data")


def _make_database(address: str, name: str) -> None:
    plain = address.replace("+psycopg", "").rpartition("/")[0]
    with psycopg.connect(f"{plain}/postgres", autocommit=True) as db:
        known = db.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone()
        if known is None:
            db.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))


def _owner() -> str | None:
    """Who runs it, if not we ourselves; ``Unavailable`` for root where there is no such user."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(PACKAGE_USER).pw_name
    except KeyError:
        raise Unavailable(
            f"no user {PACKAGE_USER}, and PostgreSQL does not run as root",
            remedy="run this as another user, or install the package postgresql",
        ) from None


def _give_away(*paths: Path) -> None:
    if (owner := _owner()) is not None:
        for path in paths:
            shutil.chown(path, owner)


def _tool(name: str, *arguments: str) -> None:
    done = _run(name, *arguments)
    if done.returncode:
        lines = ((done.stderr or "") + (done.stdout or "")).strip().splitlines() or [
            "it said nothing"
        ]
        raise Unavailable(f"{name}: {lines[-1]}", remedy="look at server.log in the folder")


def _run(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    owner = _owner()
    command: Sequence[str] = (str(_bin() / name), *arguments)
    # A server inherits what its starter writes to, and would hold a pipe open for ever.
    output = subprocess.DEVNULL if arguments[0] == "start" else subprocess.PIPE
    return subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        text=True,
        check=False,
        cwd="/",
        user=owner,
        group=owner,
        extra_groups=None if owner is None else [],
    )


def _bin() -> Path:
    """Where its programs are: on the path, or where Debian keeps them."""
    if found := shutil.which("pg_ctl"):
        return Path(found).resolve().parent
    versions = sorted(PACKAGED.glob("*/bin"), key=lambda path: int(path.parent.name.split(".")[0]))
    if not versions:
        raise Unavailable("no PostgreSQL on this machine", remedy="install the package postgresql")
    return versions[-1]
