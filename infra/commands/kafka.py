"""``twin kafka``: a real broker on this machine, for tests and development."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from infra.commands import options

kafka = typer.Typer(
    help="Run a real Apache Kafka broker on this machine (Java 17; Maven, the first time).",
    rich_markup_mode=None,
    invoke_without_command=True,
    callback=options.show_help,
)

Folder = Annotated[Path, typer.Option("--dir", metavar="DIR", help="The broker's folder.")]
DEFAULT_FOLDER = Path("var/kafka")


@kafka.command()
def start(
    directory: Folder = DEFAULT_FOLDER,
    port: Annotated[
        int, typer.Option("--port", metavar="PORT", help="Where clients find it.")
    ] = 9092,
) -> None:
    """Start the broker of a folder; returns when it answers."""
    from infra.kafka import broker as brokers

    running = brokers.start(directory, port)
    print(f"broker {running.pid} answers at kafka://{running.bootstrap}")


@kafka.command()
def stop(directory: Folder = DEFAULT_FOLDER) -> None:
    """Stop it; returns when it is gone. What it keeps is kept."""
    from infra.kafka import broker as brokers

    running = brokers.stop(directory)
    print(f"broker {running.pid} stopped" if running else f"no broker runs in {directory}")


@kafka.command()
def status(directory: Folder = DEFAULT_FOLDER) -> None:
    """Say whether it runs and answers; exit status 1 if not."""
    from infra.kafka import broker as brokers

    running = brokers.status(directory)
    if running is None:
        print(f"no broker runs in {directory}")
        raise typer.Exit(1)
    if not brokers.answers(running.bootstrap):
        print(f"broker {running.pid} runs, but does not answer at kafka://{running.bootstrap}")
        raise typer.Exit(1)
    print(f"broker {running.pid} answers at kafka://{running.bootstrap}")
