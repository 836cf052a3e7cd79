"""What answers look like, for the OpenAPI description.

Rows are made from the definitions of the views, so that every column carries its meaning. Answers
themselves are encoded from plain values; tests hold them against these models.
"""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import Any, Final, get_args

from pydantic import BaseModel, Field, create_model

from api.fleet import SATELLITE
from api.schemas.scenarios import DATE_TIME, Described
from api.shapes import list_of, row_model, titled, view_shape
from twin.events import Confidence, Nature
from twin.views import VIEWS


class Head(Described):
    """The tick an answer is of."""

    branch: str = Field(description="`live`, or a scenario forked from it.")
    tick: str = Field(description="The end of the tick (UTC).", json_schema_extra=DATE_TIME)
    start: str = Field(description="Its beginning (UTC).", json_schema_extra=DATE_TIME)
    interval_s: float = Field(description="Its length.")
    number: int = Field(description="Its record in the journal, from 1.")
    hash: str = Field(description="The state hash: the same in live, replay and as-of.")
    age_s: float = Field(description="Wall time since the tick was committed.")


class Source(Described):
    """Who says something to the twin."""

    source: str = Field(description="Its name.")
    epoch: int = Field(description="Grows when it starts its counters anew.")
    world: str = Field(description="The simulated world it is; empty for a feed.")
    description: str = Field(description="What it is.")
    is_assumed: bool = Field(description="Whether what it says is made up.")
    is_paced: bool = Field(description="Whether it ends each of its ticks with a seal.")
    is_lapsed: bool = Field(description="Whether it is silent beyond the patience.")


class Assumption(Described):
    """A number nobody measured for us."""

    name: str = Field(description="Its name; the last word is the unit.")
    value: float | str = Field(description="The number, or a date.")
    unit: str = Field(description="Its unit.")
    as_of: str = Field(description="The day the value held.")
    source: str = Field(description="Where the number comes from.")
    confidence: str = Field(
        description="How far to trust it.", json_schema_extra={"enum": list(get_args(Confidence))}
    )
    note: str = Field(description="Anything else to know.")


class AssumptionPage(Head):
    """Assumptions in force, by name."""

    matched_count: int = Field(description="Assumptions that match.")
    next: str | None = Field(description="The next page; null at the end.")
    rows: list[Assumption] = Field(description="The assumptions.")


class OneAssumption(Head):
    """One assumption."""

    assumption: Assumption = Field(description="The assumption.")


class Alert(Described):
    """An alarm, from the tick it was raised in."""

    alarm_id: str = Field(description="What is judged, and of which segment or source.")
    severity: str = Field(
        description="How bad it is.", json_schema_extra={"enum": ["warning", "critical"]}
    )
    subject: str = Field(description="The segment or source.")
    label: str = Field(description="Who may see it.")
    value: float = Field(
        description="The value that was judged in the tick the alarm was raised in. It stays what "
        "it was then, while the alarm is open and after: what the figure is now say the rows of "
        "the subject in /v1/capacity, /v1/energy and /v1/health, and what is behind it /v1/why."
    )
    threshold: float = Field(description="The threshold that the value was above, in that tick.")
    raised: str = Field(description="The tick it was raised in.", json_schema_extra=DATE_TIME)
    cleared: str | None = Field(
        description="The tick it was cleared in; null while open.", json_schema_extra=DATE_TIME
    )
    is_open: bool = Field(description="Whether it is open at the tick of the answer.")
    asset_ids: list[int] = Field(description="Some of the assets that made it.")


class AlertPage(Head):
    """Alerts as known at a tick, newest first."""

    rows: list[Alert] = Field(description="The alerts.")


class DeadLetter(Described):
    """An input that was not applied."""

    event_id: str = Field(description="Its name: source/epoch/stream/sequence.")
    kind: str = Field(description="Its kind, where one could tell.")
    stage: str = Field(description="quarantined, conflict or refused.")
    reason: str = Field(description="Why.")
    tick: str = Field(description="The tick it fell into.", json_schema_extra=DATE_TIME)
    digest: str = Field(description="SHA-256 of its bytes, or of the record that holds it.")
    topic: str = Field(description="Topic of the log in which it lies.")
    partition: int = Field(description="Partition of the topic.")
    offset: int = Field(description="Offset in the partition.")


class DeadLetterPage(Head):
    """Dead letters, newest first."""

    rows: list[DeadLetter] = Field(description="The dead letters.")


