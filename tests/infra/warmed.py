"""What became of each kernel of the twin in a process that warms: a word and a name a line.

*Compiled* is one that had to be, *found* one that was not. One that Python calls is *ready* or
*cold*: of one that only other kernels call the code is inside of theirs.
"""

from __future__ import annotations

import gc
import importlib
import pkgutil
import sys
from collections.abc import Iterator
from types import CodeType
from typing import Any

from numba.core.registry import CPUDispatcher

import api
import twin
from infra.warming import warm

PACKAGES = ("twin", "streams", "api", "infra")
"""Of these every module that is imported is searched for calls."""


def report() -> Iterator[tuple[str, str]]:
    """Warm, and then the word and the name of every kernel."""
    for package in (twin, api):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    warm()
    every = [each for each in gc.get_objects() if type(each) is CPUDispatcher]
    every = [each for each in every if each.py_func.__module__.startswith("twin.")]
    called = set(_called(every))
    for each in every:
        name = f"{each.py_func.__module__}.{each.py_func.__name__}"
        yield "compiled" if sum(each.stats.cache_misses.values()) else "found", name
        if id(each) in called:
            yield "ready" if each.signatures else "cold", name


def _called(every: list[Any]) -> Iterator[int]:
    """Whatever a body of Python names that is no kernel's."""
    own = {(each.py_func.__module__, each.py_func.__code__.co_firstlineno) for each in every}
    for name, module in list(sys.modules.items()):
        loader = getattr(module, "__loader__", None)
        if name.split(".")[0] not in PACKAGES or loader is None:
            continue
        for body in _bodies(loader.get_code(name)):
            if (name, body.co_firstlineno) not in own:
                yield from (id(vars(module).get(word)) for word in body.co_names)


def _bodies(code: CodeType | None) -> Iterator[CodeType]:
    """Functions and classes in some code; not itself, where a kernel is defined or imported."""
    for each in code.co_consts if code is not None else ():
        if isinstance(each, CodeType):
            yield each
            yield from _bodies(each)


if __name__ == "__main__":
    for word, kernel in report():
        print(word, kernel)
