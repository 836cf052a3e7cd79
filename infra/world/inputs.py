"""The files a world may be given: a catalogue, a log of launches, a trace of inference requests.

Each is read where it lies, copied into the folder of the world that it begins, and read from that
copy ever after; so that the world goes on the same way, whatever became of the file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

import msgspec

from infra.usage import BadUsage, usage
from twin.errors import BrokenInvariant

if TYPE_CHECKING:
    from twin.simulate.catalogue import Catalogue
    from twin.simulate.launch_log import LaunchLog
    from twin.simulate.llm_trace import LlmTrace

T = TypeVar("T")


class KeptFile(msgspec.Struct, frozen=True):
    """A file by its contents; ``copy`` is its name in the folder of the world."""

    copy: str
    sha256: str


@dataclass(frozen=True, slots=True, eq=False)
class Read(Generic[T]):
    """A file that was read: what it holds, its bytes, and what its copy is called."""

    holds: T
    data: bytes
    copy: str

    @property
    def kept(self) -> KeptFile:
        """The file as the world's folder remembers it."""
        return KeptFile(self.copy, hashlib.sha256(self.data).hexdigest())


@dataclass(frozen=True, slots=True, eq=False)
class Inputs:
    """The files of a world; None for one it was not given."""

    catalogue: Read[Catalogue] | None = None
    launches: Read[LaunchLog] | None = None
    llm_trace: Read[LlmTrace] | None = None

    def __iter__(self) -> Iterator[Read[Catalogue] | Read[LaunchLog] | Read[LlmTrace]]:
        return (each for each in (self.catalogue, self.launches, self.llm_trace) if each)


def read_inputs(*, catalogue: Path | None, launches: Path | None, llm_trace: Path | None) -> Inputs:
    """The files that a command line names; ``BadUsage`` names one that is none of its kind."""
    return Inputs(
        catalogue=_given(catalogue, catalogue_in),
        launches=_given(launches, launches_in),
        llm_trace=_given(llm_trace, llm_trace_in),
    )


def kept_input(
    directory: Path, kept: KeptFile | None, read: Callable[[bytes], Read[T]]
) -> T | None:
    """What a file of a world holds, from its copy; ``BrokenInvariant`` where that has changed."""
    if kept is None:
        return None
    data = bytes_of(directory / kept.copy)
    if hashlib.sha256(data).hexdigest() != kept.sha256:
        raise BrokenInvariant(
            f"{directory / kept.copy} is not the file the world was started with",
            expected=f"SHA-256 {kept.sha256[:16]}…",
            remedy="restore it from a copy",
        )
    return read(data).holds


def catalogue_in(data: bytes) -> Read[Catalogue]:
    """The satellites of TLE or OMM."""
    # Imported only here: reading orbits costs a second that most starts need not wait for.
    from twin.simulate.catalogue import read_catalogue

    catalogue = read_catalogue(data)
    return Read(catalogue, data, f"catalogue.{catalogue.format}")


def launches_in(data: bytes) -> Read[LaunchLog]:
    """The launches of a log, in CSV or JSON."""
    from twin.simulate.launch_log import read_launch_log

    is_json = data.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"[", b"{")
    return Read(read_launch_log(data), data, f"launches.{'json' if is_json else 'csv'}")


def llm_trace_in(data: bytes) -> Read[LlmTrace]:
    """The requests of a trace."""
    from twin.simulate.llm_trace import read_llm_trace

    return Read(read_llm_trace(data), data, "llm-trace.csv")


def require_readable(path: Path) -> None:
    """Without reading it: what comes through a pipe can be read once only."""
    if path.is_file() or not path.exists():
        try:
            path.open("rb").close()
        except OSError as error:
            raise _unreadable(path, error) from None


def bytes_of(path: Path) -> bytes:
    """The contents of a file that was named on the command line."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: OSError) -> BadUsage:
    return BadUsage(f"{path}: {error.strerror}", expected="a file that can be read")


def _given(path: Path | None, read: Callable[[bytes], Read[T]]) -> Read[T] | None:
    if path is None:
        return None
    data = bytes_of(path)
    with usage(of=f"{path}: "):
        return read(data)
