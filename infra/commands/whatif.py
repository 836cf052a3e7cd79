"""``twin whatif``: fork the past, change something, and see both futures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from infra import kernels
from infra.commands import options

whatif = typer.Typer(help="What if: fork the log at a past instant.", rich_markup_mode=None)


@whatif.command("run")
@options.addressed
def run_scenario(
    file: Annotated[
        str,
        typer.Argument(metavar="FILE", help="A scenario in YAML, or the name of a shipped one."),
    ],
    directory: options.Dir = None,
    as_json: options.AsJson = False,
) -> None:
    """Fold the log twice from the fork of a scenario on, and compare.

    Live is only read: no scenario can change it.
    """
    settings = options.settings_of(directory)
    kernels.use()
    from infra import whatif as running

    running.run(settings, Path(file), as_json=as_json)


@whatif.command("list")
def list_scenarios() -> None:
    """List the scenarios that are shipped."""
    from infra import whatif as running

    running.show_shipped()
