"""What is answered about a figure: how it is reckoned, and everything behind it."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from api.meaning import BASES
from api.schemas.answers import Assumption, FrameReference, Head, Quantity, RecordReference, Source
from api.schemas.scenarios import DATE_TIME, Described, ScenarioBehind


class EventReference(Described):
    """A fact behind a figure, and where it stands in the journal."""

    cursor: str = Field(description="Record number / ordinal, as `/v1/events` has it.")
    id: str = Field(description="source/epoch/stream/sequence.")
    kind: str = Field(description="What kind of fact.")
    tick: str = Field(description="The tick it was folded in.", json_schema_extra=DATE_TIME)
    effective: str = Field(description="When it holds.", json_schema_extra=DATE_TIME)
    label: str = Field(description="Who may see it.")
    body: dict[str, Any] | None = Field(description="What it said.")


class ReckonedPart(Described):
    """One of the parts that a figure is reckoned from."""

    name: str = Field(
        description="The item of the books, the promise, the holding, or a term of the others."
    )
    formula: str = Field(description="How the value comes from the terms.")
    terms: dict[str, float | int | str | None] = Field(description="What goes into it, with units.")
    value: float | None = Field(
        description="What it comes to; off by a micro-dollar that is carried. Null for no number."
    )
    unit: str = Field(description="Its unit.")


class Reckoning(Described):
    """How a figure is reckoned, so that anybody can reckon it again."""

    formula: str = Field(description="What is made of the parts, and of other columns of the row.")
    terms: dict[str, float | int | str | None] = Field(
        description="What else is in the formula: other columns of the row, totals, assumptions."
    )
    parts: list[ReckonedPart] = Field(description="What it is made of.")


class Why(Head):
    """Where a figure comes from, down to the frames."""

    view: str = Field(description="The view.")
    key: dict[str, str] = Field(description="The row.")
    label: str = Field(description="The row's label.")
    column: str = Field(description="The column.")
    value: float | int | str | None = Field(description="The figure.")
    unit: str = Field(description="Its unit; empty for words.")
    unit_meaning: str = Field(description="The unit in full.")
    meaning: str = Field(description="What it means.")
    roll_up: str = Field(description="How it becomes one value over several ticks.")
    basis: str = Field(
        description="measured, derived or assumed.", json_schema_extra={"enum": list(BASES)}
    )
    basis_meaning: str = Field(description="What that means.")
    assumptions: list[Assumption] = Field(description="The assumptions that go into it.")
    record: RecordReference = Field(description="The record that holds what it was made from.")
    frames: list[FrameReference] = Field(description="The frames behind it.")
    quantities: list[Quantity] = Field(description="What those frames came to, in integers.")
    reckoning: Reckoning | None = Field(
        description="Of money and its fractions: formula and parts; null for any other figure."
    )
    events: list[EventReference] = Field(description="The facts behind it, newest first.")
    sources: list[Source] = Field(description="Who said it.")
    scenario: ScenarioBehind | None = Field(
        description="What in it comes from the scenario of a branch; null for live."
    )
