"""``twin dead``: what could not be applied, and giving it another chance."""

from __future__ import annotations

from typing import Annotated

import typer

from infra import kernels
from infra.commands import options

dead = typer.Typer(
    help="List dead letters, send one again.",
    rich_markup_mode=None,
    invoke_without_command=True,
    callback=options.show_help,
)


@dead.command("list")
@options.addressed
def list_letters(directory: options.Dir = None, as_json: options.AsJson = False) -> None:
    """List what was not applied, and why."""
    settings = options.settings_of(directory)
    kernels.use()
    from infra.log import dead_letters

    dead_letters.show(settings, as_json=as_json)


@dead.command()
@options.addressed
def redrive(
    event_id: Annotated[
        str, typer.Argument(metavar="EVENT_ID", help="As 'twin dead list' prints it.")
    ],
    directory: options.Dir = None,
) -> None:
    """Send a dead letter again.

    Its body becomes a new event of the source 'operator', which names the old one. This is for
    events that can be read, or applied, by now; a frame of satellites or accelerators cannot be
    sent again, since its tick has closed without it.
    """
    settings = options.settings_of(directory)
    kernels.use()
    from infra.log import dead_letters

    dead_letters.redrive(settings, event_id)
