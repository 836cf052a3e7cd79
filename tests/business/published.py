"""The published cost model's own answers: where they lie, and when an answer is the same."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from tests.shared_data import SHARED_DATA

RELATIVE_ERROR_MAX = 1e-9
ROOT = Path(__file__).resolve().parents[2]
VECTORS = SHARED_DATA / "orbital_vs_terrestrial_vectors.json"
GOLDEN = ROOT / "tests" / "golden" / "orbital_vs_terrestrial_edges.json"
EDGES: list[dict[str, Any]] = json.loads(GOLDEN.read_text())["cases"]
OUTPUTS = ("orbital", "terrestrial", "breakevenLaunchCostPerKg", "thermal")


def flat(outputs: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in outputs.items():
        parts = value.items() if isinstance(value, dict) else [("", value)]
        found |= {f"{name}.{part}": number for part, number in parts}
    return found


def is_near(told: Any, wanted: Any) -> bool:
    if wanted is None or isinstance(wanted, bool):
        return told is wanted or (wanted is None and not math.isfinite(told))
    return bool(abs(told - wanted) <= RELATIVE_ERROR_MAX * abs(wanted))
