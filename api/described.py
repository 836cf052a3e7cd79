"""What a route says of itself, held against a request: its parameters, and the forms it answers in.

A route is described once, for OpenAPI; what is refused, and the words it is refused with, follow
from that description.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

from fastapi import Depends, Request
from fastapi.datastructures import DefaultPlaceholder

from twin.errors import BadInput

SHOWN_MAX_COUNT: Final = 200
"""Characters of what was given that are repeated in an answer."""

SAID: Final = "x-expected"
"""The member of a parameter's schema that says what is expected, where the rest cannot."""


class NotAcceptable(BadInput):
    """No form of the answer is one the client accepts."""


def one_of(names: Sequence[str]) -> str:
    """What is expected where only some names will do."""
    return names[0] if len(names) == 1 else f"one of {', '.join(names)}"


def shown(given: str) -> str:
    """The beginning of what was given, to be repeated in an answer."""
    return given[:SHOWN_MAX_COUNT]


async def refuse_repeated(request: Request) -> None:
    """``BadInput`` for a parameter given several times where one value is wanted."""
    counts = Counter(name for name, _ in request.query_params.multi_items())
    if counts.total() == len(counts):
        return
    known = _parameters(request)
    for name, count in counts.items():
        if count > 1 and known.get(name, {}).get("type", "array") != "array":
            raise BadInput(f"{count} values of {name}", expected="one", field=name)


async def form_of(request: Request) -> str:
    """The media type of the answer; asked of every route, also where there is no choice."""
    return accepted(", ".join(request.headers.getlist("accept")), _forms(request))


Form = Annotated[str, Depends(form_of)]
"""The media type of the answer: of those the route can make, the one the client likes best."""


def accepted(accept: str, forms: Sequence[str]) -> str:
    """The form of highest weight in an ``Accept`` header; ``NotAcceptable`` when there is none."""
    ranges = dict(_weighted(part) for part in (accept or "*/*").split(","))
    best, best_weight = "", 0.0
    for form in forms:
        kind = form.split("/", maxsplit=1)[0]
        weight = ranges.get(form, ranges.get(f"{kind}/*", ranges.get("*/*", 0.0)))
        if weight > best_weight:
            best, best_weight = form, weight
    if not best:
        raise NotAcceptable(f"Accept: {shown(accept)}", expected=one_of(forms), field="Accept")
    return best


def faults_of(request: Request, errors: Sequence[Mapping[str, Any]]) -> list[BadInput]:
    """One fault for each parameter that did not validate, in the words of its description."""
    known = _parameters(request)
    first: dict[str, Mapping[str, Any]] = {}
    for error in errors:
        first.setdefault(str(error["loc"][1]), error)
    return [
        BadInput(_given(name, error), expected=_expected(known.get(name, {})), field=name)
        for name, error in first.items()
    ]


def _given(name: str, error: Mapping[str, Any]) -> str:
    if error["type"] == "missing":
        return f"{name} is missing"
    given = error["input"]
    if isinstance(given, list):
        return f"{len(given)} values of {name}"
    return f"{name}={shown(str(given))!r}"


def _expected(schema: Mapping[str, Any]) -> str:
    """What a parameter must be, from its JSON schema."""
    if SAID in schema:
        return str(schema[SAID])
    if "enum" in schema:
        return one_of(schema["enum"])
    match schema.get("type"):
        case "boolean":
            return "true or false"
        case "integer":
            least = schema["minimum"]
            most = schema.get("maximum", schema.get("exclusiveMaximum", 0) - 1)
            return f"a whole number from {least} to {most}"
        case "array":
            return f"{schema['maxItems']} at most, each {_expected(schema['items'])}"
        case _:
            most = f" of at most {schema['maxLength']} characters" if "maxLength" in schema else ""
            return f"text{most}{_such_as(schema)}"


def _such_as(schema: Mapping[str, Any]) -> str:
    return f", such as {schema['examples'][0]}" if "examples" in schema else ""


def _parameters(request: Request) -> dict[str, dict[str, Any]]:
    """The schema of each parameter of the route that was asked; empty for one not described."""
    operations = request.app.openapi()["paths"].get(request.scope["route"].path, {})
    said = operations.get(request.method.lower(), {}).get("parameters", [])
    return {parameter["name"]: parameter["schema"] for parameter in said}


def _forms(request: Request) -> list[str]:
    """The media types of the route's good answer, the default first."""
    route = request.scope["route"]
    kind = route.response_class
    kind = kind.value if isinstance(kind, DefaultPlaceholder) else kind
    others = route.responses.get(200, {}).get("content", {})
    return list(dict.fromkeys([kind.media_type, *others]))


def _weighted(part: str) -> tuple[str, float]:
    kind, *parameters = (piece.strip().lower() for piece in part.split(";"))
    weight = next((piece[2:] for piece in parameters if piece.startswith("q=")), "1")
    try:
        return kind, float(weight)
    except ValueError:
        return kind, 0.0
