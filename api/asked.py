"""What a client may ask: the parameters of each route.

Every model refuses a parameter it does not know, and says which name is nearest.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field, create_model, model_validator
from pydantic.json_schema import SkipJsonSchema

from api.described import SAID
from api.limits import (
    EVENTS_MAX_COUNT,
    JSON_ROWS_MAX_COUNT,
    LIST_MAX_COUNT,
    TABLE_ROWS_MAX_COUNT,
)
from api.parameters import (
    AnyBranch,
    Branch,
    Cursor,
    Flag,
    Instant,
    KindName,
    Step,
    Text,
    Until,
    ViewName,
)
from api.shapes import titled
from streams.store.tables import LIVE
from twin.errors import BadInput
from twin.events import Confidence
from twin.suggest import nearest
from twin.views import VIEWS, Column, View

ASSET_ID_END: Final = 2**32

PAGE_EXPECTED: Final = (
    f"a whole number, 1 to {JSON_ROWS_MAX_COUNT} as JSON, 1 to {TABLE_ROWS_MAX_COUNT} "
    "as CSV, Arrow or Parquet"
)
"""What the page of satellites may hold, said wherever another is asked for."""


class Nothing(BaseModel):
    """No parameters."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def refuse_unknown_parameters(cls, given: Any) -> Any:
        known = {field.alias or name for name, field in cls.model_fields.items()}
        for name in given:
            if name not in known:
                right = nearest(name, known) if known else "no parameter"
                raise BadInput(f"query parameter {name[:100]!r}", expected=right, field=name[:100])
        return given


NoParameters = Annotated[Nothing, Query()]
"""Of a route that takes none, and says so when it is given some."""


class Asked(Nothing):
    """What every question about the twin may say."""

    branch: Branch = Field(
        LIVE,
        description="The branch of history to ask about; here there is only `live`. What a "
        "scenario makes otherwise says `/v1/scenarios/{branch}`.",
    )


SEGMENT: Final = "Only satellites of this segment."


class AskedAt(Asked):
    """A question about now, or about an instant of the past."""

    at: Instant = Field(
        None,
        description="The state after the last tick that ended at or before this instant of twin "
        "time (RFC 3339, UTC). Without it, the newest tick.",
    )


class AskedResult(Nothing):
    """What a scenario comes to by when."""

    at: Instant = Field(
        None,
        description="Run it to the last tick that ended at or before this instant. Without it, as "
        "it was run when it was posted; a shipped one to the newest tick.",
    )


BRANCH: Final[Any] = Field(
    LIVE,
    description="The branch of history to ask about: `live`, or that of a scenario, shipped or "
    "posted to `/v1/scenarios`. Up to its fork it is live's own past.",
)


class AskedOfBranch(AskedAt):
    """A question about now, or about an instant of the past, of live or of a branch."""

    branch: AnyBranch = BRANCH


EXAMPLE_VIEW: Final = "capacity"
"""The view that examples of a period are of."""

KEY_EXAMPLES: Final = {
    "segment": "sl-53",
    "region": "europe",
    "resource": "downlink_bps",
    "site": "orbit",
    "source": "world-2029",
    "reporting_segment": "Connectivity",
    "line": "consumer_service",
    "counterparty": "consumer",
    "commitment_id": "pleo-europe",
    "assumption_set": "live",
    "company": "SpaceX",
    "share_class": "A",
    "holder": "Tesla",
    "subject": "commitment/pleo-europe",
    "node": "segment/sl-53",
}
"""A value of each key column that there is in the default world."""


def asked_of(view: View) -> type[AskedOfBranch]:
    """The parameters of one view: an instant, and a filter for each of its key columns."""
    fields: dict[str, Any] = {column.name: (Text, _filter(column)) for column in view.key}
    return create_model(
        f"Asked{titled(view.name)}",
        __base__=AskedOfBranch,
        __doc__=f"Filters of the {view.name} view.",
        **fields,
    )


def _filter(column: Column, *, of: str = "", has_example: bool = True) -> Any:
    """An exact value of a key column; absent, it filters nothing."""
    example = KEY_EXAMPLES.get(column.name) if has_example else None
    return Field(
        None,
        description=f"Only rows of this {column.name}{of}. {column.meaning}",
        examples=[example] if example else None,
    )


class AskedHistory(Asked):
    """A period of a view."""

    branch: AnyBranch = BRANCH
    from_: Instant = Field(
        None,
        alias="from",
        description="The start of the period: ticks that end after this instant. Without it, one "
        "hour before `to`.",
    )
    to: Until = Field(
        None,
        description="The end of the period: ticks that end at or before this instant. Without it, "
        "the newest tick.",
    )
    step: Step = Field(
        None,
        description="Rolls up to one row for each key and step. A step is a multiple of the tick: "
        "seconds, or 60s, 5m, 1h, 1d. Without it, every tick has rows of its own.",
    )


