"""What answers about launches and work look like, for the OpenAPI description."""

from __future__ import annotations

from typing import Any, Final

from pydantic import Field, create_model

from api.launches import BOOSTER, LAUNCH, VEHICLE
from api.meaning import unit_of
from api.schemas.answers import Head
from api.schemas.scenarios import DATE_TIME, Described
from api.shapes import list_of, row_model

LAUNCH_ROWS: Final[Any] = list_of(row_model(LAUNCH))
BOOSTER_ROWS: Final[Any] = list_of(row_model(BOOSTER))
VEHICLE_ROWS: Final[Any] = list_of(row_model(VEHICLE))

LaunchPage = create_model(
    "LaunchPage",
    __base__=Head,
    __doc__="Launches by time, and what flies them.",
    matched_count=(int, Field(description="Launches that match, on all pages.")),
    next=(str | None, Field(description="The next page, of the same tick; null at the end.")),
    rows=(
        LAUNCH_ROWS,
        Field(description="Launches by the time they flew or are to fly."),
    ),
    boosters_count=(int, Field(description="Boosters that match, listed or not.")),
    boosters=(
        BOOSTER_ROWS,
        Field(description="Boosters, those that flew most first."),
    ),
    vehicles=(
        VEHICLE_ROWS,
        Field(description="Vehicles, by name."),
    ),
)

KINDS_OF_NEED: Final = ("commitment", "contract", "service", "workload")


def _said(name: str, meaning: str, **more: Any) -> Any:
    """A described field with the unit that its name ends in."""
    return Field(description=meaning, json_schema_extra={"unit": unit_of(name)} | more)


class PoolShare(Described):
    """What one pool gives."""

    segment: str = Field(description="The segment that gives it.")
    region: str | None = Field(description="Where it gives it; null where that does not matter.")
    label: str = Field(description="Who may see the pool.")
    granted_qty: int = _said("granted_qty", "What it gives.")


class Holder(Described):
    """What was served before, and holds what another may use, too."""

    need_id: str = Field(description="What the allocator knows it by.")
    priority: int = Field(description="0 is served first, 9 last.", ge=0, le=9)
    held_qty: int = _said("held_qty", "What it holds of pools that the other may use.")


class WorkloadRow(Described):
    """Something that wants a share of what the fleet can do."""

    need_id: str = Field(description="What the allocator knows it by.")
    kind: str = Field(
        description="service: what users ask for; workload: work submitted, such as a training run;"
        " commitment: what is promised; contract: what is sold.",
        json_schema_extra={"enum": list(KINDS_OF_NEED)},
    )
    name: str = Field(description="The service, workload, commitment or contract.")
    service: str = Field(description="The service it is a part of; empty for none.")
    label: str = Field(description="Who may see it.")
    resource: str = Field(description="What it wants; the last word is the unit of every `_qty`.")
    region: str | None = Field(description="Where it wants it; null where that does not matter.")
    priority: int = Field(description="0 is served first, 9 last.", ge=0, le=9)
    accreditation: str | None = Field(description="The level a site needs; null for none.")
    segments: list[str] = Field(description="Where it may be served.")
    asked_qty: int = _said(
        "asked_qty", "What is asked for: of a service also what its promises carry."
    )
    wanted_qty: int = _said("wanted_qty", "Of that, what it wants for itself.")
    granted_qty: int = _said("granted_qty", "What it is granted, of all pools.")
    used_qty: int = _said(
        "used_qty", "Put to use of what it, or a promise that carries it, was granted."
    )
    displaced_qty: int = _said("displaced_qty", "Wanted and not granted.")
    pools: list[PoolShare] = Field(description="The pools that grant it.")
    displaced_by: list[Holder] = Field(
        description="Where something is displaced: who was served before, those that hold most."
    )
    requests_count: int = _said("requests_count", "Requests of users in the tick.")
    input_tok: int = _said("input_tok", "Tokens to be read in the tick.")
    output_tok: int = _said("output_tok", "Tokens to be written in the tick.")
    work_flop: float | None = _said(
        "work_flop", "All of the work; null for what is no work, or has no end."
    )
    done_flop: float | None = _said("done_flop", "Of it done; null for what is no work.")
    done_fraction: float | None = _said(
        "done_fraction", "The same as a share; null where there is no end."
    )
    deadline: str | None = _said("deadline", "By when it is to be done.", **DATE_TIME)


class PlacementRow(Described):
    """Work came to run on a segment, or did no more; or became short, or whole again."""

    since: str = Field(description="The tick it changed in.", json_schema_extra=DATE_TIME)
    workload_id: str = Field(description="The work.")
    segment: str = Field(description="Where it runs, ran or might run.")
    label: str = Field(description="Who may see it.")
    accelerators_count: int = _said("accelerators_count", "What it has there from then on.")
    displaced_count: int = _said("displaced_count", "What it wants and has nowhere.")
    by_commitment_id: str | None = Field(
        description="The promise served before it that holds most of what it may use; null where "
        "nothing is displaced, or by no promise."
    )


class WorkloadPage(Head):
    """Services, work, promises and sales that want a share of the fleet."""

    rows: list[WorkloadRow] = Field(description="By priority, in the order they are served.")
    changes: list[PlacementRow] | None = Field(
        description="Where work came to run and was displaced up to then, newest first; a hundred "
        "at most. Null for a branch, which keeps none."
    )
