"""Where a figure comes from."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query
from starlette.responses import Response

from api.asked import AskedWhy
from api.behind import subjects_of
from api.house import House, InHouse, answers
from api.limits import EVENTS_BEHIND_MAX_COUNT
from api.media import json_response
from api.reading import past_rows, tick_headers
from api.schemas.why import Why
from api.told import scenario_body
from api.why import column_of, explanation, row_of
from streams.replay import PastTwin
from streams.store import queries
from streams.store.queries import RowDict, TickInfo
from streams.store.tables import LIVE
from twin.labels import PUBLIC
from twin.records import Record
from twin.views import VIEWS, Column, View

router = APIRouter(tags=["twin"])


@router.get(
    "/v1/why",
    summary="Where a figure comes from, down to the frames",
    responses=answers(Why, "What is behind the figure."),
)
def why(house: InHouse, asked: Annotated[AskedWhy, Query()]) -> Response:
    """The figure with its unit and basis, the assumptions it rests on, the record, the events and
    the frames behind it, and what those frames came to in integers. Of a branch also what in it
    comes from its scenario: the edits, the events put in and those withdrawn.
    """
    view = VIEWS[asked.view]
    column = column_of(view, asked.column)
    if asked.branch != LIVE:
        return _of_branch(house, asked, view, column)
    past = house.reader.journal.twin(house.reader.tick(asked.at))
    row = row_of(past, view, asked.key, asked.label)
    events = _events(house, past, row, subjects_of(past.moment.twin, view.name, row))
    body = explanation(
        past, view, column, row, events=events, size_bytes_of=house.telemetry.size_bytes_of
    )
    return _said(house, past.tick, body)


def _of_branch(house: House, asked: AskedWhy, view: View, column: Column) -> Response:
    """The same of a branch: live's past without what was withdrawn, and what the scenario did."""
    branch = house.reader.branch_past(asked.branch, asked.at)
    past = branch.past
    row = row_of(past, view, asked.key, asked.label)
    about = subjects_of(past.moment.twin, view.name, row)
    events = _events(house, past, row, about)
    gone = {each.event_id for each in branch.beside.withdrawn} if branch.beside else set()
    happened = [event for event in events if event["event_id"] not in gone]
    body = explanation(
        past, view, column, row, events=happened, size_bytes_of=house.telemetry.size_bytes_of
    )
    body["scenario"] = scenario_body(
        branch,
        column,
        _row_of_live(house, past, view, row),
        about=about,
        behind={event["event_id"] for event in events},
        assumptions={fact["name"] for fact in body["assumptions"]},
    )
    return _said(house, past.tick, body)


def _row_of_live(house: House, past: PastTwin, view: View, row: RowDict) -> RowDict | None:
    """The same row in the same tick of live, if live has it."""
    live = house.reader.journal.twin(house.reader.tick(past.tick.tick_ns))
    names = ("label", *view.key_names)
    rows = past_rows(view, live).rows
    return next((each for each in rows if all(each[n] == row[n] for n in names)), None)


def _events(house: House, past: PastTwin, row: RowDict, about: set[str]) -> list[RowDict]:
    with house.reader.snapshot() as db:
        found = queries.events_about(
            db,
            LIVE,
            about,
            labels={row["label"], PUBLIC},
            through=past.tick.number,
            limit=EVENTS_BEHIND_MAX_COUNT,
        )
        numbers = {event["number"] for event in found}
        ticks = {number: queries.tick_numbered(db, LIVE, number) for number in numbers}
    records = {n: house.reader.journal.record(tick) for n, tick in ticks.items() if tick}
    return [event | {"body": _body(records.get(event["number"]), event)} for event in found]


def _body(record: Record | None, event: RowDict) -> Any:
    """What an event said, as it stands in its record; None where that is not committed."""
    if record is None:
        return None
    return msgspec.json.decode(record.content.events[event["ordinal"] - 1].body)


def _said(house: House, tick: TickInfo, body: dict[str, Any]) -> Response:
    return json_response({**house.reader.head(tick), **body}, tick_headers(tick))
