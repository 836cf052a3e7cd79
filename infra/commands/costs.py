"""``twin costs``: orbit beside ground, and the published cost model over any inputs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from infra.commands import options


def costs(
    cases: Annotated[
        Path | None,
        typer.Option(
            "--cases", metavar="FILE", help="Run the published model over a file of changes."
        ),
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="Change an input of the published model, such as launchCostPerKg=100.",
        ),
    ] = None,
    as_json: options.AsJson = False,
) -> None:
    """Compare what AI costs in orbit and on the ground.

    With --cases, answer each case with everything the published model says of it.
    """
    from infra.costs import cases as published
    from infra.costs import showing

    settings = published.changes_of(changes or [])
    if cases is not None:
        published.run(cases, settings, as_json=as_json)
    else:
        showing.run(settings, as_json=as_json)
