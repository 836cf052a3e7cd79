"""What a scenario came to, as plain values: the same on the command line and over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from streams.branching import Beside, ahead
from twin.fold.launches import Launches
from twin.units import dollars, instant_text
from twin.views import VIEWS
from twin.whatif.adapt import Withdrawn
from twin.whatif.compare import Delta
from twin.whatif.scenario import AnyEdit, Drop, in_words, span_ns
from twin.whatif.sought import Sought, note_on


def as_plain(branch: Beside) -> dict[str, Any]:
    """Both futures side by side, as JSON; money in dollars."""
    first_ns = branch.first_divergence_ns
    baseline_hash, branch_hash = branch.hashes
    projection = _projection(branch)
    is_felt = bool(branch.deltas) or bool(projection and projection["deltas"])
    return {
        "name": branch.scenario.name,
        "fork": instant_text(branch.fork_ns),
        "until": instant_text(branch.until_ns),
        "ticks": branch.ticks_count,
        "baseline_hash": baseline_hash,
        "branch_hash": branch_hash,
        "first_divergence": None if first_ns is None else instant_text(first_ns),
        "withdrawn": [withdrawn_body(each) for each in branch.withdrawn],
        "grounded": list(_grounded(branch)),
        "deltas": [_delta(each) for each in branch.deltas],
        "notes": _notes(branch, is_felt=is_felt),
        "projection": projection,
    }


def _grounded(branch: Beside) -> Iterator[dict[str, Any]]:
    """Launches on the branch's manifest that may not fly at their date, and in the baseline may.

    They are still to come: what they would have brought is in no figure yet.
    """
    for label, book in sorted(branch.branch.launches.items()):
        was = branch.baseline.launches.get(label, Launches())
        for launch in sorted(
            book.manifest.values(), key=lambda each: (each.net_ns, each.launch_id)
        ):
            reason = book.why_grounded(launch.vehicle, launch.net_ns)
            if reason and not was.why_grounded(launch.vehicle, launch.net_ns):
                yield {
                    "launch": launch.launch_id,
                    "vehicle": launch.vehicle,
                    "net": instant_text(launch.net_ns),
                    "customer": launch.customer,
                    "segment": launch.segment or None,
                    "satellites_count": launch.satellites_count,
                    "price_usd": dollars(launch.price_micro_usd),
                    "reason": reason,
                }


AS_RECORDED = "temperatures, and what single satellites report, stay as they were recorded"


UNFELT = (
    "no figure differs: nothing that is reckoned after the fork, or was agreed before it, rests on"
    " what is edited; to have something otherwise, inject an event that says so"
)


def _notes(branch: Beside, *, is_felt: bool) -> list[str]:
    notes = list(branch.plan.notes) if branch.plan is not None else []
    to_come = [edit for edit in branch.scenario.edits if _begins_later(branch, edit)]
    notes += [_later(branch, edit) for edit in to_come]
    unmatched = list(_unmatched(branch))
    notes += unmatched
    # Of an edit that has not begun, or matches nothing, more is known than that.
    if len(branch.scenario.edits) > len(to_come) + len(unmatched) and not is_felt:
        return [*notes, UNFELT]
    return [*notes, AS_RECORDED] if branch.deltas else notes


def _begins_later(branch: Beside, edit: AnyEdit) -> bool:
    return span_ns(edit, branch.fork_ns)[0] >= branch.until_ns


def _later(branch: Beside, edit: AnyEdit) -> str:
    return (
        f"{in_words(edit)} begins at {edit.at}, after the last tick that both were run to,"
        f" {instant_text(branch.until_ns)}: nothing of it is in a figure at that tick"
    )


def _unmatched(branch: Beside) -> Iterator[str]:
    """The drops that have begun, and that no event matches."""
    if branch.plan is None:
        return
    drops = [edit for edit in branch.scenario.edits if isinstance(edit, Drop)]
    for place, (edit, dropping) in enumerate(zip(drops, branch.plan.droppings, strict=True)):
        if not _begins_later(branch, edit):
            note = note_on(dropping, branch.memory.sought.get(place, Sought()))
            if note:
                yield note


def _projection(branch: Beside) -> dict[str, Any] | None:
    later = ahead(branch)
    if later is None:
        return None
    return {
        "until": instant_text(later.until_ns),
        "assumes": "what was asked, measured and in force in the last tick goes on",
        "deltas": [_delta(each) for each in later.deltas],
    }


def withdrawn_body(withdrawn: Withdrawn) -> dict[str, Any]:
    """An event of the log that did not happen in the branch."""
    return {
        "event": withdrawn.event_id,
        "kind": withdrawn.kind,
        "tick": instant_text(withdrawn.tick_ns),
        "reason": withdrawn.reason,
    }


def _delta(delta: Delta) -> dict[str, Any]:
    is_money = any(
        column.name == delta.column and column.type == "usd" for column in VIEWS[delta.view].columns
    )

    def said(value: Any) -> Any:
        return dollars(value) if is_money and isinstance(value, int) else value

    return {
        "view": delta.view,
        "key": delta.key,
        "column": delta.column,
        "baseline": said(delta.baseline),
        "branch": said(delta.branch),
        "change": said(delta.change),
    }
