"""The demo: everything on this machine, in processes that one supervisor starts and watches.

The world, the workers and the API start side by side. What the read model says is shown, and
checked by a replay. The world is stopped first, so that what it said is still heard.
"""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from infra import kernels
from infra.demo import children
from infra.demo.children import Child, Ended, Order
from infra.demo.showing import Show
from infra.installation import journal_count, ready_database
from infra.processes.listening import listening, port_of
from infra.processes.stopping import Stop
from infra.world.bad_rows import bad_rows_line, report_bad_rows
from infra.world.file import Asked, WorldChoice, refuse_a_log_without_its_world, settle
from streams.log.ownership import Claim, try_claim
from streams.settings import Settings
from twin.errors import Unavailable

DRAIN_S = 5.0
STOP_S = 5.0
LOOK_S = 0.05
API_AFTER_S = 8.0
TELLING_S = 1.0
WORLD = "world"


class Plan(msgspec.Struct, frozen=True):
    """How to run: ticks to close (None: until told to stop), pace, workers, lines or panel."""

    ticks_count: int | None
    speed: float | None
    workers_count: int
    is_plain: bool


def run(settings: Settings, asked: Asked, plan: Plan) -> None:
    """Run the demo to its end; ``Ended`` when a process of it met what it cannot mend."""
    kernels.use()
    claim = _only_one(settings.directory)
    with listening(settings) as listener, _stopping() as stop:
        refuse_a_log_without_its_world(settings, sleep=stop.wait)
        _refuse_a_database_that_refuses_us(settings, stop)
        _warm()
        # Reading orbits takes seconds, and so do the imports of the others: both at once.
        children.prepare()
        # Only who can start claims the folder for a world.
        settled = settle(settings.directory, asked)
        settings = msgspec.structs.replace(settings, port=port_of(listener))
        bad_counts = report_bad_rows(settled)
        if not stop.is_set():
            _run(settings, settled.choice, plan, listener, stop)
    claim.release()
    if bad_counts:
        raise Ended(bad_rows_line(bad_counts))


def _refuse_a_database_that_refuses_us(settings: Settings, stop: Stop) -> None:
    """Before anything is started that would be refused as well, one after the other."""
    # A file is as good as those who open it; and who opens none need not import what does.
    if not settings.database_url.startswith("sqlite:"):
        ready_database(settings, sleep=stop.wait).dispose()


def _run(
    settings: Settings,
    choice: WorldChoice,
    plan: Plan,
    listener: socket.socket,
    stop: Stop,
) -> None:
    begun_count = journal_count(settings, sleep=stop.wait)
    through = begun_count + plan.ticks_count if plan.ticks_count is not None else None
    crew: list[Child] = []
    try:
        with Show(settings, choice, begun_count=begun_count, is_plain=plan.is_plain) as show:
            show.notes_from(crew)
            orders = _orders(show, plan, through)
            starting = _start(crew, orders, settings, stop)
            try:
                _watch(show, crew, stop, through=through, api=_api(settings, listener))
            finally:
                # A child that is being told what to run complains if we leave in the middle of it.
                starting.join(timeout=TELLING_S)
            if not starting.is_alive():
                _drain(show, crew)
    except KeyboardInterrupt:
        for child in crew:
            child.kill()
        raise
    finally:
        children.stop(crew, patience_s=STOP_S)


def _start(
    crew: list[Child], orders: Sequence[Order], settings: Settings, stop: Stop
) -> threading.Thread:
    """Start them in a thread: the first has to wait for the imports, and Ctrl-C shall not."""

    def start() -> None:
        for order in orders:
            if stop.is_set():
                return
            crew.append(Child(order, _environment(settings, order)))

    starting = threading.Thread(target=start, name="starting", daemon=True)
    starting.start()
    return starting


def _watch(
    show: Show,
    crew: list[Child],
    stop: Stop,
    *,
    through: int | None,
    api: Callable[[], Child],
) -> None:
    """Until told to stop, or until the ticks asked for are committed.

    The API starts after the first tick, so that it does not hold that up; until then whoever
    connects waits at its socket.
    """
    has_api, api_at_s = False, time.monotonic() + API_AFTER_S
    while not stop.is_set():
        children.tend(crew)
        show.draw()
        if through is not None and show.seen.committed_count >= through:
            return
        if not has_api and (show.seen.committed_count or time.monotonic() > api_at_s):
            crew.append(api())
            has_api = True
        stop.wait(LOOK_S)


def _drain(show: Show, crew: Sequence[Child]) -> None:
    """Stop the world, and give the twin a moment to hear what it said."""
    show.say_stopping()
    children.stop([child for child in crew if child.order.name == WORLD], patience_s=STOP_S)
    deadline_s = time.monotonic() + DRAIN_S
    while not show.is_drained and time.monotonic() < deadline_s:
        time.sleep(LOOK_S)
        show.draw()


def _orders(show: Show, plan: Plan, through: int | None) -> list[Order]:
    """What starts at once; what these need is made by whoever comes first."""
    speed = "max" if plan.speed is None else repr(plan.speed)
    ending = () if through is None else ("--through", str(through))
    return [
        Order(WORLD, ("simulate", "--speed", speed, *ending), may_end=True),
        Order("core", ("worker", "--role", "sequence", "--role", "keep")),
        *(
            Order(f"observer {number}", ("worker", "--role", "observe"))
            for number in range(1, plan.workers_count + 1)
        ),
        Order("watch", ("watch",), on_told=show.take),
    ]


def _api(settings: Settings, listener: socket.socket) -> Callable[[], Child]:
    order = Order("api", ("api",), listener=listener)
    return lambda: Child(order, _environment(settings, order))


def _environment(settings: Settings, order: Order) -> dict[str, str]:
    """Our settings, and a name of its own: killed and started again, it is the same member."""
    return settings.environment() | {"TWIN_MEMBER": order.name.replace(" ", "-")}


def _only_one(directory: Path) -> Claim:
    directory.mkdir(parents=True, exist_ok=True)
    claim = try_claim(directory / "demo.lock")
    if claim is None:
        raise Unavailable(
            f"a demo already runs in {directory}", remedy="stop it, or give another --dir"
        )
    return claim


def _warm() -> None:
    """Compile the kernels where that was not done at the installation; says what it does."""
    if not kernels.is_warm():
        words = [sys.executable, "-P", "-m", "infra.command", "warm"]
        if subprocess.run(words, check=False).returncode:
            raise Ended("the kernels could not be compiled")


@contextmanager
def _stopping() -> Iterator[Stop]:
    """Asked for by the first SIGINT, SIGTERM or SIGHUP; a second one interrupts."""
    stop = Stop()

    def asked(*_: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.ask()

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(number, asked) for number in numbers]
    try:
        yield stop
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
