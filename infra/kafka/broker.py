"""Starting, stopping and asking after the broker of a folder.

A running broker holds a lock of its folder, which the kernel frees when it dies, however it dies:
nothing is left to clean up after a kill -9, and no other process is taken for it.
"""

from __future__ import annotations

import base64
import os
import signal
import socket
import subprocess
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec
from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from infra.kafka import jars
from infra.kafka.properties import CONTROLLER_OFFSET, HOST, properties, written
from infra.ports import refuse_a_port_in_use
from infra.usage import BadUsage
from streams.log.ownership import Claim, try_claim
from streams.retrying import until_available
from twin.errors import BadInput, NotFound, Unavailable

START_TIMEOUT_S: Final = 90.0
STOP_TIMEOUT_S: Final = 60.0
POLL_S: Final = 0.1
PORT_MAX: Final = 65_535 - CONTROLLER_OFFSET
PORTS: Final = "two free ports in a row: --port for clients, the next for the controller"
LOGGING: Final = Path(__file__).with_name("log4j2.properties")
JVM: Final = (
    "-Xms256m",
    "-Xmx1g",
    "-XX:+UseG1GC",
    "-XX:MaxGCPauseMillis=20",
    # A message of a megabyte is no huge object then, which would have to be collected at once.
    "-XX:G1HeapRegionSize=8m",
    # The better compiler takes both of two cores for half a minute, and gains nothing measurable.
    "-XX:TieredStopAtLevel=1",
)


_started: list[subprocess.Popen[bytes]] = []
"""Brokers this process has started and does not wait for."""


class Running(msgspec.Struct, frozen=True):
    """A broker that was started: its process, and where it listens."""

    pid: int
    port: int

    @property
    def bootstrap(self) -> str:
        """What clients are given."""
        return f"{HOST}:{self.port}"


def start(
    directory: Path,
    port: int,
    *,
    given: Mapping[str, str] | None = None,
    format_arguments: Sequence[str] = (),
) -> Running:
    """Start the broker of a folder and return when it answers; one that runs already is as good.

    ``given`` settings win over our own, and a new storage is made with ``format_arguments``.
    ``BadUsage`` for a port that cannot be had, ``Unavailable`` when it does not come up.
    """
    if not 0 < port <= PORT_MAX:
        raise BadUsage(f"--port {port}", expected=f"1 to {PORT_MAX}")
    directory = directory.resolve()
    directory.mkdir(parents=True, exist_ok=True)
    claim = try_claim(directory / "lock")
    if claim is None:
        return _of_another_start(directory, port)
    try:
        # Whoever asks while we start must not be told of the one before.
        (directory / "broker.json").unlink(missing_ok=True)
        for each in (port, port + CONTROLLER_OFFSET):
            refuse_a_port_in_use(HOST, each, expected=PORTS)
        _write(directory / "server.properties", written(properties(directory, port, given)))
        _format(directory, format_arguments)
        process = _launch(directory, claim)
        running = Running(process.pid, port)
        _write(directory / "broker.json", msgspec.json.encode(running).decode())
        _wait_for_an_answer(running, directory, process)
    finally:
        # The process has inherited the lock and holds it from now on.
        claim.release()
    return running


def status(directory: Path) -> Running | None:
    """The broker that runs in a folder, if one does."""
    lock = directory / "lock"
    if not lock.exists():
        return None
    claim = try_claim(lock)
    if claim is not None:
        claim.release()
        return None
    try:
        return msgspec.json.decode((directory / "broker.json").read_bytes(), type=Running)
    except FileNotFoundError:
        raise Unavailable(
            f"the broker of {directory} is just being started", remedy="ask again in a moment"
        ) from None


def stop(directory: Path) -> Running | None:
    """End the broker of a folder and return when it is gone; which one it was, if any ran."""
    running = status(directory)
    if running is None:
        return None
    _signal(running, signal.SIGTERM)
    deadline_s = time.monotonic() + STOP_TIMEOUT_S
    while status(directory) is not None:
        if time.monotonic() > deadline_s:
            raise Unavailable(
                f"the broker {running.pid} of {directory} still runs after {STOP_TIMEOUT_S:g} s",
                remedy=f"end it with kill -9 {running.pid}: what it acknowledged is kept",
            )
        time.sleep(POLL_S)
    _reap()
    return running


def kill(directory: Path) -> int:
    """End the broker of a folder as in a crash; the port it had."""
    running = status(directory)
    if running is None:
        raise NotFound(f"no broker runs in {directory}")
    _signal(running, signal.SIGKILL)
    while status(directory) is not None:
        time.sleep(POLL_S)
    _reap()
    return running.port


