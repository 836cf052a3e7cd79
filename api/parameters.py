"""Types of parameters: from the text of a query to what the core works with.

Each says to OpenAPI what a client writes, and raises ``BadInput`` or ``NotFound`` naming its field.
"""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, WithJsonSchema

from streams.store.tables import LIVE
from twin.errors import BadInput, NotFound
from twin.events import KINDS
from twin.suggest import nearest
from twin.units import NS_PER_S, parse_instant
from twin.views import VIEWS

STEP_MAX_S: Final = 366 * 86_400
STEP_UNITS_S: Final = {"": 1, "s": 1, "m": 60, "h": 3_600, "d": 86_400}
_STEP: Final = re.compile(r"(\d{1,9})([smhd]?)")
_CURSOR: Final = re.compile(r"(\d{1,15})/(\d{1,9})")


def _instant(given: object, info: ValidationInfo) -> object:
    field = "from" if info.field_name == "from_" else info.field_name or "at"
    return parse_instant(given, field=field) if isinstance(given, str) else given


def _step_ns(given: object) -> object:
    if not isinstance(given, str):
        return given
    match = _STEP.fullmatch(given)
    seconds = int(match[1]) * STEP_UNITS_S[match[2]] if match else 0
    if not 1 <= seconds <= STEP_MAX_S:
        raise BadInput(
            f"step={given!r}",
            expected="seconds, or a number with s, m, h or d: 60, 5m, 1h; at most 366d",
            field="step",
        )
    return seconds * NS_PER_S


def parse_cursor(given: str) -> tuple[int, int]:
    """Record number and ordinal of an event."""
    match = _CURSOR.fullmatch(given)
    if match is None:
        raise BadInput(
            f"after={given!r}",
            expected="a cursor as each line has it, such as 12/3: record number / ordinal",
            field="after",
        )
    return int(match[1]), int(match[2])


def _checked_cursor(given: str) -> str:
    parse_cursor(given)
    return given


def _known_branch(given: str) -> str:
    if given != LIVE:
        raise NotFound(f"branch {given!r}", expected=nearest(given, [LIVE]))
    return given


def _known_view(given: str) -> str:
    if given not in VIEWS:
        raise BadInput(f"view={given!r}", expected=nearest(given, VIEWS), field="view")
    return given


def _known_kind(given: str) -> str:
    if given not in KINDS:
        raise BadInput(f"kind={given!r}", expected=nearest(given, KINDS), field="kind")
    return given


_TEXT: Final = {"type": "string", "maxLength": 200}
Text = Annotated[str | None, Field(max_length=200), WithJsonSchema(_TEXT)]
Instant = Annotated[
    int | None,
    BeforeValidator(_instant),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
Step = Annotated[
    int | None,
    BeforeValidator(_step_ns),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]{1,9}[smhd]?$"}),
]
Cursor = Annotated[
    str,
    AfterValidator(_checked_cursor),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]{1,15}/[0-9]{1,9}$"}),
]
Branch = Annotated[
    str,
    AfterValidator(_known_branch),
    WithJsonSchema({"type": "string", "enum": [LIVE], "default": LIVE}),
]
ViewName = Annotated[
    str, AfterValidator(_known_view), WithJsonSchema({"type": "string", "enum": list(VIEWS)})
]
KindName = Annotated[
    str | None,
    AfterValidator(lambda given: given if given is None else _known_kind(given)),
    WithJsonSchema({"type": "string", "enum": sorted(KINDS)}),
]
Flag = Annotated[bool | None, WithJsonSchema({"type": "boolean"})]
