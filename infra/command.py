"""The ``twin`` command: the only place that knows every room.

Exit status 0 when it did what was asked, 2 when that makes no sense, 1 when it failed; with one
line on stderr that says so. What a command needs is imported when it runs, so that help is quick.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated

import typer

from infra import kernels
from infra.commands import options
from infra.commands.bench import bench
from infra.commands.costs import costs
from infra.commands.dead import dead
from infra.commands.grafana import grafana
from infra.commands.kafka import kafka
from infra.commands.log import log
from infra.commands.postgres import postgres
from infra.commands.topics import topics
from infra.commands.whatif import whatif
from infra.usage import BadUsage, settings_help
from streams.retrying import Stopped
from streams.settings import Settings
from twin.errors import TwinError

FAILED, BAD_USAGE = 1, 2

app = typer.Typer(
    name="twin",
    epilog=settings_help(),
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


@app.callback(invoke_without_command=True)
def twin(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Show the version and exit.")] = False,
) -> None:
    """An event-sourced digital twin of SpaceX and xAI: capacity and energy, now and in the past."""
    if version:
        # Imported only here: every other run can do without.
        from importlib import metadata

        print(f"twin {metadata.version('spacex-xai-twin')}")
        raise typer.Exit
    options.show_help(context)


@app.command()
@options.addressed
def demo(
    plain: Annotated[
        bool, typer.Option("--plain", help="Print lines, as without a terminal.")
    ] = False,
    ticks: options.Ticks = None,
    speed: options.Speed = "60",
    workers: Annotated[
        int,
        typer.Option("--workers", metavar="W", min=1, max=8, help="How many processes observe."),
    ] = 1,
    directory: options.Dir = None,
    port: options.Port = None,
    world: options.WorldName = None,
    catalog: options.CatalogFile = None,
    launches: options.LaunchesFile = None,
    llm_trace: options.TraceFile = None,
    faults: options.Faults = None,
    seed: options.Seed = None,
    start: options.Start = None,
    tick: options.TickSeconds = None,
    satellites: options.Satellites = None,
) -> None:
    """Run everything on this machine, with a live panel.

    The world, the agents and the API each run in a process of their own. Ctrl-C stops them; the
    same command goes on at the next tick.
    """
    settings = options.settings_of(directory, port)
    asked = options.asked_of(
        world=world,
        catalog=catalog,
        launches=launches,
        llm_trace=llm_trace,
        seed=seed,
        start=start,
        tick=tick,
        faults=faults,
        satellites=satellites,
    )
    from infra.demo import running

    plan = running.Plan(
        ticks_count=ticks,
        speed=options.speed_of(speed),
        workers_count=workers,
        is_plain=plain or not sys.stdout.isatty(),
    )
    running.run(settings, asked, plan)


@app.command()
@options.addressed
def simulate(
    ticks: options.Ticks = None,
    speed: options.Speed = "60",
    directory: options.Dir = None,
    world: options.WorldName = None,
    catalog: options.CatalogFile = None,
    launches: options.LaunchesFile = None,
    llm_trace: options.TraceFile = None,
    faults: options.Faults = None,
    seed: options.Seed = None,
    start: options.Start = None,
    tick: options.TickSeconds = None,
    satellites: options.Satellites = None,
    through: Annotated[int | None, typer.Option("--through", min=1, hidden=True)] = None,
) -> None:
    """Publish a world into the log, tick by tick.

    A folder has one world. Started again, it goes on at the next tick.
    """
    asked = options.asked_of(
        world=world,
        catalog=catalog,
        launches=launches,
        llm_trace=llm_trace,
        seed=seed,
        start=start,
        tick=tick,
        faults=faults,
        satellites=satellites,
    )
    settings = _begin_process(directory)
    from infra.demo.children import Ended
    from infra.processes import publishing, stopping
    from infra.world.bad_rows import bad_rows_line, report_bad_rows
    from infra.world.file import refuse_a_log_without_its_world, settle

    stop = stopping.stop_on_signals()
    refuse_a_log_without_its_world(settings, sleep=stop.wait)
    settled = settle(settings.directory, asked)
    bad_counts = report_bad_rows(settled)
    pace = publishing.Pace(options.speed_of(speed), ticks_count=ticks, through_count=through)
    publishing.run(settings, settled.choice, pace, stop)
    if bad_counts:
        raise Ended(bad_rows_line(bad_counts))


@app.command()
@options.addressed
def worker(
    role: Annotated[
        list[str] | None,
        typer.Option(
            "--role",
            metavar="ROLE",
            help="observe, sequence or keep; may be given several times (default: all three).",
        ),
    ] = None,
    directory: options.Dir = None,
) -> None:
    """Run the agents that observe, sequence and keep.

    Any number of workers can observe. Of those that sequence or keep, one works and the others
    stand by.
    """
    settings = _begin_process(directory)
    from infra.processes import worker as working

    working.run(settings, role)


@app.command()
@options.addressed
def api(
    directory: options.Dir = None,
    port: options.Port = None,
    listener: Annotated[int | None, typer.Option("--listener", hidden=True)] = None,
) -> None:
    """Serve the HTTP API of a folder."""
    settings = _begin_process(directory, port)
    from infra.processes import listening, serving, stopping

    stop = stopping.stop_on_signals()
    if listener is not None:
        made = listening.inherited(listener)
    else:
        made = serving.announced(settings, stop)
    serving.run(settings, made, stop)


@app.command(hidden=True)
@options.addressed
def watch(directory: options.Dir = None) -> None:
    """Tell what a running demo comes to, as JSON lines."""
    settings = _begin_process(directory)
    from infra.panel import watching

    watching.run(settings)


@app.command()
@options.addressed
def replay(
    directory: options.Dir = None,
    at: Annotated[
        str | None,
        typer.Option(
            "--at", metavar="INSTANT", help="Stop at the last tick that ended by then (RFC 3339)."
        ),
    ] = None,
    as_json: options.AsJson = False,
) -> None:
    """Fold the journal from its beginning.

    Prints the state hash it comes to, and whether that is the one committed.
    """
    settings = options.settings_of(directory)
    kernels.use()
    from infra.log import replaying

    replaying.run(settings, at=at, as_json=as_json)


@app.command()
@options.addressed
def setup(directory: options.Dir = None) -> None:
    """Make topics and tables, and on PostgreSQL a role that may only read.

    For installations of several processes: the others then need no right to make any.
    """
    settings = options.settings_of(directory)
    from infra.processes import setting_up

    setting_up.run(settings)


@app.command()
def warm() -> None:
    """Compile the numeric kernels ahead of use."""
    kernels.use()
    from infra import warming

    warming.run()


app.command()(costs)
app.command()(topics)
app.add_typer(bench, name="bench")
app.add_typer(log, name="log")
app.add_typer(dead, name="dead")
app.add_typer(grafana, name="grafana")
app.add_typer(kafka, name="kafka")
app.add_typer(postgres, name="postgres")
app.add_typer(whatif, name="whatif")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line; the exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    command = typer.main.get_command(app)
    try:
        # Not by calling the command: that makes a status of its own of a broken pipe or Ctrl-C.
        with command.make_context("twin", given) as context:
            command.invoke(context)
        return 0
    except typer.Exit as ended:
        return ended.exit_code
    except Stopped:
        return 0
    except BadUsage as error:
        return _failed(error, BAD_USAGE)
    except typer.TyperException as error:
        return _failed(error.format_message(), error.exit_code)
    except TwinError as error:
        return _failed(error, FAILED)
    except (KeyboardInterrupt, typer.Abort):
        return _failed("interrupted", FAILED)
    except BrokenPipeError:
        # Whoever read our output has seen enough; nothing more may be written to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        return _failed(_refusal(error), FAILED)
    except Exception as error:  # noqa: BLE001 - the process edge: a mistake of ours, in one line
        if os.environ.get("TWIN_LOG_LEVEL") == "debug":
            traceback.print_exc()
        return _failed(_of_the_database(error) or _bug(error), FAILED)


def _begin_process(directory: options.Dir, port: options.Port = None) -> Settings:
    """What the long-lived processes have in common; numba is not imported before it."""
    from infra.processes import logs

    kernels.use()
    settings = options.settings_of(directory, port)
    logs.configure(settings.log_level)
    return settings


def _of_the_database(error: Exception) -> str:
    """What the read model's database would not do; empty for another error."""
    # Only who works with a database has its package imported, and it takes a second.
    package = sys.modules.get("sqlalchemy.exc")
    if package is None or not isinstance(error, package.DatabaseError):
        return ""
    return f"the read model: {error.orig}; if its file is damaged, delete it: the log restores it"


def _bug(error: Exception) -> str:
    return (
        f"{type(error).__name__}: {error}; this is a bug in the twin; "
        "TWIN_LOG_LEVEL=debug shows where"
    )


def _refusal(error: OSError) -> str:
    """What the system would not do, and with which file."""
    reason = (error.strerror or str(error)).lower()
    return reason if error.filename is None else f"{os.fsdecode(error.filename)}: {reason}"


def _failed(error: object, status: int) -> int:
    line = " ".join(str(error).split())
    print(f"twin: {line}", file=sys.stderr, flush=True)
    return status


if __name__ == "__main__":
    sys.exit(main())
