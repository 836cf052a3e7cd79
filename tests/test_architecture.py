"""The rules of the house, as tests: who may import whom, what the core may touch, how things are
named and how long they may be."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from twin.events import KINDS
from twin.frames import COLUMNS
from twin.views import VIEWS

ROOT = Path(__file__).parent.parent
ROOMS = ("twin", "streams", "api", "infra")
"""Imports point left."""

INFRA = (
    *("usage", "words", "ports", "progress", "kernels", "kafka", "postgres", "installation"),
    *("world", "processes", "panel", "grafana", "log", "costs", "whatif", "bench", "demo"),
    *("commands", "command", "preloaded", "warming"),
)
"""Its rooms. They import each other to the left too, but for what is imported when it runs."""

UNITS = frozenset(
    (
        *("w", "mw", "wh", "mwh", "k", "mk", "kg", "m2", "km", "s", "ms", "ns", "h", "y", "bps"),
        *("usd", "fraction", "ppm", "count", "deg", "rad", "ratio", "qty", "bytes", "offset"),
        *("tok_per_s", "flop_per_s", "gflop_per_s", "au", "l", "mmbtu", "points"),
    )
)

IMPURE = frozenset(
    (
        *("os", "sys", "socket", "sqlite3", "threading", "subprocess", "asyncio", "logging"),
        *("random", "time", "shutil", "tempfile", "pathlib", "urllib", "http", "requests"),
        *("httpx", "aiohttp", "faust", "kafka", "sqlalchemy", "sqlmodel", "fastapi", "starlette"),
        *("uvicorn", "structlog", "typer", "rich"),
    )
)


def sources(room: str) -> Iterator[Path]:
    yield from sorted((ROOT / room).rglob("*.py"))


def trees() -> Iterator[tuple[Path, ast.Module]]:
    for room in ROOMS:
        for path in sources(room):
            yield path, ast.parse(path.read_text())


def imported(tree: ast.Module) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
    return names


@pytest.mark.parametrize("room", ROOMS)
def test_imports_point_left(room: str) -> None:
    forbidden = set(ROOMS[ROOMS.index(room) + 1 :])

    for path in sources(room):
        roots = {name.split(".")[0] for name in imported(ast.parse(path.read_text()))}
        assert not roots & forbidden, f"{path} imports {roots & forbidden}"


def test_rooms_of_infra_import_left() -> None:
    for path in sources("infra"):
        room = path.relative_to(ROOT / "infra").parts[0].removesuffix(".py")
        if room == "__init__":
            continue
        others = {INFRA.index(name) for name in rooms_imported(ast.parse(path.read_text()))}
        assert max(others, default=0) <= INFRA.index(room), path


def rooms_imported(tree: ast.Module) -> Iterator[str]:
    """Rooms of infra that a file imports when it is imported itself."""
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module == "infra":
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom | ast.Import):
            module = node.module if isinstance(node, ast.ImportFrom) else node.names[0].name
            if module is not None and module.startswith("infra."):
                yield module.split(".")[1]


def test_the_core_is_pure() -> None:
    for path in sources("twin"):
        roots = {name.split(".")[0] for name in imported(ast.parse(path.read_text()))}
        assert not roots & IMPURE, f"{path} imports {roots & IMPURE}"


def test_the_core_reads_no_clock_and_no_chance() -> None:
    for path in sources("twin"):
        text = path.read_text()
        for word in (r"\.now\(", r"\.utcnow\(", r"\.today\(", r"np\.random", r"default_rng"):
            assert not re.search(word, text), f"{path} uses {word}"


def test_importing_any_module_opens_nothing() -> None:
    calls = {"open", "connect", "create_engine", "open_log", "open_database"}
    for path, tree in trees():
        for node in tree.body:
            for call in ast.walk(node) if not _is_definition(node) else ():
                if isinstance(call, ast.Call):
                    name = getattr(call.func, "id", getattr(call.func, "attr", ""))
                    assert name not in calls, f"{path}:{call.lineno} calls {name} on import"


def _is_definition(node: ast.stmt) -> bool:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.If)


def test_no_file_and_no_function_is_too_long() -> None:
    for path, tree in trees():
        if path.parent.name == "versions":
            continue  # a migration is one statement after the other, and never changed again
        assert len(path.read_text().splitlines()) <= 400, f"{path} is over 400 lines"
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not _is_kernel(node):
                length = (node.end_lineno or 0) - node.lineno + 1
                assert length <= 60, f"{path}:{node.lineno} {node.name} has {length} lines"


def _is_kernel(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any(getattr(d, "id", "") == "kernel" for d in node.decorator_list)


def test_every_module_class_and_public_function_says_what_it_is() -> None:
    silent = [
        f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 1)} {getattr(node, 'name', 'module')}"
        for path, tree in trees()
        for node in [tree, *tree.body]
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and not getattr(node, "name", "").startswith("_")
        and (tree.body or path.name != "__init__.py")
        and ast.get_docstring(node) is None
    ]

    assert not silent


def test_only_the_process_edge_catches_everything() -> None:
    broad = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or getattr(node.type, "id", "") in ("Exception", "BaseException"))
    ]

    # A transaction, too, must be rolled back whatever happened, and then raises what it caught.
    edges = ("streams/agents.py", "streams/log/sqlite_file.py", "infra/", "api/")
    assert all(place.startswith(edges) for place in broad), broad


@pytest.mark.parametrize("name", sorted(VIEWS))
def test_every_number_of_a_view_ends_in_its_unit(name: str) -> None:
    for column in VIEWS[name].columns:
        if column.type != "text":
            stem = re.sub(r"_(min|max|mean|p50|p99)$", "", column.name)
            assert _has_unit(stem), f"{name}.{column.name}"


def test_every_number_of_a_frame_ends_in_its_unit() -> None:
    for family, columns in COLUMNS.items():
        for column, *_ in columns:
            is_id = column.endswith("_id") or column == "status"
            assert is_id or _has_unit(column), f"{family}.{column}"


def test_every_number_of_an_event_ends_in_its_unit() -> None:
    plain = {"epoch", "sequence", "number", "version", "first_sequence", "last_sequence", "value"}
    plain |= {"first_asset_id", "threshold", "f107_sfu", "kp_index", "proton_flux_pfu"}
    for kind in KINDS.values():
        for field, hint in kind.body.__annotations__.items():
            if hint in ("int", "float", "float | None") and field not in plain:
                assert _has_unit(field), f"{kind.name}.{field}"


def _has_unit(name: str) -> bool:
    return any(name.endswith(f"_{unit}") or name == unit for unit in UNITS)


def test_every_kind_of_event_is_folded_or_carried_as_telemetry() -> None:
    folded = "".join((ROOT / f"twin/{name}.py").read_text() for name in ("evolve", "fold/group"))
    for kind in KINDS.values():
        is_folded = f"{kind.name}()" in folded
        assert is_folded or kind.nature in ("measured", "outcome"), kind.name
