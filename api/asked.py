"""What a client may ask: the parameters of each route.

Every model refuses a parameter it does not know, and says which name is nearest.
"""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.json_schema import SkipJsonSchema

from api.limits import EVENTS_MAX_COUNT, LIST_MAX_COUNT, TABLE_ROWS_MAX_COUNT
from api.parameters import Branch, Cursor, Flag, Instant, KindName, Step, Text, Until, ViewName
from streams.store.tables import LIVE
from twin.errors import BadInput
from twin.events import Confidence
from twin.suggest import nearest
from twin.views import VIEWS

ASSET_ID_END: Final = 2**32


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


class Asked(Nothing):
    """What every question about the twin may say."""

    branch: Branch = Field(LIVE, description="Whose past: `live`.")


class AskedAt(Asked):
    """A question about now, or about an instant of the past."""

    at: Instant = Field(
        None,
        description="The state after the last tick that ended at or before this instant of twin "
        "time (RFC 3339, UTC). Without it, the newest tick.",
    )


SEGMENT: Final = "Only this group of assets."


class AskedCapacity(AskedAt):
    """Filters of the capacity view."""

    segment: Text = Field(None, description=SEGMENT, examples=["sl-53"])
    region: Text = Field(None, description="Only above this theatre.", examples=["europe"])
    resource: Text = Field(None, description="Only this resource.", examples=["downlink_bps"])


class AskedEnergy(AskedAt):
    """Filters of the energy view."""

    segment: Text = Field(None, description=SEGMENT, examples=["sl-53"])
    site: Text = Field(None, description="Only this ground site, or `orbit`.", examples=["orbit"])


class AskedHealth(AskedAt):
    """Filters of the health view."""

    source: Text = Field(None, description="Only this source.", examples=["world-2029"])


class AskedHistory(Asked):
    """A period of a view, and which of its rows."""

    from_: Instant = Field(
        None,
        alias="from",
        description="Ticks that end after this instant; without it, an hour before `to`.",
    )
    to: Until = Field(
        None,
        description="Ticks that end at or before this instant; without it, the newest tick.",
    )
    step: Step = Field(
        None,
        description="Roll up to one row per key and step: seconds, or 60s, 5m, 1h, 1d. Without "
        "it, every tick.",
    )
    segment: Text = Field(None, description=SEGMENT, examples=["sl-53"])
    region: Text = Field(None, description="Only above this theatre (capacity).")
    resource: Text = Field(None, description="Only this resource (capacity).")
    site: Text = Field(None, description="Only this ground site, or `orbit` (energy).")
    source: Text = Field(None, description="Only this source (health).")


class AskedSatellites(AskedAt):
    """Filters and page of the satellites of one tick."""

    segment: Text = Field(None, description=SEGMENT, examples=["sl-53"])
    region: Text = Field(None, description="Only above this theatre.", examples=["europe"])
    status: Literal["nominal", "safe", "failed"] | SkipJsonSchema[None] = Field(
        None, description="Only satellites in this state.", examples=["nominal"]
    )
    sunlit: Flag = Field(
        None,
        description="Only satellites that see more than half of the Sun's disc, or only others.",
        examples=[True],
    )
    limit: int = Field(
        100,
        ge=1,
        le=TABLE_ROWS_MAX_COUNT,
        description="Rows at most: up to 1,000 as JSON, up to 50,000 as CSV, Arrow or Parquet.",
        examples=[100],
    )
    after: int = Field(
        -1,
        ge=-1,
        lt=ASSET_ID_END,
        description="Only asset ids above this one: where the page before ended.",
        examples=[530_000_000],
    )


class AskedWhy(AskedAt):
    """One figure."""

    view: ViewName = Field(description="The view it stands in.")
    key: str = Field(
        max_length=600,
        description="The row: values of the view's key columns in their order, with commas.",
        examples=["sl-53,orbit,downlink_bps"],
    )
    column: str = Field(max_length=100, description="The column.", examples=["available_qty"])
    label: str = Field(
        "public", max_length=200, description="The row's label.", examples=["public"]
    )


class AskedAssumptions(AskedAt):
    """Which assumptions."""

    prefix: Text = Field(None, description="Only names that begin so.", examples=["class.v3."])
    confidence: Confidence | SkipJsonSchema[None] = Field(
        None, description="Only numbers trusted so far.", examples=["assumed"]
    )
    limit: int = Field(LIST_MAX_COUNT, ge=1, le=LIST_MAX_COUNT, description="At most so many.")
    after: Text = Field(None, description="Only names after this one: where the page before ended.")


class AskedAlerts(AskedAt):
    """Which alerts."""

    open: Flag = Field(
        None,
        description="Only alerts that are open, or only cleared ones; both without it.",
        examples=[True],
    )
    limit: int = Field(100, ge=1, le=LIST_MAX_COUNT, description="At most so many, newest first.")


class AskedDeadLetters(Asked):
    """How many dead letters."""

    limit: int = Field(100, ge=1, le=LIST_MAX_COUNT, description="At most so many, newest first.")


class AskedEvents(Asked):
    """Where to read on in the journal."""

    after: Cursor = Field(
        "0/0",
        description="Only events after this cursor, which is in every line: record number / "
        "ordinal. `0/0` is the beginning.",
    )
    kind: KindName = Field(None, description="Only events of this kind.")
    limit: int = Field(1_000, ge=1, le=EVENTS_MAX_COUNT, description="Lines at most.")


class AskedStream(Asked):
    """What to stream."""

    view: list[ViewName] = Field(
        list(VIEWS),
        max_length=len(VIEWS),
        description="The views in each message; may be given several times. All without it.",
        examples=[["capacity"]],
    )
    segment: Text = Field(
        None, description="Only rows of this segment; rows that have none stay.", examples=["sl-53"]
    )
