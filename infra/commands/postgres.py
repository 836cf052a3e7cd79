"""``twin postgres``: a real PostgreSQL on this machine, for tests and development."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from infra.commands import options

postgres = typer.Typer(
    help="Run a real PostgreSQL on this machine (Debian's package postgresql).",
    rich_markup_mode=None,
    invoke_without_command=True,
    callback=options.show_help,
)

Folder = Annotated[Path, typer.Option("--dir", metavar="DIR", help="The database's folder.")]
DEFAULT_FOLDER = Path("var/postgres")


@postgres.command()
def start(
    directory: Folder = DEFAULT_FOLDER,
    port: Annotated[
        int, typer.Option("--port", metavar="PORT", help="Where clients find it.")
    ] = 5432,
) -> None:
    """Start the database of a folder; returns when it answers, and says its address."""
    from infra.postgres import server

    print(server.start(directory, port))


@postgres.command()
def stop(directory: Folder = DEFAULT_FOLDER) -> None:
    """Stop it; returns when it is gone."""
    from infra.postgres import server

    print("stopped" if server.stop(directory) else f"no database runs in {directory}")


@postgres.command()
def status(directory: Folder = DEFAULT_FOLDER) -> None:
    """Say its address; exit status 1 if it does not run."""
    from infra.postgres import server

    if not server.is_running(directory):
        print(f"no database runs in {directory}")
        raise typer.Exit(1)
    print(server.address_of(directory))
