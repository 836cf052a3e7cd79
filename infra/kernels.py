"""Where compiled kernels are kept: one folder per state of the source, so that none is ever stale.

Numba keeps machine code by the file a kernel is in; a kernel that calls one in another file is not
compiled again when only that file changes. So the folder's name is a digest of all of ``twin/``.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import sys
from importlib.metadata import version
from pathlib import Path

NUMBA_FOLDER = "NUMBA_CACHE_DIR"
KEPT_COUNT = 3
"""Folders kept: of this state of the source and of the ones used last."""

_PACKAGE = Path(__file__).resolve().parent.parent / "twin"
_MARKER = "warm"


def use() -> Path:
    """Make numba keep its code in the folder of this source; call it before numba is imported."""
    folder = Path(os.environ.setdefault(NUMBA_FOLDER, str(folder_of(_PACKAGE))))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def folder_of(package: Path) -> Path:
    """The folder for a state of the source: inside the environment if it can be written to."""
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        digest.update(f"{path.relative_to(package)}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    prefix = Path(sys.prefix)
    caches = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    is_own = sys.prefix != sys.base_prefix and os.access(prefix, os.W_OK)
    return (prefix if is_own else caches) / "twin-kernels" / digest.hexdigest()[:16]


def is_warm() -> bool:
    """Whether every kernel has been compiled by this Python for this processor."""
    marker = use() / _MARKER
    return marker.is_file() and marker.read_text() == _machine()


def note_warm() -> None:
    """Say that all kernels are compiled, and drop what older sources left."""
    folder = use()
    (folder / _MARKER).write_text(_machine())
    siblings = (path for path in folder.parent.iterdir() if (path / _MARKER).is_file())
    for path in sorted(siblings, key=lambda path: path.stat().st_mtime)[:-KEPT_COUNT]:
        shutil.rmtree(path, ignore_errors=True)


def _machine() -> str:
    """What machine code depends on besides the source."""
    parts = [sys.version, version("numba"), version("llvmlite"), platform.machine()]
    facts = Path("/proc/cpuinfo")
    if facts.is_file():
        lines = facts.read_text(errors="replace").splitlines()
        parts += [line for line in lines if line.startswith(("model name", "flags"))][:2]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


if __name__ == "__main__":
    print(use())