class FrameReference(Described):
    """Where a frame lies, and what it must hash to."""

    id: str = Field(description="source/epoch/stream/sequence.")
    segment: str = Field(description="The group of assets that reports in it.")
    topic: str = Field(description="Topic of the log.")
    partition: int = Field(description="Partition.")
    offset: int = Field(description="Offset.")
    digest: str = Field(description="SHA-256 of its bytes.")
    rows_count: int = Field(description="Assets in it.")
    is_kept: bool = Field(
        description="Whether this log holds a frame of that name in that place. Its bytes are not "
        "looked at here: they are the ones that were used if they hash to the digest."
    )
    size_bytes: int | None = Field(description="Size of its bytes; null when it is not held.")
    href: str | None = Field(description="Where to fetch its bytes; null when it is not held.")


class FrameDescription(Described):
    """A frame as it lies in the log."""

    topic: str = Field(description="Topic of the log.")
    partition: int = Field(description="Partition.")
    offset: int = Field(description="Offset.")
    sent: str = Field(description="When its source sent it.", json_schema_extra=DATE_TIME)
    attributes: dict[str, str] = Field(
        description="The CloudEvents attributes of its event; longer than any that is accepted, "
        "they are cut."
    )
    digest: str = Field(description="SHA-256 of its bytes, as they lie in the log.")
    size_bytes: int = Field(description="Size of its bytes.")
    rows_count: int | None = Field(description="Assets in it; null when it cannot be read.")
    columns: dict[str, str] = Field(
        description="Its columns in order, each with its unit; empty for names and codes."
    )
    as_built: dict[str, Any] = Field(description="The constants of its segment that it carries.")
    unreadable: str = Field(description="Why nobody can read it; empty when it can be read.")


class Quantity(Described):
    """What the frames behind a figure came to, as the integer that was folded."""

    name: str = Field(description="What was counted.")
    value: int = Field(description="How much it came to.")
    unit: str = Field(description="Its unit in full.")
    joined_by: str = Field(
        description="How the values of many assets became this one.",
        json_schema_extra={"enum": ["sum", "highest", "lowest"]},
    )


class AnomalyFound(Described):
    """Telemetry that is not as physics expects."""

    kind: str = Field(description="power, thermal or battery.")
    measured: float = Field(description="What was measured.")
    expected: float = Field(description="What was expected.")


SatelliteRow = row_model(SATELLITE)

SatellitePage = create_model(
    "SatellitePage",
    __base__=Head,
    __doc__="Satellites of one tick, by asset id.",
    matched_count=(int, Field(description="Satellites that match, on all pages.")),
    next=(str | None, Field(description="The next page, of the same tick; null at the end.")),
    rows=(list_of(SatelliteRow), Field(description="The satellites.")),
)


class AsBuilt(Described):
    """What a healthy satellite of the segment would do; its frames carry it."""

    segment: str = Field(description="Group of assets.")
    class_name: str = Field(description="Class of satellite.")
    array_w: float = Field(description="Array output in full sun at 1 au, at today's age.")
    battery_wh: float = Field(description="Battery capacity.")
    bus_w: float = Field(description="Housekeeping load.")
    payload_w: float = Field(description="Payload at full use.")
    is_compute: bool = Field(description="Whether the payload is accelerators.")
    radiator_m2: float = Field(description="Effective radiator area.")
    radiator_emissivity_fraction: float = Field(description="Emissivity.")
    temperature_max_k: float = Field(description="Above it the satellite is too hot to work.")
    charge_reserve_fraction: float = Field(description="Below it payload is shed.")
    residual_fraction: float = Field(description="A power residual beyond it is an anomaly.")
    assumptions_digest: str = Field(description="Digest of the numbers used.")


class PowerCheck(Described):
    """Expected against measured."""

    measured_array_w: float = Field(description="What the arrays gave.")
    expected_array_w: float = Field(description="What physics expects they could give.")
    residual_fraction: float | None = Field(
        description="Measured over expected, minus one; null in the dark."
    )


OneSatellite = create_model(
    "OneSatellite",
    __base__=Head,
    __doc__="One satellite in one tick, down to its frame.",
    satellite=(SatelliteRow, Field(description="As it reported.")),
    power=(PowerCheck, Field(description="Its arrays against physics.")),
    frame=(FrameReference, Field(description="The frame this was read from.")),
    as_built=(AsBuilt, Field(description="The constants of its segment.")),
    anomalies=(list[AnomalyFound], Field(description="What the observer noted of it.")),
)


