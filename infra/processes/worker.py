"""A worker process: the agents of some roles, each role a consumer group of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import faust

from infra.installation import ready_database, ready_log
from infra.processes.alive import give_sign
from infra.processes.stopping import Stop, stop_on_signals
from infra.usage import BadUsage
from streams import agents
from streams.log.port import Log
from streams.log.run import run_app
from streams.settings import Settings
from streams.topics import JOURNAL


def run(settings: Settings, roles: Sequence[str] | None) -> None:
    """Work in these roles (None: all) until SIGTERM or SIGINT; ``BadUsage`` for an unknown one.

    A group per role, whichever roles share a process: the log keeps what a group has not read, so
    the name of a group must not depend on how processes were cut.
    """
    chosen = dict.fromkeys(roles or agents.ROLES)
    unknown = [role for role in chosen if role not in agents.ROLES]
    if unknown:
        raise BadUsage(f"--role {unknown[0]}", expected=f"one of {', '.join(agents.ROLES)}")
    stop = stop_on_signals()
    log = ready_log(settings, sleep=stop.wait)
    print(
        f"{', '.join(chosen)} in {settings.directory}: waiting for the ticks that 'twin simulate'"
        " publishes; Ctrl-C stops it",
        flush=True,
    )
    needs: list[Callable[[], object]] = [partial(log.span, JOURNAL, 0)]
    apps = [_app(settings, role, log, needs, stop) for role in chosen]
    agents.add_watch(apps[0], settings, [*needs, partial(give_sign, settings)])
    run_app(*apps, is_stopping=stop.is_set)
    log.close()


def _app(
    settings: Settings, role: str, log: Log, needs: list[Callable[[], object]], stop: Stop
) -> faust.App:
    """The app of a role; what it needs beside the log is added to what is looked after."""
    app = agents.make_app(settings, role)
    match role:
        case "observe":
            agents.add_observe(app, settings)
        case "sequence":
            agents.add_sequence(app, settings, log)
        case "keep":
            # Imported only here: an observer has no use for the database's packages.
            from streams.keeping import Keeper
            from streams.store.database import ask

            engine = ready_database(settings, sleep=stop.wait)
            needs.append(partial(ask, engine))
            keeper = Keeper(log, engine, snapshot_ticks=settings.snapshot_ticks)
            agents.add_keep(app, settings, keeper)
        case _:
            raise AssertionError(f"role {role!r} was checked before")
    return app
