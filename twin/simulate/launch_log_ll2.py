"""One launch of Launch Library 2 (thespacedevs.com), its fields flattened: flown, or to fly."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from twin.errors import BadInput
from twin.simulate.launch import ENTERPRISE, GOVERNMENT, NASA, SPACEX, Launch, Load, Outcome, slug
from twin.units import parse_instant

_OUTCOMES: Final[Mapping[str, Outcome]] = {
    "Success": "success",
    "Deployed": "success",
    "Partial Failure": "partial",
    "Failure": "failure",
}
_TO_FLY: Final = ("Go", "TBC", "TBD", "Hold", "In Flight")
_FIRM: Final = ("Go", "Hold", "In Flight")
_PADS: Final = (
    (re.compile(r"^Space Launch Complex (\w+)$"), r"slc-\1"),
    (re.compile(r"^Launch Complex (\w+) Starship Pad$"), r"lc-\1-starship"),
    (re.compile(r"^Launch Complex (\w+)$"), r"lc-\1"),
    (re.compile(r"^Orbital Launch Pad (\w+)$"), r"starbase-\1"),
)
_DRAGON: Final = re.compile(r"\b(?:Dragon|Crew-\d+|Cargo Dragon|Axiom|Ax-\d+|PAM-\d+|Vast-\d+)\b")
_BATCH: Final = re.compile(r"batch of (\d{1,3}) satellites")
_GROUP: Final = re.compile(r"Starlink Group (\d+)-")
_NASA_PROGRAMS: Final = (
    "International Space Station",
    "Commercial Crew Program",
    "Commercial Resupply Services",
    "Artemis",
)
# The inclination of each Starlink group, as GCAT has it; group 13 went to two.
_SEGMENT_OF_GROUP: Final = {
    **dict.fromkeys((1, 4, 7, 8, 9, 10, 11), "sl-53"),
    **dict.fromkeys((5, 6, 12), "sl-43"),
    **dict.fromkeys((2, 15), "sl-70"),
    **dict.fromkeys((3, 17), "sl-97"),
}


def ll2_launch(fields: Mapping[str, Any]) -> Launch:
    """The launch of an object; ``BadInput`` names the field that is wrong."""
    launch_id = _text(fields, "id")
    if not launch_id:
        raise BadInput("a launch without an id", expected="its id", field="id")
    status = _text(fields, "statusAbbrev")
    if status not in _OUTCOMES and status not in _TO_FLY:
        raise BadInput(
            f"statusAbbrev={status!r}",
            expected=f"one of {', '.join((*_OUTCOMES, *_TO_FLY))}",
            field="statusAbbrev",
        )
    net_ns = parse_instant(_text(fields, "net"), field="net")
    outcome = _OUTCOMES.get(status)
    return Launch(
        launch_id=launch_id,
        vehicle=_vehicle(fields),
        site=_site(fields),
        customer=_customer(fields),
        orbit=_text(fields, "orbitAbbrev"),
        net_ns=net_ns,
        loads=_loads(fields),
        is_net_firm=outcome is not None or status in _FIRM,
        liftoff_ns=None if outcome is None else net_ns,
        outcome=outcome,
    )


def _text(fields: Mapping[str, Any], key: str) -> str:
    value = fields.get(key)
    if value is not None and not isinstance(value, str):
        raise BadInput(f"{key}={value!r}", expected="text", field=key)
    return (value or "").strip()


def _vehicle(fields: Mapping[str, Any]) -> str:
    rocket = slug(_text(fields, "rocket"))
    if not rocket:
        raise BadInput("no rocket", expected="its name", field="rocket")
    if rocket.startswith("falcon-9"):
        return "dragon" if _DRAGON.search(_text(fields, "missionName")) else "falcon9"
    return "starship" if rocket.startswith("starship") else rocket


def _site(fields: Mapping[str, Any]) -> str:
    pad = _text(fields, "padName")
    for pattern, name in _PADS:
        if pattern.match(pad):
            return pattern.sub(name, pad).lower()
    location = _text(fields, "location").split(",")[0]
    return slug(location if pad in ("", "Unknown Pad") else pad)


def _customer(fields: Mapping[str, Any]) -> str:
    program, kind = _text(fields, "program"), _text(fields, "missionType")
    is_starship_test = program == "SpaceX Starship" or (
        kind == "Test Flight" and _vehicle(fields) == "starship"
    )
    if program == "Starlink" or is_starship_test:
        return SPACEX
    if kind.startswith("Government"):
        return GOVERNMENT
    agencies = fields.get("agencies")
    named = {str(a.get("abbrev")) for a in agencies or () if isinstance(a, dict)}
    return NASA if program in _NASA_PROGRAMS or "NASA" in named else ENTERPRISE


def _loads(fields: Mapping[str, Any]) -> tuple[Load, ...]:
    """Starlink satellites on board, where the text counts them and the group has one shell."""
    group = _GROUP.search(_text(fields, "missionName"))
    batch = _BATCH.search(_text(fields, "details"))
    segment = _SEGMENT_OF_GROUP.get(int(group[1])) if group else None
    if segment is None or batch is None or int(batch[1]) == 0:
        return ()
    return (Load(segment, int(batch[1])),)
