"""The six edits of a scenario, as the interface is described: their fields, an example of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

AT: Final = {
    "type": "string",
    "format": "date-time",
    "description": "From when on: the fork or later; the fork where it is left out.",
}
FOR: Final = {
    "type": "string",
    "description": "For how long, such as 90d, 12h, 30min or 45s (a y has 365.25 d); without it to "
    "the end.",
    "examples": ["12h"],
}
NOTICE: Final = {
    "type": "string",
    "description": "How long before it holds: of a contract or supplier only, written as `for` is.",
    "examples": ["90d"],
}


def _text(description: str) -> dict[str, Any]:
    return {"type": "string", "description": description}


def _number(description: str, most: float) -> dict[str, Any]:
    return {"type": "number", "minimum": 0, "maximum": most, "description": description}


def _object(description: str) -> dict[str, Any]:
    return {"type": "object", "description": description}


EXAMPLES: Final[Mapping[str, Mapping[str, Any]]] = {
    "drop": {"drop": "ContractSigned", "where": {"contract_id": "google-compute"}},
    "inject": {
        "inject": "PriceSet",
        "body": {
            "item": "grok.output",
            "value": 3,
            "unit": "usd_per_mtok",
            "as_of": "2029-01-01",
        },
    },
    "scale": {"scale": "starlink", "by": 2, "region": "europe", "for": "1h"},
    "fail": {"fail": "sl-53", "fraction": 0.1, "for": "2h", "cause": "debris"},
    "set": {"set": "launch.starship.internal-cost_usd", "to": 10000000},
    "stop": {"stop": "anthropic-compute", "notice": "90d"},
}
"""One of each that can be run in a world as it is shipped."""

_MEANINGS: Final = {
    "drop": "Events of a kind never happened, if they are told while it holds.",
    "inject": "An event of a kind happened.",
    "scale": "What a service is asked for is so many times as much.",
    "fail": "Assets of a segment do not work: give `fraction` or `asset_ids`.",
    "set": "A number is assumed to be another; what was agreed on it is agreed again.",
    "stop": "A vehicle is grounded, a service is asked for no longer, a contract ends (at the "
    "earliest that its terms allow), or a supplier leaves its promises: contracts and revenue go "
    "on without it.",
}

_FIELDS: Final[Mapping[str, Mapping[str, Mapping[str, Any]]]] = {
    "drop": {
        "drop": _text("A kind of event, such as LaunchFlown."),
        "where": _object("Values of fields that such an event must have; all events without it."),
        "for": FOR,
    },
    "inject": {
        "inject": _text("A kind of event that is given, decided or followed."),
        "body": _object("Its fields; a refusal lists those of the kind."),
        "label": {**_text("Who may see it."), "default": "public"},
    },
    "scale": {
        "scale": _text("A service, as in `GET /v1/workloads`."),
        "by": _number("How many times as much.", 1e6),
        "region": _text("A region; all of them without it."),
        "for": FOR,
    },
    "fail": {
        "fail": _text("A segment, as in `GET /v1/energy`."),
        "fraction": _number("Which share of its assets.", 1),
        "asset_ids": {
            "type": "array",
            "items": {"type": "integer"},
            "description": "These assets.",
        },
        "cause": {**_text("Why, in a word."), "default": "scenario"},
        "for": FOR,
    },
    "set": {
        "set": _text("An assumption, as in `GET /v1/assumptions`."),
        "to": {"type": ["number", "string"], "description": "What it is; text where it is a date."},
        "for": FOR,
    },
    "stop": {
        "stop": _text("A vehicle, contract, service or supplier."),
        "notice": NOTICE,
        "reason": {**_text("Why, in a word."), "default": "scenario"},
        "for": {**FOR, "description": f"{FOR['description']} Of a vehicle or service only."},
    },
}

_REQUIRED: Final[Mapping[str, tuple[str, ...]]] = {
    "inject": ("body",),
    "scale": ("by",),
    "set": ("to",),
}

EDITS_SCHEMA: Final[dict[str, Any]] = {
    "type": "array",
    "description": "What is otherwise from the fork on; may be empty.",
    "items": {
        "oneOf": [
            {
                "title": verb,
                "type": "object",
                "description": _MEANINGS[verb],
                "required": [verb, *_REQUIRED.get(verb, ())],
                "properties": {**fields, "at": AT},
                "additionalProperties": False,
                "examples": [EXAMPLES[verb]],
            }
            for verb, fields in _FIELDS.items()
        ]
    },
}
