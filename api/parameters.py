"""Types of parameters: from the text of a query to what the core works with.

Each says to OpenAPI what a client writes, and raises ``BadInput`` or ``NotFound`` naming its field.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, WithJsonSchema
from pydantic.json_schema import SkipJsonSchema

from api.described import shown
from api.problems import Unknown
from streams.store.tables import LIVE
from twin.errors import BadInput
from twin.events import KINDS
from twin.suggest import nearest
from twin.units import NS_PER_S, parse_instant
from twin.views import VIEWS
from twin.whatif.shipped import shipped_names

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
            f"step={shown(given)!r}",
            expected="seconds, or a number followed by s, m, h or d, such as 60, 5m or 1h; "
            "366d at most",
            field="step",
        )
    return seconds * NS_PER_S


def parse_cursor(given: str) -> tuple[int, int]:
    """Record number and ordinal of an event."""
    match = _CURSOR.fullmatch(given)
    if match is None:
        raise BadInput(
            f"after={shown(given)!r}",
            expected="the cursor of a line, such as 12/3: its record and its place in it",
            field="after",
        )
    return int(match[1]), int(match[2])


def _checked_cursor(given: str) -> str:
    parse_cursor(given)
    return given


def _known_branch(given: str) -> str:
    if given != LIVE:
        raise Unknown(
            f"branch={shown(given)!r} of what is told of {LIVE} alone",
            expected=f"{LIVE!r}",
            remedy="/v1/scenarios/{branch} names the events that did not happen, and every figure "
            "that is otherwise",
            field="branch",
        )
    return given


def _known_view(given: str) -> str:
    if given not in VIEWS:
        raise BadInput(f"view={shown(given)!r}", expected=nearest(given, VIEWS), field="view")
    return given


def _known_kind(given: str) -> str:
    if given not in KINDS:
        raise BadInput(f"kind={shown(given)!r}", expected=nearest(given, KINDS), field="kind")
    return given


def _said(**words: Any) -> WithJsonSchema:
    """How a client writes a parameter that is parsed to something else."""
    return WithJsonSchema({"type": "string", **words})


# Absent is not null: nobody writes null in a query, so descriptions do not offer it.
Text = Annotated[str | SkipJsonSchema[None], Field(max_length=200)]
Flag = bool | SkipJsonSchema[None]
Instant = Annotated[
    int | None,
    BeforeValidator(_instant),
    _said(format="date-time", examples=["2029-01-01T00:01:00Z"]),
]
Until = Annotated[
    int | None,
    BeforeValidator(_instant),
    _said(format="date-time", examples=["2029-01-01T00:20:00Z"]),
]
Step = Annotated[
    int | None,
    BeforeValidator(_step_ns),
    _said(pattern="^[0-9]{1,9}[smhd]?$", examples=["5m"]),
]
Cursor = Annotated[
    str,
    AfterValidator(_checked_cursor),
    _said(pattern="^[0-9]{1,15}/[0-9]{1,9}$", default="0/0", examples=["12/3"]),
]
AnyBranch = Annotated[
    str,
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "enum": [LIVE, *shipped_names()]},
                {"type": "string", "pattern": "^[0-9a-f]{16}$"},
            ],
            "default": LIVE,
            "examples": [LIVE],
        }
    ),
]
Branch = Annotated[
    str,
    AfterValidator(_known_branch),
    _said(enum=[LIVE], default=LIVE, examples=[LIVE]),
]
ViewName = Annotated[
    str, AfterValidator(_known_view), _said(enum=list(VIEWS), examples=["capacity"])
]
KindName = Annotated[
    str | None,
    AfterValidator(lambda given: given if given is None else _known_kind(given)),
    _said(enum=sorted(KINDS), examples=["AssumptionSet"]),
]
