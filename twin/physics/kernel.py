"""How a numeric kernel is compiled: one set of flags for every kernel of the twin."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from numba import njit

P = ParamSpec("P")
R = TypeVar("R")


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile to machine code on first call, kept on disk; the interpreter lock is let go inside.

    Never ``fastmath``: it may reorder and fuse, and then the bits depend on the processor. Division
    by zero gives infinity or NaN as in numpy, because the check for it prevents vector code.
    """
    compiled: Callable[P, R] = njit(cache=True, nogil=True, error_model="numpy")(function)
    return compiled
