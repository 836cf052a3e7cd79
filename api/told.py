"""What in a figure of a branch came from its scenario: what was put in, and what was withdrawn."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import msgspec

from api.branches import BranchPast
from api.limits import TOLD_MAX_COUNT
from api.shapes import said
from streams.comparison import withdrawn_body
from streams.store.queries import RowDict
from twin.errors import BadInput
from twin.events import AssumptionSet, Event, fact, subjects
from twin.units import instant_text
from twin.views import Column
from twin.whatif.scenario import VERBS, AnyEdit

SPOKEN = {kind: (verb, own_field) for verb, (kind, own_field) in VERBS.items()}


def scenario_body(
    branch: BranchPast,
    column: Column,
    live_row: RowDict | None,
    *,
    about: Collection[str],
    behind: Collection[str],
    assumptions: Collection[str],
) -> dict[str, Any]:
    """The scenario behind a figure.

    ``about`` are the subjects of the row, ``behind`` the ids of the events about it in live, and
    ``assumptions`` the names of those it rests on.
    """
    scenario, beside = branch.named.scenario, branch.beside
    first_ns = beside.first_divergence_ns if beside is not None else None
    injected = beside.injected if beside is not None else ()
    withdrawn = beside.withdrawn if beside is not None else ()
    fork_ns = beside.fork_ns if beside is not None else scenario.fork_ns
    return {
        "branch": branch.named.branch,
        "name": scenario.name,
        "fork": instant_text(fork_ns or 0),
        "first_divergence": instant_text(first_ns) if first_ns is not None else None,
        "live_value": said(column.type, live_row[column.name]) if live_row is not None else None,
        "edits": [edit_body(edit) for edit in scenario.edits],
        "injected": [
            {**_injected_body(event), "is_about": _is_about(event, about, assumptions)}
            for event in injected[: -TOLD_MAX_COUNT - 1 : -1]
        ],
        "withdrawn": [
            {**withdrawn_body(each), "is_about": each.event_id in behind}
            for each in withdrawn[: -TOLD_MAX_COUNT - 1 : -1]
        ],
    }


def edit_body(edit: AnyEdit) -> dict[str, Any]:
    """An edit with its verb and all of its fields, as a scenario file has them."""
    verb, own_field = SPOKEN[type(edit)]
    fields = msgspec.structs.asdict(edit)
    return {verb: fields.pop(own_field), **fields}


def _injected_body(event: Event) -> dict[str, Any]:
    return {
        "event": str(event.identity),
        "kind": event.kind,
        "effective": instant_text(event.effective_ns),
        "label": event.label,
        "body": msgspec.json.decode(event.body),
    }


def _is_about(event: Event, about: Collection[str], assumptions: Collection[str]) -> bool:
    try:
        body = fact(event)
    except BadInput:
        return False
    if isinstance(body, AssumptionSet):
        return body.name in assumptions
    return not set(about).isdisjoint(subjects(body))