class RecordReference(Described):
    """The journal entry behind a tick."""

    number: int = Field(description="Its number, from 1.")
    start: str = Field(description="Beginning of its tick.", json_schema_extra=DATE_TIME)
    tick: str = Field(description="End of its tick.", json_schema_extra=DATE_TIME)
    digest: str = Field(description="SHA-256 that names it; the next record repeats it.")
    previous: str = Field(description="Digest of the record before.")
    journal_offset: int = Field(description="Where it lies in the journal.")
    events_count: int = Field(description="Events in it.")
    frames_count: int = Field(description="Frames it was made from.")


class EventLine(Described):
    """One event of the journal, as a line of JSON."""

    cursor: str = Field(description="Where to read on: record number / ordinal.")
    number: int = Field(description="The record it is in.")
    ordinal: int = Field(description="Its place in the record, from 1.")
    tick: str = Field(description="The tick of the record.", json_schema_extra=DATE_TIME)
    id: str = Field(description="source/epoch/stream/sequence.")
    source: str = Field(description="Who says it.")
    epoch: int = Field(description="Epoch of the source.")
    stream: str = Field(description="Stream of the source.")
    sequence: int = Field(description="Place in the stream, from 1.")
    kind: str = Field(description="What kind of fact.")
    nature: str = Field(
        description="What becomes of it when a what-if is computed.",
        json_schema_extra={"enum": [str(nature) for nature in Nature]},
    )
    version: int = Field(description="Version of its schema.")
    label: str = Field(description="Who may see it.")
    effective: str = Field(description="When it holds.", json_schema_extra=DATE_TIME)
    correlation_id: str = Field(description="The story it belongs to.")
    causation_id: str = Field(description="The event it follows from.")
    body: dict[str, Any] = Field(description="Its fields, as they were sent.")


class Ready(Described):
    """The API can answer."""

    status: str = Field(description="`ready`.")
    tick: str = Field(description="The newest committed tick.", json_schema_extra=DATE_TIME)
    number: int = Field(description="Its record.")
    age_s: float = Field(description="Wall time since it was committed.")


class Alive(Described):
    """The process runs."""

    status: str = Field(description="`alive`.")


VIEW_ROWS: Final = {name: row_model(view_shape(view)) for name, view in VIEWS.items()}


class TwinHead(Head):
    """The tick, its proof, and how far to trust it."""

    digest: str = Field(description="SHA-256 of the record the tick was folded from.")
    journal_offset: int = Field(description="Where that record lies in the journal.")
    committed: str = Field(description="Wall time of the commit.", json_schema_extra=DATE_TIME)
    assumed: bool = Field(description="Whether a source of this twin is a made-up world.")
    statement: str = Field(
        description="The same in words, to be shown beside every figure; and, of a world that "
        "starts before the day its numbers are of, what is of that day."
    )
    sources: list[Source] = Field(description="Who speaks to the twin.")
    open_alerts_count: int = Field(description="Alarms that are open.")


_VIEW_FIELDS: dict[str, Any] = {
    name: (list_of(row), Field(description=VIEWS[name].meaning)) for name, row in VIEW_ROWS.items()
}

TwinState = create_model(
    "TwinState",
    __base__=TwinHead,
    __doc__="Everything the twin shows after one tick.",
    **_VIEW_FIELDS,
)

VIEW_PAGES: Final[dict[str, type[BaseModel]]] = {
    name: create_model(
        f"{titled(name)}Page",
        __base__=Head,
        __doc__=VIEWS[name].meaning,
        rows=(list_of(row), Field(description="Rows by label and key.")),
    )
    for name, row in VIEW_ROWS.items()
}

_HISTORY_ROW: Any = reduce(
    or_, [row_model(view_shape(view, is_rolled_up=True)) for view in VIEWS.values()]
)

_FROM_TO: dict[str, Any] = {
    "from": (
        str,
        Field(
            description="The start of the period: ticks end after it.", json_schema_extra=DATE_TIME
        ),
    ),
    "to": (
        str,
        Field(
            description="The end of the period: ticks end at or before it.",
            json_schema_extra=DATE_TIME,
        ),
    ),
}

HistoryPage = create_model(
    "HistoryPage",
    __base__=Head,
    __doc__="Rows of a view over a period, oldest first.",
    view=(str, Field(description="The view.")),
    step_s=(float | None, Field(description="One row per key and step; null: one per tick.")),
    rows=(list_of(_HISTORY_ROW), Field(description="Rows named by the end of their step.")),
    **_FROM_TO,
)
