"""The published cost model over a file of cases: ``{"cases": [{"name": …, "changes": {…}}]}``.

Whatever else the file holds is left alone, so the published vectors are such a file themselves.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from infra.usage import BadUsage, usage
from infra.world.inputs import bytes_of
from twin.baseline.book import read_assumptions
from twin.business.cost_inputs import refuse_impossible
from twin.business.cost_model import Answer, Inputs, answer_of, changed, published_inputs
from twin.errors import BadInput

FLOAT_MAX = sys.float_info.max
INTEGERS_MAX = 2.0**53
"""Up to here a float without a fraction is printed as the integer it is."""


class Case(msgspec.Struct, frozen=True):
    """Inputs to change, by published name."""

    name: str
    changes: dict[str, Any]


class Cases(msgspec.Struct, frozen=True):
    """A file of cases."""

    cases: tuple[Case, ...]


def run(path: Path, settings: Mapping[str, float], *, as_json: bool) -> None:
    """Print the answer to every case; ``settings`` hold in each, its own changes come after."""
    base = changed_usage(published(), settings)
    cases = _read(path)
    answers = [(case.name, answer_of(_inputs(base, case))) for case in cases]
    if as_json:
        print(json.dumps({"cases": [_published_form(name, answer) for name, answer in answers]}))
        return
    print(
        _line("case", ("orbit $/W", "$/MWh", "ground $/W", "$/MWh", "break-even $/kg", "plate C"))
    )
    for name, answer in answers:
        print(_line(name, [_figure(value) for value in _main_figures(answer)]))


def published() -> Inputs:
    """The model's own defaults."""
    book = read_assumptions()
    return published_inputs(lambda name: float(book[name].value))


def changes_of(words: Sequence[str]) -> dict[str, float]:
    """What ``--set`` says: numbers by name; whether the names are inputs is not looked at."""
    changes: dict[str, float] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name.strip():
            raise BadUsage(f"--set {word}", expected="NAME=VALUE, such as launchCostPerKg=100")
        try:
            changes[name.strip()] = float(value)
        except ValueError:
            raise BadUsage(f"--set {word}", expected=f"a number after {name}=") from None
    return changes


def changed_usage(inputs: Inputs, changes: Mapping[str, float]) -> Inputs:
    """Inputs with changes from the command line, which must be possible."""
    with usage():
        after = changed(inputs, changes)
        refuse_impossible(changes)
        return after


def plain_number(value: Any) -> Any:
    """As JavaScript writes a number: null for ∞ and NaN, an integer where there is no fraction."""
    if isinstance(value, bool) or not isinstance(value, float):
        return value
    if not math.isfinite(value):
        return None
    return int(value) if value.is_integer() and abs(value) <= INTEGERS_MAX else value


def plain_numbers(value: Any) -> Any:
    """The same for every number in something made of mappings and lists."""
    if isinstance(value, dict):
        return {name: plain_numbers(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain_numbers(part) for part in value]
    return plain_number(value)


def _read(path: Path) -> tuple[Case, ...]:
    try:
        return msgspec.json.decode(bytes_of(path), type=Cases).cases
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadUsage(
            f"{path}: {error}",
            expected='{"cases": [{"name": …, "changes": {input: number, …}}, …]}',
        ) from None


def _inputs(base: Inputs, case: Case) -> Inputs:
    numbers: dict[str, float] = {}
    for name, value in case.changes.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise BadUsage(f"case {case.name!r}: {name}={value!r}", expected="a number")
        if abs(value) > FLOAT_MAX:
            raise BadUsage(f"case {case.name!r}: {name}", expected=f"at most {FLOAT_MAX:g}")
        numbers[name] = value
    try:
        return changed(base, numbers)
    except BadInput as error:
        raise BadUsage(f"case {case.name!r}: {error}", field=error.field) from None


def _published_form(name: str, answer: Answer) -> dict[str, Any]:
    return {"name": name, **plain_numbers(msgspec.to_builtins(answer))}


def _main_figures(answer: Answer) -> tuple[float, ...]:
    return (
        answer.orbital.total_usd_per_w,
        answer.orbital.energy_usd_per_mwh,
        answer.terrestrial.total_usd_per_w,
        answer.terrestrial.energy_usd_per_mwh,
        answer.breakeven_usd_per_kg,
        answer.thermal.equilibrium_c,
    )


def _figure(value: float) -> str:
    return f"{value:,.2f}" if math.isfinite(value) else "–"


def _line(name: str, figures: Sequence[str]) -> str:
    return f"{name[:40]:<40} " + " ".join(f"{figure:>15}" for figure in figures)
