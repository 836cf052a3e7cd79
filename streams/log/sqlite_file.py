"""One SQLite file that threads and processes share: connections, transactions and its WAL.

Nothing here knows of topics. The settings were measured with 820 kB frames and 300-byte messages
on two cores (see README.md): pages of 32 KiB double the frame rate of the default 4 KiB, a
checkpoint every 4 MiB keeps the longest append short, and mmap gains nothing.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from streams.log.ownership import claimed
from twin.errors import BadInput, Unavailable

PAGE_BYTES: Final = 32 << 10
CACHE_KIB: Final = 16 << 10
CHECKPOINT_BYTES: Final = 4 << 20
#: Where a checkpoint stops waiting for a quiet moment and makes readers wait for it.
WAL_LIMIT_BYTES: Final = 64 << 20
PATIENCE_S: Final = 30.0
WRITE_RETRY_S: Final = 0.0005
#: How long a checkpoint that has to empty the WAL may hold everybody up.
CHECKPOINT_PATIENCE_S: Final = 1.0


class SqliteFile:
    """A file opened for many threads; connections are pooled and none outlives ``close``.

    ``application_id`` says whose file it is, ``version`` which layout ``schema`` makes. While it
    is open, no other code of this process may open and close the same file: POSIX locks belong to
    the process, and SQLite's would be lost with the first descriptor closed.
    """

    def __init__(self, path: Path, *, application_id: int, version: int, schema: str) -> None:
        self.path = path
        self._wal_path = path.with_name(path.name + "-wal")
        self._idle: list[sqlite3.Connection] = []
        self._open: set[sqlite3.Connection] = set()
        self._pool_lock = threading.Lock()
        self._write_lock = threading.Lock()
        self._closed = False
        self._checkpoint_at_bytes = WAL_LIMIT_BYTES
        try:
            with self._explained():
                path.parent.mkdir(parents=True, exist_ok=True)
                self._prepare(application_id=application_id, version=version, schema=schema)
        except BaseException:
            self.close()
            raise

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection for single statements; a cursor left open here would make the WAL grow."""
        with self._explained(), self._connection() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction, fsynced when the block ends and undone when it raises."""
        with self._write_lock, self._explained(), self._connection() as connection:
            _begin(connection)
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                # A failed COMMIT (full disk) leaves the transaction open; some errors end it.
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
            self._bound_wal(connection)

    def close(self) -> None:
        """Close every connection; the last process to do so folds the WAL into the file."""
        with self._pool_lock:
            self._closed = True
            for connection in self._open:
                connection.close()
            self._open.clear()
            self._idle.clear()

    def _prepare(self, *, application_id: int, version: int, schema: str) -> None:
        # Turning a new file into WAL mode ignores the busy timeout, so makers take turns.
        with claimed(self.path.with_name(self.path.name + ".lock")):
            with self._connection() as connection:
                found = _identity(connection)
                if found == (0, 0) and not _tables(connection):
                    connection.execute(f"PRAGMA page_size={PAGE_BYTES}")
                    connection.execute("PRAGMA journal_mode=WAL")
                    connection.executescript(
                        f"BEGIN; {schema}; PRAGMA application_id={application_id};"
                        f"PRAGMA user_version={version}; COMMIT"
                    )
                    found = _identity(connection)
            if found != (application_id, version):
                raise BadInput(
                    f"{self.path} with application id {found[0]} and layout {found[1]}",
                    expected=f"a log: {application_id} and {version}",
                    remedy="name another file, or use the version that wrote this one",
                    field="log",
                )

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        with self._pool_lock:
            assert not self._closed, "a closed log was used"
            connection = self._idle.pop() if self._idle else self._connect()
        try:
            yield connection
        finally:
            with self._pool_lock:
                if self._closed:
                    connection.close()
                else:
                    self._idle.append(connection)

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, timeout=PATIENCE_S, isolation_level=None, check_same_thread=False
        )
        self._open.add(connection)
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA secure_delete=OFF")  # some builds overwrite what is trimmed
        connection.execute(f"PRAGMA cache_size=-{CACHE_KIB}")
        connection.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_BYTES // PAGE_BYTES}")
        connection.execute(f"PRAGMA journal_size_limit={4 * CHECKPOINT_BYTES}")
        return connection

    def _bound_wal(self, connection: sqlite3.Connection) -> None:
        """Empty the WAL when readers and writers left the usual checkpoints no quiet moment."""
        size_bytes = self._wal_path.stat().st_size
        if size_bytes < self._checkpoint_at_bytes:
            return
        _set_patience(connection, CHECKPOINT_PATIENCE_S)
        blocked, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        _set_patience(connection, PATIENCE_S)
        # A stopped reader blocks it: then try again only after the WAL has doubled.
        self._checkpoint_at_bytes = 2 * size_bytes if blocked else WAL_LIMIT_BYTES

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.OperationalError, OSError) as error:
            raise Unavailable(
                f"log file {self.path}: {error}",
                remedy="check free space, permissions and whether a stopped process holds it",
            ) from error
        except sqlite3.DatabaseError as error:
            if type(error) is not sqlite3.DatabaseError:
                raise  # a constraint: our mistake, not the file's
            raise BadInput(
                f"log file {self.path}: {error}",
                expected="a sound log file",
                remedy="restore it from a copy or name another file",
                field="log",
            ) from error


def _begin(connection: sqlite3.Connection) -> None:
    """Become the one writer. SQLite's own waiting sleeps up to 100 ms between two tries.

    Measured with four writing processes: the longest append took 147 ms with it, 15 ms with this.
    """
    deadline_s = time.monotonic() + PATIENCE_S
    _set_patience(connection, 0)
    try:
        while True:
            try:
                connection.execute("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError as error:
                busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
                if not busy or time.monotonic() > deadline_s:
                    raise
            time.sleep(WRITE_RETRY_S)
    finally:
        _set_patience(connection, PATIENCE_S)


def _set_patience(connection: sqlite3.Connection, patience_s: float) -> None:
    connection.execute(f"PRAGMA busy_timeout={int(patience_s * 1000)}")


def _identity(connection: sqlite3.Connection) -> tuple[int, int]:
    (application_id,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return application_id, version


def _tables(connection: sqlite3.Connection) -> int:
    (count,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return int(count)
