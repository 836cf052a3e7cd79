"""The twin: what holds now, or held at an instant, and the record that proves it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from api.asked import AskedOfBranch
from api.house import House, InHouse, answers
from api.media import json_response
from api.reading import every_row, tick_headers
from api.schemas.answers import TwinState
from api.why import source_bodies
from streams.store import queries
from streams.store.tables import LIVE
from twin.baseline import before_its_numbers, world_names
from twin.units import instant_text

router = APIRouter(tags=["twin"])


@router.get(
    "/v1/twin",
    summary="The whole twin after one tick",
    responses=answers(TwinState, "The twin."),
)
def twin(house: InHouse, asked: Annotated[AskedOfBranch, Query()]) -> Response:
    """Every view, the state hash, the record behind it, and whether the world is assumed. With `at`
    the twin is folded from the journal; its rows are those that were stored then. With `branch` it
    is folded as a scenario has it.
    """
    if asked.branch == LIVE:
        found = house.reader.everything(asked.at)
        past = house.reader.journal.twin(found.tick)
    else:
        past = house.reader.branch_past(asked.branch, asked.at).past
        alarms = past.moment.twin.alarms.values()
        found = every_row(past, open_alerts_count=sum(len(each.open) for each in alarms))
    tick, sources = found.tick, source_bodies(past)
    body = {
        **house.reader.head(tick),
        "digest": tick.digest,
        "journal_offset": tick.journal_offset,
        "committed": instant_text(tick.committed_ns),
        **_trust(sources, starts_ns=_starts_ns(house)),
        "sources": sources,
        "open_alerts_count": found.open_alerts_count,
        **{name: rows.as_dicts() for name, rows in found.rows.items()},
    }
    return json_response(body, tick_headers(tick))


def _starts_ns(house: House) -> int | None:
    """When the first tick began; None where it is not kept."""
    with house.reader.snapshot() as db:
        first = queries.tick_numbered(db, LIVE, 1)
    return first.start_ns if first is not None else None


def _trust(sources: list[dict[str, Any]], *, starts_ns: int | None) -> dict[str, Any]:
    made_up = [source["world"] or source["source"] for source in sources if source["is_assumed"]]
    simulated = [source["world"] for source in sources if source["world"]]
    if made_up:
        statement = f"Assumed world {', '.join(made_up)}: no such fleet flies; no figure is real."
    elif simulated:
        statement = (
            f"Simulated world {', '.join(simulated)}: assets as counted, telemetry made by a model."
        )
    else:
        statement = "Reported by sources; see the basis of each row."
    early = [
        f" It {remark}."
        for world in dict.fromkeys(simulated)
        if world in world_names() and starts_ns is not None
        if (remark := before_its_numbers(world, starts_ns))
    ]
    return {"assumed": bool(made_up), "statement": "".join((statement, *early))}