def _history_filters() -> dict[str, Any]:
    """A filter for every key column of any view, which says whose it is."""
    columns = {column.name: column for view in VIEWS.values() for column in view.key}
    owners = {
        name: ", ".join(view.name for view in VIEWS.values() if name in view.key_names)
        for name in columns
    }
    return {
        name: (
            Text,
            _filter(
                column,
                of=f" ({owners[name]})",
                has_example=name in VIEWS[EXAMPLE_VIEW].key_names,
            ),
        )
        for name, column in columns.items()
    }


HISTORY_FILTERS: Final = _history_filters()
AskedViewHistory: Final = create_model(
    "AskedViewHistory",
    __base__=AskedHistory,
    __doc__="A period, and filters by the key columns of whichever view it is of.",
    **HISTORY_FILTERS,
)


class AskedSatellites(AskedOfBranch):
    """Filters and page of the satellites of one tick."""

    segment: Text = Field(None, description=SEGMENT, examples=["sl-53"])
    region: Text = Field(
        None, description="Only satellites above this region.", examples=["europe"]
    )
    status: Literal["nominal", "safe", "failed"] | SkipJsonSchema[None] = Field(
        None, description="Only satellites in this state.", examples=["nominal"]
    )
    sunlit: Flag = Field(
        None,
        description="`true`: only satellites that see more than half of the Sun's disc; `false`: "
        "only the others.",
        examples=[True],
    )
    limit: int = Field(
        100,
        ge=1,
        le=TABLE_ROWS_MAX_COUNT,
        description=f"The most rows to answer with: {PAGE_EXPECTED}.",
        examples=[100],
        json_schema_extra={SAID: PAGE_EXPECTED},
    )
    after: int = Field(
        -1,
        ge=-1,
        lt=ASSET_ID_END,
        description="Only asset ids above this one, the last of the page before.",
        examples=[530_000_000],
    )


class AskedWhy(AskedOfBranch):
    """One figure."""

    view: ViewName = Field(description="The view that has the figure.")
    key: str = Field(
        max_length=600,
        description="The row: the values of the view's key columns in their order, separated by "
        "commas.",
        examples=["sl-53,orbit,downlink_bps"],
    )
    column: str = Field(
        max_length=100, description="The column that has the figure.", examples=["available_qty"]
    )
    label: str = Field(
        "public", max_length=200, description="The row's label.", examples=["public"]
    )


class AskedAssumptions(AskedOfBranch):
    """Which assumptions."""

    prefix: Text = Field(
        None, description="Only assumptions whose names begin with this.", examples=["class.v3."]
    )
    confidence: Confidence | SkipJsonSchema[None] = Field(
        None, description="Only assumptions of this confidence.", examples=["assumed"]
    )
    limit: int = Field(
        LIST_MAX_COUNT, ge=1, le=LIST_MAX_COUNT, description="The most rows to answer with."
    )
    after: Text = Field(None, description="Only names after this one, the last of the page before.")


class AskedAlerts(AskedOfBranch):
    """Which alerts."""

    open: Flag = Field(
        None,
        description="`true`: only open alerts; `false`: only cleared ones. Without it, both; of a "
        "scenario's branch those that are open.",
        examples=[True],
    )
    limit: int = Field(
        100, ge=1, le=LIST_MAX_COUNT, description="The most rows to answer with, newest first."
    )


class AskedDeadLetters(Asked):
    """How many dead letters."""

    limit: int = Field(
        100, ge=1, le=LIST_MAX_COUNT, description="The most rows to answer with, newest first."
    )


class AskedEvents(Asked):
    """Where to read on in the journal."""

    after: Cursor = Field(
        "0/0",
        description="Only events after this cursor, `record/ordinal`, which every line has. `0/0` "
        "is the beginning.",
    )
    kind: KindName = Field(None, description="Only events of this kind.")
    limit: int = Field(
        1_000, ge=1, le=EVENTS_MAX_COUNT, description="The most lines to answer with."
    )


class AskedStream(Asked):
    """What to stream."""

    view: list[ViewName] = Field(
        list(VIEWS),
        max_length=len(VIEWS),
        description="A view to put in each message; may be given several times. Without it, all "
        "views.",
        examples=[["capacity"]],
    )
    segment: Text = Field(
        None, description="Only rows of this segment; rows that have none stay.", examples=["sl-53"]
    )
