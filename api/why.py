"""Where a figure comes from: basis, assumptions, record, frames, and what went in of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from api.assumed import assumed
from api.behind import OF_A_SEGMENT, segments_of
from api.described import shown
from api.meaning import BASES, UNITS, quantity_body, unit_of
from api.problems import Unknown, require_known
from api.reading import known_names, past_rows
from api.reckoned.figure import reckoning
from api.shapes import said
from streams.replay import PastTwin
from streams.store.queries import RowDict
from twin.business.market import DOWNLINK
from twin.errors import BadInput
from twin.events import AssumptionSet
from twin.frames import Spec
from twin.quantities import Q, over_regions
from twin.records import Record
from twin.state import Segment
from twin.suggest import nearest
from twin.summaries import FrameRef
from twin.units import instant_text
from twin.views import Column, View


def row_of(past: PastTwin, view: View, key: str, label: str) -> RowDict:
    """The row a key names: values of the key columns in their order, with commas."""
    names, values = view.key_names, key.split(",")
    if len(values) != len(names):
        raise BadInput(f"key={shown(key)!r}", expected=f"values of {','.join(names)}", field="key")
    rows = past_rows(view, past).rows
    for row in rows:
        if row["label"] == label and all(row[n] == v for n, v in zip(names, values, strict=True)):
            return row
    for name, value in zip(names, values, strict=True):
        known = {str(row[name]) for row in rows} | known_names(past, name)
        if value not in known:
            raise Unknown(
                f"{name} {shown(value)!r} in the key", expected=nearest(value, known), field="key"
            )
    labels = {row["label"] for row in rows}
    require_known("label", label, labels)
    keys = [",".join(str(row[name]) for name in names) for row in rows if row["label"] == label]
    raise Unknown(
        f"key={shown(key)!r} in the tick {instant_text(past.tick.tick_ns)}",
        expected=nearest(key, keys),
        field="key",
    )


def column_of(view: View, name: str) -> Column:
    """The column of that name; ``BadInput`` with the nearest when there is none."""
    for column in (*view.key, *view.columns):
        if column.name == name:
            return column
    known = nearest(name, view.column_names)
    raise BadInput(f"column={shown(name)!r}", expected=known, field="column")


def explanation(
    past: PastTwin,
    view: View,
    column: Column,
    row: RowDict,
    *,
    events: list[RowDict],
    size_bytes_of: Callable[[FrameRef], int | None],
) -> dict[str, Any]:
    """Everything behind one figure, down to the frames; ``events`` are those about the row.

    A frame that is not held has no size.
    """
    record = past.moment.record
    frames = _frames(past, view, row)
    is_counted = view.name in OF_A_SEGMENT
    sources = {ref.identity.source for ref in frames} | {row.get("source")}
    sources |= {event["event_id"].split("/")[0] for event in events}
    unit = unit_of(column.name, resource=row.get("resource", ""))
    return {
        "view": view.name,
        "key": {name: row[name] for name in view.key_names},
        "label": row["label"],
        "column": column.name,
        "value": said(column.type, row[column.name]),
        "unit": unit,
        "unit_meaning": UNITS.get(unit, ""),
        "meaning": column.meaning,
        "roll_up": str(column.roll_up),
        "basis": row["basis"],
        "basis_meaning": BASES[row["basis"]],
        "assumptions": [
            assumption_body(fact)
            for fact in assumed(past.moment.twin, view, column, row, _segment(past, row))
        ],
        "record": _record_body(past),
        "frames": [frame_body(ref, size_bytes_of(ref)) for ref in frames],
        "quantities": _quantities(record, row) if is_counted else [],
        "reckoning": reckoning(past.moment.twin, view, column, row),
        "events": [event_body(event) for event in events],
        "sources": [body for body in source_bodies(past) if body["source"] in sources],
        "scenario": None,
    }


def assumption_body(fact: AssumptionSet) -> dict[str, Any]:
    """An assumption as every answer says it."""
    return msgspec.structs.asdict(fact)


def frame_body(ref: FrameRef, size_bytes: int | None) -> dict[str, Any]:
    """A frame by its name and the place it lies at; what is not held has neither size nor bytes."""
    is_kept = size_bytes is not None
    path = f"/v1/frames/{ref.topic}/{ref.partition}/{ref.offset}"
    return {
        "id": str(ref.identity),
        "segment": ref.segment,
        "topic": ref.topic,
        "partition": ref.partition,
        "offset": ref.offset,
        "digest": ref.digest.hex(),
        "rows_count": ref.rows_count,
        "is_kept": is_kept,
        "size_bytes": size_bytes,
        "href": path if is_kept else None,
    }


def event_body(event: RowDict) -> dict[str, Any]:
    """An event by its name and its place in the journal."""
    return {
        "cursor": f"{event['number']}/{event['ordinal']}",
        "id": event["event_id"],
        "kind": event["kind"],
        "tick": instant_text(event["tick_ns"]),
        "effective": instant_text(event["effective_ns"]),
        "label": event["label"],
        "body": event["body"],
    }


def spec_body(spec: Spec) -> dict[str, Any]:
    """The constants that a frame carries of its segment; the map of regions is left out."""
    constants = msgspec.structs.asdict(spec)
    del constants["regions"]
    return constants


def source_bodies(past: PastTwin) -> list[dict[str, Any]]:
    """Every source the twin knows, by name."""
    names = ("source", "epoch", "world", "description", "is_assumed", "is_paced", "is_lapsed")
    sources = past.moment.twin.registry.sources
    return [{name: getattr(sources[key], name) for name in names} for key in sorted(sources)]


def _record_body(past: PastTwin) -> dict[str, Any]:
    tick, record = past.tick, past.moment.record
    return {
        "number": record.number,
        "start": instant_text(record.start_ns),
        "tick": instant_text(record.tick_ns),
        "digest": tick.digest,
        "previous": record.previous.hex(),
        "journal_offset": tick.journal_offset,
        "events_count": len(record.content.events),
        "frames_count": len(record.provenance.frames),
    }


def _segment(past: PastTwin, row: RowDict) -> Segment | None:
    fleet = past.moment.twin.fleets.get(row["label"])
    segments = fleet.segments if fleet is not None else ()
    return next((s for s in segments if s.name == row.get("segment")), None)


def _frames(past: PastTwin, view: View, row: RowDict) -> list[FrameRef]:
    """The frames of the segments that serve the row, or of its source."""
    frames = past.moment.record.provenance.frames
    if "source" in row:
        return sorted(ref for ref in frames if ref.identity.source == row["source"])
    segments = segments_of(past.moment.twin, view.name, row)
    return sorted(ref for ref in frames if ref.segment in segments)


def _quantities(record: Record, row: RowDict) -> list[dict[str, Any]]:
    """What the frames came to, as the integers that were folded; empty where none reported."""
    totals = record.content.totals
    key = (row["label"], row.get("segment", ""))
    if key not in totals.keys:
        return []
    matrix = totals.array()[totals.keys.index(key)]
    # Accelerators are one pool, wherever the satellites are: their row is of all regions.
    is_by_region = row.get("resource", DOWNLINK) == DOWNLINK
    region = row.get("region") if is_by_region else None
    if region is None:
        counts = over_regions(matrix[None])[0]
    elif region in totals.regions:
        counts = matrix[totals.regions.index(region)]
    else:
        return []
    return [quantity_body(quantity, int(counts[quantity])) for quantity in Q]
