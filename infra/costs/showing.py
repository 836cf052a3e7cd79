"""``twin costs`` without cases: today's answer as a page, or as data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec

from infra.costs.cases import plain_numbers
from infra.costs.table import lines
from infra.costs.today import CLAIM, Side, Today, answer_today, verdict
from twin.business.assumption_sets import COMMON, TERMS

RATIOS = ("capex_usd_per_w", "energy_usd_per_mwh", "accelerator_hour_usd", "million_tok_usd")


def run(changes: Mapping[str, float], *, as_json: bool) -> None:
    """Print today's answer with some inputs changed."""
    today = answer_today(changes)
    print(json.dumps(_plain(today)) if as_json else "\n".join(lines(today)))


def _plain(today: Today) -> Any:
    return plain_numbers(
        {
            "claim": CLAIM,
            "verdict": verdict(today),
            "changes": dict(today.changes),
            "published_model": msgspec.to_builtins(today.model),
            "sets": [_plain_side(today, side) for side in today.sides],
        }
    )


def _plain_side(today: Today, side: Side) -> dict[str, Any]:
    return {
        "assumption_set": side.assumed.name,
        "orbit": msgspec.to_builtins(side.orbit),
        "ground": msgspec.to_builtins(side.ground),
        "orbit_over_ground": {name: side.ratio(name) for name in RATIOS},
        "numbers": [
            msgspec.to_builtins(today.book[name])
            for term in (*TERMS[side.assumed.name], *COMMON)
            for name in (term.name, term.per)
            if name
        ],
    }
