"""``twin bench``: what this machine does."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from infra import kernels
from infra.commands import options

bench = typer.Typer(
    help="Measure what this machine can do: everything, or one way of running it.",
    rich_markup_mode=None,
    invoke_without_command=True,
)


@bench.callback()
def table(context: typer.Context, as_json: options.AsJson = False) -> None:
    """Measure what this machine can do; one line a figure."""
    if context.invoked_subcommand is not None:
        return
    kernels.use()
    from infra.bench import running

    running.run(as_json=as_json)


@bench.command()
@options.addressed
def live(
    satellites: Annotated[
        int, typer.Option("--satellites", metavar="N", min=1, help="How many fly.")
    ] = 100_000,
    seconds: Annotated[
        int, typer.Option("--seconds", metavar="S", min=1, help="How many ticks count.")
    ] = 30,
    workers: Annotated[
        int, typer.Option("--workers", metavar="W", min=1, max=8, help="How many observe.")
    ] = 1,
    as_json: options.AsJson = False,
) -> None:
    """Satellites at 1 Hz, from the world to the database: rows, lag and processor time.

    Processes, topics and tables are its own, and gone afterwards.
    """
    kernels.use()
    from infra.bench import live

    # Only where no address says otherwise is anything kept there.
    settings = options.settings_of(Path(tempfile.gettempdir()) / "twin-bench")
    live.run(settings, satellites=satellites, seconds=seconds, workers=workers, as_json=as_json)


@bench.command()
def kafka(as_json: options.AsJson = False) -> None:
    """Every stage by itself, then fleets of 10,000 to millions.

    On a broker and a database of its own; fifteen minutes, if nothing else works here.
    """
    kernels.use()
    from infra.bench import running

    running.run(as_json=as_json, subjects=running.ON_KAFKA)
