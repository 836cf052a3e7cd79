"""``twin log``: looking at the log itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from infra import kernels
from infra.commands import options

log = typer.Typer(
    help="Look at the log, copy its journal, prove its chain.",
    rich_markup_mode=None,
    invoke_without_command=True,
    callback=options.show_help,
)


@log.command()
@options.addressed
def tail(
    topic: Annotated[
        str, typer.Option("--topic", metavar="TOPIC", help="Topic to show.")
    ] = "journal",
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Wait for new messages and show them.")
    ] = False,
    count: Annotated[
        int, typer.Option("-n", metavar="N", min=0, help="Show the last N messages.")
    ] = 10,
    directory: options.Dir = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, one object a line.")] = False,
) -> None:
    """Show the last messages of a topic."""
    settings = options.settings_of(directory)
    kernels.use()
    from infra.log import tailing

    tailing.run(settings, topic, count=count, is_following=follow, as_json=as_json)


@log.command("export")
@options.addressed
def export_journal(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that does not exist yet.")],
    directory: options.Dir = None,
) -> None:
    """Copy the journal into a file."""
    settings = options.settings_of(directory)
    kernels.use()
    from infra.log import journal_copies

    journal_copies.export_journal(settings, file)


@log.command("import")
@options.addressed
def import_journal(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A journal file.")],
    directory: options.Dir = None,
) -> None:
    """Fill an empty log from a journal file.

    It can then be replayed, kept by 'twin worker --role keep' and served by 'twin api'. No world
    goes on from it; frames, and the bodies of dead letters, are not in the file.
    """
    settings = options.settings_of(directory)
    kernels.use()
    from infra.log import journal_copies

    journal_copies.import_journal(settings, file)


@log.command()
@options.addressed
def verify(
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="A journal file instead of the log.")
    ] = None,
    directory: options.Dir = None,
    frames: Annotated[
        bool, typer.Option("--frames", help="Also compare the frames still kept.")
    ] = False,
) -> None:
    """Prove that the journal is as it was written.

    If a byte of it was changed, the exit status is 1 and the record is named.
    """
    settings = options.settings_of(directory)
    kernels.use()
    from infra.log import verifying

    if file is not None:
        verifying.verify_file(file)
    else:
        verifying.verify_log(settings, has_frames=frames)


@log.command()
@options.addressed
def archive(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where the files are put.")],
    topic: Annotated[
        str, typer.Option("--topic", metavar="TOPIC", help="satellites or workloads.")
    ] = "satellites",
    directory: options.Dir = None,
) -> None:
    """Copy frames into Parquet files before they are no longer kept.

    Goes on where it ended the last time. Each row has the frame as it was, byte for byte, and its
    columns as lists.
    """
    settings = options.settings_of(directory)
    kernels.use()
    from infra.log import archiving

    archiving.run(settings, folder, topic)