def _signal(running: Running, number: int) -> None:
    # It may have ended meanwhile.
    with suppress(ProcessLookupError):
        os.kill(running.pid, number)


def answers(bootstrap: str) -> bool:
    """Whether a broker at an address tells of its cluster."""
    try:
        client = KafkaAdminClient(
            bootstrap_servers=bootstrap, bootstrap_timeout_ms=2_000, request_timeout_ms=5_000
        )
    except (KafkaError, OSError):
        return False
    try:
        return bool(client.describe_cluster()["brokers"])
    except KafkaError:
        return False
    finally:
        client.close()


def _write(path: Path, text: str) -> None:
    """Whole or not at all: whoever asks meanwhile reads the one before."""
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_text(text)
    unfinished.rename(path)


def _reap() -> None:
    """Take note of those that have ended."""
    _started[:] = [process for process in _started if process.poll() is None]


def _of_another_start(directory: Path, port: int) -> Running:
    running = until_available(lambda: status(directory), retry_max_s=START_TIMEOUT_S)
    if running is None or running.port != port:
        at = "is just ending" if running is None else f"listens on port {running.port}"
        raise BadInput(
            f"--port {port}: the broker of {directory} {at}",
            expected="no other broker in that folder",
            remedy=f"twin kafka stop --dir {directory}",
        )
    deadline_s = time.monotonic() + START_TIMEOUT_S
    while not answers(running.bootstrap):
        if time.monotonic() > deadline_s or status(directory) is None:
            raise _did_not_come_up(directory)
        time.sleep(POLL_S)
    return running


def cluster_id(drawn: uuid.UUID) -> str:
    """The identity of a new cluster in Kafka's spelling, from 128 bits drawn for it.

    Its first letter is never ``-``, which the broker's tools take for the start of an option.
    """
    first, *others = drawn.bytes
    spelt = base64.urlsafe_b64encode(bytes((first & 0x7F, *others)))
    return spelt.decode().rstrip("=")


def _format(directory: Path, arguments: Sequence[str]) -> None:
    """Make the storage of a new broker; one that has some is left alone."""
    if (directory / "data" / "meta.properties").exists():
        return
    command = _command(
        "kafka.tools.StorageTool", "format", "--cluster-id", cluster_id(uuid.uuid4())
    )
    command += ["--config", str(directory / "server.properties"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Unavailable(
            f"the storage of {directory} cannot be made: {_last_line(done.stdout + done.stderr)}",
            remedy="look at the folder's permissions and free space",
        )


def _launch(directory: Path, claim: Claim) -> subprocess.Popen[bytes]:
    """The broker as a process of its own session, which outlives who started it."""
    with (directory / "server.log").open("ab") as output:
        process = subprocess.Popen(
            _command("kafka.Kafka", str(directory / "server.properties")),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=directory,
            pass_fds=(claim.descriptor,),
            start_new_session=True,
        )
    _started.append(process)
    return process


def _command(main: str, *arguments: str) -> list[str]:
    logging = f"-Dlog4j2.configurationFile={LOGGING}"
    return [jars.java(), *JVM, logging, "-cp", jars.class_path(), main, *arguments]


def _wait_for_an_answer(
    running: Running, directory: Path, process: subprocess.Popen[bytes]
) -> None:
    deadline_s = time.monotonic() + START_TIMEOUT_S
    while not (_listens(running) and answers(running.bootstrap)):
        if process.poll() is not None:
            raise _did_not_come_up(directory)
        if time.monotonic() > deadline_s:
            process.kill()
            process.wait()
            raise _did_not_come_up(directory)
        time.sleep(POLL_S)


def _listens(running: Running) -> bool:
    """Whether the port is open: cheaper to ask than a client, which waits longer each time."""
    with socket.socket() as probe:
        return probe.connect_ex((HOST, running.port)) == 0


def _did_not_come_up(directory: Path) -> Unavailable:
    output = directory / "server.log"
    said = _last_line(output.read_text(errors="replace")) if output.exists() else "it said nothing"
    return Unavailable(f"the broker did not come up: {said}", remedy=f"read {output}")


def _last_line(output: str) -> str:
    lines = [line for line in output.splitlines() if line.strip()]
    telling = [line for line in lines if "ERROR" in line or "Exception" in line] or lines
    return telling[-1].strip() if telling else "it said nothing"
