"""Where a figure comes from: basis, assumptions, record, frames, and what went in of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from api.behind import OF_A_SEGMENT, prefixes_of, segments_of
from api.meaning import BASES, unit_of
from api.reading import known_names, past_rows
from api.shapes import said
from streams.replay import PastTwin
from streams.store.queries import RowDict
from twin.errors import BadInput, NotFound
from twin.events import AssumptionSet
from twin.quantities import Q, over_regions
from twin.records import Record
from twin.state import Segment
from twin.suggest import nearest
from twin.summaries import FrameRef
from twin.units import instant_text
from twin.views import Column, View

SATELLITE_PREFIXES: Final = ("class.{class_name}.", "shell.*.{segment}", "power.age-start_y")
SITE_PREFIXES: Final = ("site.{segment}.",)
REGION_PREFIXES: Final = ("region.{region}",)
"""Names of the assumptions a figure rests on; ``*`` stands for one word of a name."""

JUDGED: Final[Mapping[str, tuple[str, ...]]] = {
    "anomaly_count": ("alarm.row_power_residual_fraction",),
}
"""Thresholds that decide a column of satellites, by column."""


def row_of(past: PastTwin, view: View, key: str, label: str) -> RowDict:
    """The row a key names: values of the key columns in their order, with commas."""
    names, values = view.key_names, key.split(",")
    if len(values) != len(names):
        raise BadInput(f"key={key[:200]!r}", expected=",".join(names), field="key")
    rows = past_rows(view, past).rows
    for row in rows:
        if row["label"] == label and all(row[n] == v for n, v in zip(names, values, strict=True)):
            return row
    for name, value in zip(names, values, strict=True):
        known = {str(row[name]) for row in rows} | known_names(past, name)
        if value not in known:
            raise NotFound(f"{name} {value[:200]!r} of the key", expected=nearest(value, known))
    keys = [",".join(str(row[name]) for name in names) for row in rows if row["label"] == label]
    raise NotFound(
        f"no row {key[:200]!r} labelled {label[:200]!r} at {instant_text(past.tick.tick_ns)}",
        expected=nearest(key, keys),
    )


def column_of(view: View, name: str) -> Column:
    """The column of that name; ``BadInput`` with the nearest when there is none."""
    for column in (*view.key, *view.columns):
        if column.name == name:
            return column
    raise BadInput(f"column={name!r}", expected=nearest(name, view.column_names), field="column")


def explanation(
    past: PastTwin,
    view: View,
    column: Column,
    row: RowDict,
    *,
    events: list[RowDict],
    is_kept: Callable[[FrameRef], bool],
) -> dict[str, Any]:
    """Everything behind one figure, down to the frames; ``events`` are those about the row."""
    record = past.moment.record
    frames = _frames(past, view, row)
    is_counted = view.name in OF_A_SEGMENT
    sources = {ref.identity.source for ref in frames} | {row.get("source")}
    sources |= {event["event_id"].split("/")[0] for event in events}
    return {
        "view": view.name,
        "key": {name: row[name] for name in view.key_names},
        "label": row["label"],
        "column": column.name,
        "value": said(column.type, row[column.name]),
        "unit": unit_of(column.name, resource=row.get("resource", "")),
        "meaning": column.meaning,
        "roll_up": str(column.roll_up),
        "basis": row["basis"],
        "basis_meaning": BASES[row["basis"]],
        "assumptions": [assumption_body(fact) for fact in _assumptions(past, view, column, row)],
        "record": _record_body(past),
        "frames": [frame_body(ref, is_kept=is_kept(ref)) for ref in frames],
        "quantities": _quantities(record, row) if is_counted else {},
        "events": [event_body(event) for event in events],
        "sources": [body for body in source_bodies(past) if body["source"] in sources],
    }


def assumption_body(fact: AssumptionSet) -> dict[str, Any]:
    """An assumption as every answer says it."""
    return msgspec.structs.asdict(fact)


def frame_body(ref: FrameRef, *, is_kept: bool) -> dict[str, Any]:
    """A frame by its name and the place it lies at."""
    return {
        "id": str(ref.identity),
        "segment": ref.segment,
        "topic": ref.topic,
        "partition": ref.partition,
        "offset": ref.offset,
        "digest": ref.digest.hex(),
        "rows_count": ref.rows_count,
        "is_kept": is_kept,
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
    }


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


def _quantities(record: Record, row: RowDict) -> dict[str, int]:
    """What the frames came to, as the integers that were folded; empty where none reported."""
    totals = record.content.totals
    key = (row["label"], row.get("segment", ""))
    if key not in totals.keys:
        return {}
    matrix = totals.array()[totals.keys.index(key)]
    region = row.get("region")
    if region is None:
        counts = over_regions(matrix[None])[0]
    elif region in totals.regions:
        counts = matrix[totals.regions.index(region)]
    else:
        return {}
    return {quantity.name.lower(): int(counts[quantity]) for quantity in Q}


def _assumptions(past: PastTwin, view: View, column: Column, row: RowDict) -> list[AssumptionSet]:
    known = past.moment.twin.registry.assumptions
    prefixes = _prefixes(past, view, column, row)
    return [known[name] for name in sorted(known) if any(_begins(name, p) for p in prefixes)]


def _prefixes(past: PastTwin, view: View, column: Column, row: RowDict) -> list[str]:
    segment = _segment(past, row)
    patterns = [*prefixes_of(past.moment.twin, view.name, column.name, row)]
    if segment is not None and view.name in OF_A_SEGMENT:
        satellite = (*SATELLITE_PREFIXES, *JUDGED.get(column.name, ()))
        patterns += SITE_PREFIXES if segment.site is not None else satellite
    patterns += REGION_PREFIXES if "region" in view.key_names else ()
    built = segment.as_built if segment is not None else None
    words: Mapping[str, str] = {
        "class_name": built.class_name if built is not None else "",
        "segment": str(row.get("segment", "")),
        "region": str(row.get("region", "")),
        "reporting_segment": str(row.get("reporting_segment", "")).lower(),
    }
    return [pattern.format_map(words) for pattern in patterns]


def _begins(name: str, prefix: str) -> bool:
    """Whether a name begins with a prefix; ``*`` in the prefix matches one word."""
    words, wanted = name.split("."), prefix.split(".")
    if len(words) < len(wanted):
        return False
    *exact, last = wanted
    is_same = all(w in ("*", given) for given, w in zip(words, exact, strict=False))
    return is_same and words[len(exact)].startswith(last)
