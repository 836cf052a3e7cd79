"""What a client may ask of launches and work."""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from api.asked import PAGE_EXPECTED, AskedOfBranch
from api.described import SAID
from api.limits import TABLE_ROWS_MAX_COUNT
from api.parameters import Text


class AskedLaunches(AskedOfBranch):
    """Filters and page of the launches."""

    status: Literal["scheduled", "flown"] | SkipJsonSchema[None] = Field(
        None, description="Only launches that are to fly, or that flew.", examples=["scheduled"]
    )
    outcome: Literal["success", "partial", "failure"] | SkipJsonSchema[None] = Field(
        None, description="Only launches that flew and came out so."
    )
    vehicle: Text = Field(
        None,
        description="Only launches of this vehicle, its boosters and itself.",
        examples=["falcon9"],
    )
    customer: Text = Field(
        None, description="Only launches for this customer.", examples=["spacex"]
    )
    limit: int = Field(
        100,
        ge=1,
        le=TABLE_ROWS_MAX_COUNT,
        description=f"The most launches to answer with: {PAGE_EXPECTED}.",
        examples=[100],
        json_schema_extra={SAID: PAGE_EXPECTED},
    )
    after: int = Field(
        0,
        ge=0,
        le=1_000_000,
        description="How many launches come before the page, in the order of the answer.",
        examples=[0],
    )


class AskedWorkloads(AskedOfBranch):
    """Which work."""

    service: Text = Field(
        None, description="Only what is a part of this service.", examples=["grok"]
    )
