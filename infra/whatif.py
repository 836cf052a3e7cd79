"""``twin whatif``: a scenario file over the log of a folder, and what it makes otherwise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from infra.installation import existing_database, existing_log
from infra.progress import progress
from infra.usage import usage
from infra.words import side_by_side
from streams.branching import Beside
from streams.branching import run as run_branch
from streams.comparison import as_plain
from streams.settings import Settings
from streams.topics import JOURNAL
from twin.errors import BadInput, NotFound
from twin.suggest import nearest
from twin.whatif.scenario import read_scenario
from twin.whatif.shipped import shipped_names, shipped_scenario, shipped_text

SHOWN_COUNT = 24
_JSON = msgspec.json.Encoder(decimal_format="number")


def run(settings: Settings, file: Path, *, as_json: bool) -> None:
    """Run a scenario and say what it makes otherwise."""
    with usage():
        scenario = read_scenario(_text(file), file=file.name, is_json=file.suffix == ".json")
    log, engine = existing_log(settings), existing_database(settings)
    if engine is None:
        raise NotFound(f"no read model in {settings.directory}", remedy="run 'twin demo' first")
    with progress("folding both futures", log.span(JOURNAL, 0).end) as advance:
        branch = run_branch(log, engine, scenario, on_tick=lambda _: advance())
    if as_json:
        print(_JSON.encode(as_plain(branch)).decode())
    else:
        _show(branch)


def show_shipped() -> None:
    """One line a shipped scenario."""
    for name in shipped_names():
        print(f"{name:24} {shipped_scenario(name).name}")


def _text(file: Path) -> str:
    if file.is_file():
        try:
            return file.read_text()
        except UnicodeDecodeError:
            raise BadInput(f"{file}", expected="a text file in UTF-8", field="FILE") from None
    if str(file) not in shipped_names():
        hint = nearest(str(file), shipped_names())
        raise BadInput(
            f"no file {file}", expected=f"a file, or a shipped scenario: {hint}", field="FILE"
        )
    return shipped_text(str(file))


def _show(branch: Beside) -> None:
    plain = as_plain(branch)
    print(f"{plain['name']}: {plain['ticks']} ticks, {plain['fork']} to {plain['until']}")
    print("nobody reacts to it: no customer, no operator, but by the rules the twin knows")
    print(f"  baseline {plain['baseline_hash'][:12]}  branch {plain['branch_hash'][:12]}")
    for note in plain["notes"]:
        print(f"  {note}")
    if plain["first_divergence"] is None:
        print("  nothing is otherwise")
    else:
        _show_divergence(plain)
    if later := plain["projection"]:
        _show_deltas(f"by {later['until']}, if {later['assumes']}", later["deltas"])


def _show_divergence(plain: dict[str, Any]) -> None:
    """From when on the two differ, what did not happen, and what is otherwise at the end."""
    print(f"  first otherwise in the tick to {plain['first_divergence']}")
    print(f"withdrawn: {len(plain['withdrawn'])}")
    for each in plain["withdrawn"][:SHOWN_COUNT]:
        print(f"  {each['tick']}  {each['kind']:24} {each['reason']}")
    _show_grounded(plain["grounded"])
    _show_deltas("at the end", plain["deltas"])


def _show_grounded(launches: list[dict[str, Any]]) -> None:
    """Launches that are still to come, and cannot: nothing of theirs is in a figure yet."""
    if not launches:
        return
    satellites_count = sum(each["satellites_count"] for each in launches)
    print(f"grounded on the manifest: {len(launches)} launches, {satellites_count:,} satellites")
    for each in launches[:SHOWN_COUNT]:
        load = f"{each['satellites_count']} for {each['segment']}" if each["segment"] else ""
        print(f"  {each['net']}  {each['launch']:24} {load}".rstrip())


def _show_deltas(when: str, deltas: list[dict[str, Any]]) -> None:
    print(f"otherwise {when}: {len(deltas)} figures, those that differ most first")
    ranked = sorted(deltas, key=_weight, reverse=True)[:SHOWN_COUNT]
    rows = [
        (
            f"{each['view']} {each['key']} {each['column']}",
            *side_by_side(each["baseline"], each["branch"], is_money="_usd" in each["column"]),
        )
        for each in ranked
    ]
    widths = [max((len(row[place]) for row in rows), default=0) for place in range(3)]
    for where, was, is_now in rows:
        print(f"  {where:{widths[0]}}  {was:>{widths[1]}} → {is_now:>{widths[2]}}")
    if len(deltas) > len(rows):
        print(f"  … and {len(deltas) - len(rows)} more, with --json")


def _weight(delta: dict[str, Any]) -> float:
    """How much of a figure is otherwise, from 0 to 1."""
    if delta["change"] is None:
        return 1.0
    change, before, after = (abs(float(delta[name])) for name in ("change", "baseline", "branch"))
    return change / max(before, after, 1e-9)
