"""What may be written on the command line, once for every command that takes it."""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar, cast

import typer

from infra.usage import BadUsage, usage
from streams.settings import Settings, load_settings

if TYPE_CHECKING:
    from infra.world.file import Asked

Dir = Annotated[
    Path | None,
    typer.Option(
        "--dir", metavar="DIR", help="Folder of the log and the read model (default: var)."
    ),
]
Port = Annotated[
    int | None,
    typer.Option(
        "--port",
        metavar="P",
        min=0,
        max=65535,
        help="Port of the API; 0 picks a free one (default: 8000).",
    ),
]
Ticks = Annotated[
    int | None,
    typer.Option("--ticks", metavar="N", min=1, help="Stop after N more ticks."),
]
Speed = Annotated[
    str,
    typer.Option(
        "--speed",
        metavar="FLOAT|max",
        help="Twin seconds per second, or max: at 60, a tick of a minute closes every second.",
    ),
]
WorldName = Annotated[
    str | None,
    typer.Option(
        "--world",
        metavar="2029|2026",
        help="Fleet: as assumed for 2029, or as of 2026 (default: 2029; with --catalog or"
        " --launches: 2026).",
    ),
]
CatalogFile = Annotated[
    Path | None,
    typer.Option(
        "--catalog",
        metavar="FILE",
        help="TLE or OMM file whose satellites fly instead, on SGP4 orbits. Bad rows are listed"
        " with line and reason, the good ones fly, and the exit status is 1.",
    ),
]
LaunchesFile = Annotated[
    Path | None,
    typer.Option(
        "--launches",
        metavar="FILE",
        help="Log of real launches, which fly instead of drawn ones from --start on: GCAT's table"
        " (CSV) or Launch Library 2 (JSON). What flew brings its satellites into the fleet; what"
        " has not flown yet flies at its date or later. Bad rows as with --catalog.",
    ),
]
TraceFile = Annotated[
    Path | None,
    typer.Option(
        "--llm-trace",
        metavar="FILE",
        help="Trace of real inference requests, the load of Grok instead of drawn ones: CSV with"
        " TIMESTAMP,ContextTokens,GeneratedTokens. Its dates do not matter: its first request"
        " comes when the world starts, and it begins again when it ends. Bad rows as with"
        " --catalog.",
    ),
]
Seed = Annotated[
    int | None,
    typer.Option("--seed", metavar="N", min=0, help="Seed of all randomness (default: 1)."),
]
Start = Annotated[
    str | None,
    typer.Option(
        "--start",
        metavar="INSTANT",
        help="When the first tick begins, in RFC 3339 (default: the world's first day; with"
        " --catalog the minute of the newest elements; with --launches the hour of the first launch"
        " of the 30 days that end with the last one flown, or of the first where none has flown).",
    ),
]
TickSeconds = Annotated[
    float | None,
    typer.Option(
        "--tick", metavar="SECONDS", help="Length of a tick; must divide an hour (default: 60)."
    ),
]
Faults = Annotated[
    bool | None,
    typer.Option("--faults", help="Break a few things on purpose, within two minutes."),
]
# For tests and small machines: the fleet keeps its proportions.
Satellites = Annotated[int | None, typer.Option("--satellites", metavar="N", min=1, hidden=True)]
BrokerUrl = Annotated[
    str | None,
    typer.Option(
        "--broker-url",
        metavar="URL",
        help="The log: log:///path/log.db or kafka://host:port[/name] (default: a file in the"
        " folder).",
    ),
]
DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        "--database-url",
        metavar="URL",
        help="The read model: sqlite:////path/twin.db or postgresql+psycopg://user@host/name"
        " (default: a file in the folder).",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


Command = TypeVar("Command", bound=Callable[..., None])


def addressed(command: Command) -> Command:
    """Give a command the options that say where log and read model are.

    They are the settings of the same names, for this process and those it starts.
    """

    @functools.wraps(command)
    def run(
        *, broker_url: str | None = None, database_url: str | None = None, **given: object
    ) -> None:
        for variable, url in (("TWIN_BROKER_URL", broker_url), ("TWIN_DATABASE_URL", database_url)):
            if url is not None:
                os.environ[variable] = url
        command(**given)

    own = {"broker_url": BrokerUrl, "database_url": DatabaseUrl}
    signature = inspect.signature(command, eval_str=True)
    more = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=kind)
        for name, kind in own.items()
    ]
    vars(run)["__signature__"] = signature.replace(
        parameters=[
            *(
                each.replace(kind=each.KEYWORD_ONLY) if each.name != "context" else each
                for each in signature.parameters.values()
            ),
            *more,
        ]
    )
    run.__annotations__ = inspect.get_annotations(command, eval_str=True) | own
    return cast("Command", run)


def show_help(context: typer.Context) -> None:
    """What may follow, where a group of commands was named alone."""
    if context.invoked_subcommand is None:
        print(context.get_help())


def settings_of(directory: Path | None, port: int | None = None) -> Settings:
    """The settings in force; a variable or an option that is off is bad usage."""
    with usage():
        settings = load_settings(directory=directory, port=port)
    if settings.directory.exists() and not settings.directory.is_dir():
        option = "TWIN_DIR" if directory is None else "--dir"
        raise BadUsage(f"{option} {settings.directory}, which is a file", expected="a folder")
    return settings


def speed_of(text: str) -> float | None:
    """Twin seconds per second; None for as fast as the twin can follow."""
    if text == "max":
        return None
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0.0 < speed < float("inf"):
        raise BadUsage(f"--speed {text}", expected="a number above 0, or max")
    return speed


def asked_of(
    *,
    world: str | None,
    catalog: Path | None,
    launches: Path | None,
    llm_trace: Path | None,
    seed: int | None,
    start: str | None,
    tick: float | None,
    faults: bool | None,
    satellites: int | None,
) -> Asked:
    """What the options say of the world; ``BadUsage`` where no world can be so."""
    # Imported only here: it brings numpy, which help has no need of.
    from infra.world.file import Asked, refuse_nonsense

    if catalog is not None and satellites is not None:
        raise BadUsage("--satellites with --catalog", expected="one of them")
    asked = Asked(
        world=world,
        seed=seed,
        start=start,
        tick_s=tick,
        has_faults=faults or None,
        satellites_count=satellites,
        catalogue=catalog,
        launches=launches,
        llm_trace=llm_trace,
    )
    refuse_nonsense(asked)
    return asked
