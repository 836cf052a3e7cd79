"""``twin log``: looking at the log itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from infra import kernels, options

log = typer.Typer(help="Look at the log, copy its journal, prove its chain.", rich_markup_mode=None)

JournalFile = Annotated[Path, typer.Argument(metavar="FILE", help="A journal file.")]


@log.command()
def tail(
    topic: Annotated[
        str, typer.Option("--topic", metavar="TOPIC", help="Which topic.")
    ] = "journal",
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Wait for more.")] = False,
    count: Annotated[
        int, typer.Option("-n", metavar="N", min=0, help="How many of the last messages.")
    ] = 10,
    directory: options.Dir = None,
    as_json: options.AsJson = False,
) -> None:
    """Show the last messages of a topic."""
    settings = options.settings_of(directory)
    kernels.use()
    from infra import tailing

    tailing.run(settings, topic, count=count, is_following=follow, as_json=as_json)


@log.command("export")
def export_journal(file: JournalFile, directory: options.Dir = None) -> None:
    """Copy the journal into a file."""
    settings = options.settings_of(directory)
    kernels.use()
    from infra import journal_copies

    journal_copies.export_journal(settings, file)


@log.command("import")
def import_journal(file: JournalFile, directory: options.Dir = None) -> None:
    """Fill an empty log from a journal file.

    It can then be replayed, kept and asked over HTTP; no world goes on from it.
    """
    settings = options.settings_of(directory)
    kernels.use()
    from infra import journal_copies

    journal_copies.import_journal(settings, file)


@log.command()
def verify(
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="A journal file instead of the log.")
    ] = None,
    directory: options.Dir = None,
    frames: Annotated[
        bool, typer.Option("--frames", help="Compare the frames still kept, too.")
    ] = False,
) -> None:
    """Prove that the journal is as it was written.

    Exit status 1, with the record and the reason, if a byte of it changed.
    """
    settings = options.settings_of(directory)
    kernels.use()
    from infra import verifying

    if file is not None:
        verifying.verify_file(file)
    else:
        verifying.verify_log(settings, has_frames=frames)
