"""Satellites, read from the frames that the record of a tick names."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from api.asked import ASSET_ID_END, PAGE_EXPECTED, AskedOfBranch, AskedSatellites
from api.described import Form
from api.fleet import Choice, Missing, SatelliteRows, chosen
from api.house import House, InHouse, answers
from api.limits import JSON_ROWS_MAX_COUNT
from api.media import Media, json_response, table_response
from api.pages import link_to, next_page
from api.problems import Unknown
from api.reading import tick_headers
from api.schemas.answers import OneSatellite, SatellitePage
from api.telemetry import Seen
from api.why import frame_body, spec_body
from streams.store.queries import TickInfo
from streams.store.tables import LIVE
from twin.errors import BadInput
from twin.frames import SatelliteSpec
from twin.units import instant_text

router = APIRouter(tags=["satellites"])

AssetId = Annotated[
    int, Path(ge=0, lt=ASSET_ID_END, description="The id of the satellite.", examples=[530_000_001])
]


@router.get(
    "/v1/satellites",
    summary="Satellites of one tick",
    responses=answers(SatellitePage, "A page of satellites.", is_table=True, has_next=True),
)
def satellites(house: InHouse, asked: Annotated[AskedSatellites, Query()], form: Form) -> Response:
    """In order of asset id, a page at a time; `Link` names the next, which is of the same tick.
    They are read from the frames themselves: where the log does not hold those, 410 names the
    earliest instant whose frames it holds. Of a scenario's branch those that it has not are left
    out, and the others are as they reported in live.
    """
    if form == Media.JSON and asked.limit > JSON_ROWS_MAX_COUNT:
        raise BadInput(f"limit='{asked.limit}'", expected=PAGE_EXPECTED, field="limit")
    tick, missing = _standing(house, asked)
    frames = [held.frame for _, held in house.telemetry.satellites(tick, asked.segment)]
    choice = Choice(region=asked.region, status=asked.status, sunlit=asked.sunlit, missing=missing)
    rows, matched_count = chosen(frames, choice, after=asked.after, limit=asked.limit)
    address = _next(asked, tick, rows)
    head = {**house.reader.head(tick), "matched_count": matched_count, "next": address}
    headers = tick_headers(tick) | link_to(address)
    return table_response(form, head=head, rows=rows, headers=headers)


@router.get(
    "/v1/satellites/{asset_id}",
    summary="One satellite in one tick",
    responses=answers(OneSatellite, "The satellite."),
)
def satellite(
    house: InHouse, asset_id: AssetId, asked: Annotated[AskedOfBranch, Query()]
) -> Response:
    """The satellite as it reported, its arrays against physics, and the frame it was read from."""
    tick, missing = _standing(house, asked)
    for seen in house.telemetry.satellites(tick, None):
        rows, count = chosen(
            [seen[1].frame], Choice(asset_id=asset_id, missing=missing), after=-1, limit=1
        )
        if count:
            body = {**house.reader.head(tick), **_portrait(house, tick, seen, rows)}
            return json_response(body, tick_headers(tick))
    raise Unknown(
        f"asset_id={asset_id}",
        expected=f"a satellite that reported in the tick {instant_text(tick.tick_ns)}",
        remedy="/v1/satellites lists them",
        field="asset_id",
    )


def _standing(house: House, asked: AskedOfBranch) -> tuple[TickInfo, Missing]:
    """The tick of a question, and the satellites that its branch has not."""
    if asked.branch == LIVE:
        return house.reader.tick(asked.at), {}
    found = house.reader.branch_past(asked.branch, asked.at)
    return found.past.tick, found.beside.memory.losses.missing if found.beside is not None else {}


def _next(asked: AskedSatellites, tick: TickInfo, rows: SatelliteRows) -> str | None:
    """The page after this one; of the same tick, so that pages do not tear."""
    if len(rows) < asked.limit:
        return None
    return next_page(
        "/v1/satellites",
        branch=tick.branch,
        at=instant_text(tick.tick_ns),
        segment=asked.segment,
        region=asked.region,
        status=asked.status,
        sunlit=asked.sunlit,
        limit=asked.limit,
        after=int(rows.columns["asset_id"][-1]),
    )


def _portrait(house: House, tick: TickInfo, seen: Seen, rows: SatelliteRows) -> dict[str, Any]:
    ref, held = seen
    spec = held.frame.spec
    assert isinstance(spec, SatelliteSpec), "frames of satellites"
    (row,) = rows.as_dicts()
    measured_w, expected_w = row["array_w"], row["expected_array_w"]
    anomalies = house.reader.journal.record(tick).content.anomalies
    return {
        "satellite": row,
        "power": {
            "measured_array_w": measured_w,
            "expected_array_w": expected_w,
            "residual_fraction": measured_w / expected_w - 1.0 if expected_w > 0 else None,
        },
        "frame": frame_body(ref, held.size_bytes),
        "as_built": spec_body(spec),
        "anomalies": [
            {"kind": found.kind, "measured": found.measured, "expected": found.expected}
            for found in anomalies
            if (found.segment, found.asset_id) == (spec.segment, row["asset_id"])
        ],
    }
