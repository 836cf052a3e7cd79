"""What answers about scenarios look like, and what all answers have in common."""

from __future__ import annotations

from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, JsonValue

DATE_TIME: Final[dict[str, Any]] = {"format": "date-time"}


class Described(BaseModel):
    """Nothing beside what is described."""

    model_config = ConfigDict(extra="forbid")


class WithdrawnEvent(Described):
    """An event of the journal that did not happen in the branch."""

    event: str = Field(description="Its name: source/epoch/stream/sequence.")
    kind: str = Field(description="What kind of fact.")
    tick: str = Field(description="The tick it is folded in in live.", json_schema_extra=DATE_TIME)
    reason: str = Field(description="Why it did not happen.")


class GroundedLaunch(Described):
    """A launch that is still to come, and may not fly at its date in the branch."""

    launch: str = Field(description="The launch.")
    vehicle: str = Field(description="What it would fly on.")
    net: str = Field(description="Its date.", json_schema_extra=DATE_TIME)
    customer: str = Field(description="Who ordered it.")
    segment: str | None = Field(description="The fleet its satellites would join, if any.")
    satellites_count: int = Field(description="Satellites of the fleet on board.")
    price_usd: float = Field(description="What its customer would pay.")
    reason: str = Field(description="Why it may not fly.")


class WithdrawnBehind(WithdrawnEvent):
    """The same, and whether it is behind the figure."""

    is_about: bool = Field(description="Whether it is about the row that is explained.")


class InjectedBehind(Described):
    """An event that the scenario put in."""

    event: str = Field(description="Its name: scenario/epoch/stream/sequence.")
    kind: str = Field(description="What kind of fact.")
    effective: str = Field(description="When it holds.", json_schema_extra=DATE_TIME)
    label: str = Field(description="Who may see it.")
    body: dict[str, JsonValue] = Field(description="What it says.")
    is_about: bool = Field(description="Whether it is about the row that is explained.")


class ScenarioBehind(Described):
    """What in a figure of a branch comes from its scenario."""

    branch: str = Field(description="The branch.")
    name: str = Field(description="What the scenario is called.")
    fork: str = Field(description="Up to here it is live's past.", json_schema_extra=DATE_TIME)
    first_divergence: str | None = Field(
        description="The first tick whose state is another; null while there is none.",
        json_schema_extra=DATE_TIME,
    )
    live_value: float | int | str | None = Field(
        description="The same figure in live; null where live has no such row."
    )
    edits: list[dict[str, JsonValue]] = Field(description="The edits, each with its verb.")
    injected: list[InjectedBehind] = Field(description="Events it put in so far, newest first.")
    withdrawn: list[WithdrawnBehind] = Field(
        description="Events that did not happen so far, newest first."
    )


class DeltaFound(Described):
    """A figure that is otherwise in the branch."""

    view: str = Field(description="The view.")
    key: str = Field(description="The row: its key columns, separated by commas.")
    column: str = Field(description="The column.")
    baseline: int | float | str | None = Field(description="The figure as it was.")
    branch: int | float | str | None = Field(description="The figure in the branch.")
    change: int | float | None = Field(
        description="Branch less baseline; null for words, and where one side has none."
    )


class Projection(Described):
    """What will be otherwise once all of a scenario has taken effect."""

    until: str = Field(description="The tick it is for.", json_schema_extra=DATE_TIME)
    assumes: str = Field(description="What it takes for granted.")
    deltas: list[DeltaFound] = Field(description="Every figure that is otherwise by then.")


class ScenarioResult(Described):
    """Both futures side by side, at the last tick both were run to."""

    branch: str = Field(description="What the branch is asked for with, as `?branch=`.")
    name: str = Field(description="What the scenario is called.")
    fork: str = Field(description="Up to here both are live's past.", json_schema_extra=DATE_TIME)
    until: str = Field(description="The tick both were run to.", json_schema_extra=DATE_TIME)
    ticks: int = Field(description="Ticks from the fork to there.")
    baseline_hash: str = Field(description="The state hash of the baseline, which is live's.")
    branch_hash: str = Field(description="The state hash of the branch.")
    first_divergence: str | None = Field(
        description="The first tick whose state is another; null when there is none.",
        json_schema_extra=DATE_TIME,
    )
    withdrawn: list[WithdrawnEvent] = Field(description="Events that did not happen, and why.")
    grounded: list[GroundedLaunch] = Field(
        description="Launches on the manifest that may not fly at their date, by date: what they "
        "would bring is in no figure yet."
    )
    deltas: list[DeltaFound] = Field(description="Every figure that is otherwise at the end.")
    notes: list[str] = Field(description="What it takes to read them right.")
    projection: Projection | None = Field(
        description="What is otherwise later, where edits only take effect after the last tick, as "
        "notice that was given; null where all have."
    )
    links: dict[str, str] = Field(description="Where to ask on, at that tick of the branch.")


class ScenarioRow(Described):
    """A scenario that is at hand."""

    branch: str = Field(description="What its branch is asked for with.")
    name: str = Field(description="What it is called.")
    description: str = Field(description="What it is about.")
    is_shipped: bool = Field(description="Whether it comes with the twin.")
    text: str = Field(description="The scenario as it was written.")
    href: str = Field(description="What it comes to.")


class ScenarioList(Described):
    """The scenarios that are shipped, and those posted that are still at hand."""

    rows: list[ScenarioRow] = Field(description="The scenarios, the last posted at the end.")
