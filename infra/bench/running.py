"""``twin bench``: what this machine does, as a table or as data.

The measurements stand in ``tests/bench`` of a checkout, one module a subject; each line is printed
as soon as it is known.
"""

from __future__ import annotations

import importlib
import json
import os
import platform
import sys
from pathlib import Path
from typing import Any

from twin.errors import NotFound

SUBJECTS = ("observing", "flying", "allocating", "daily", "replaying", "living")
ON_KAFKA = ("staging", "growing")


def run(*, as_json: bool, subjects: tuple[str, ...] = SUBJECTS) -> None:
    """Measure and print; ``NotFound`` outside a checkout of the source."""
    root = Path(__file__).resolve().parents[2]
    if not (root / "tests" / "bench").is_dir():
        raise NotFound(
            "no tests/bench beside the installed twin",
            remedy="run 'make bench' in a checkout of the source",
        )
    sys.path.insert(0, str(root))
    found: list[dict[str, Any]] = []
    for subject in subjects:
        for figure in importlib.import_module(f"tests.bench.{subject}").figures():
            found.append(_plain(figure))
            if not as_json:
                print(_line(found[-1]), flush=True)
    if as_json:
        print(json.dumps({"machine": _machine(), "figures": found}, indent=1))


def _plain(figure: Any) -> dict[str, Any]:
    return {
        "name": figure.name,
        "value": figure.value,
        "unit": figure.unit,
        "wanted": figure.wanted,
        "beside": figure.beside,
        "beside_value": figure.beside_value,
        "ratio": figure.ratio,
    }


def _line(figure: dict[str, Any]) -> str:
    value = _short(figure["value"])
    line = f"{figure['name']:<64} {value:>10} {figure['unit']:<13} {figure['wanted']:<12}"
    if figure["ratio"]:
        beside = _short(figure["beside_value"])
        line += f" {figure['ratio']:.1f} x {figure['beside']} ({beside})"
    return line.rstrip()


def _short(value: float) -> str:
    if value >= 1e6:
        return f"{value / 1e6:.2f} M"
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"


def _machine() -> dict[str, Any]:
    return {"cores": os.cpu_count(), "python": platform.python_version(), "cpu": _cpu()}


def _cpu() -> str:
    facts = Path("/proc/cpuinfo")
    lines = facts.read_text().splitlines() if facts.is_file() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()
