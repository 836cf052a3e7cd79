"""One row of GCAT's launch table: J. McDowell, planet4589.org/space/gcat, columns of ``launch``."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Any, Final

import numpy as np

from twin.baseline import Baseline, default_world, load
from twin.errors import BadInput
from twin.simulate.catalogue import segment_of
from twin.simulate.launch import ENTERPRISE, GOVERNMENT, NASA, SPACEX, Launch, Load, Outcome, slug
from twin.units import NS_PER_S

_JD_1970: Final = 2_440_587.5
_DAY_S: Final = 86_400
# Launch_JD has two decimals: the instant is good to half a hundredth of a day.
_ROUNDING_S: Final = 440

_SITES: Final = {"LC40": "slc-40", "SLC4E": "slc-4e", "LC39A": "lc-39a"}
_BOOSTER: Final = re.compile(r"/(B\d{4})(?:\.(\d+))?")
_COUNTED: Final = re.compile(r"(\d+)\s*(DTC|Ku)?\s*(?=[,)]|$)")

# Mass of one satellite on board: V2 Mini optimised (arXiv:2511.19468, Table 1); the direct-to-cell
# one follows from the stacks of 13 with 10 others, 18,230 kg.
_V2_MINI_KG: Final = 575.0
_DIRECT_TO_CELL_KG: Final = 960.0
_DIRECT_TO_CELL_COUNT: Final = 13


def gcat_launch(row: Mapping[str, Any]) -> Launch:
    """The launch of a row; ``BadInput`` names the column that is wrong."""
    launch_id, vehicle = _text(row, "Launch_Tag"), slug(_text(row, "LV_Type"))
    if not launch_id or not vehicle:
        raise BadInput("a row without Launch_Tag or LV_Type", expected="both", field="Launch_Tag")
    liftoff_ns = _liftoff_ns(row)
    booster = _BOOSTER.search(_text(row, "Flight_ID"))
    pad = _text(row, "Launch_Pad")
    return Launch(
        launch_id=launch_id,
        vehicle=_vehicle(row, vehicle),
        site=_SITES.get(pad, slug(pad or _text(row, "Launch_Site"))),
        customer=_customer(row),
        orbit=_text(row, "Simple_Orbit"),
        net_ns=liftoff_ns,
        payload_kg=_payload_kg(row),
        loads=_loads(row),
        booster_id=booster[1] if booster else "",
        # A serial without a flight number is a booster's first flight.
        flight_count=int(booster[2] or 1) if booster else 0,
        liftoff_ns=liftoff_ns,
        outcome=_outcome(_text(row, "LaunchCode")),
    )


def _text(row: Mapping[str, Any], column: str) -> str:
    value = row.get(column)
    return value.strip() if isinstance(value, str) and value.strip() != "-" else ""


def _number(row: Mapping[str, Any], column: str) -> float | None:
    text = _text(row, column)
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or abs(value) > 1e9:
        raise BadInput(f"{column}={text!r}", expected="a number", field=column)
    return value


def _liftoff_ns(row: Mapping[str, Any]) -> int:
    """The instant, to ±7 minutes; where rounding carried it past midnight, the end of its day."""
    julian_day = _number(row, "Launch_JD")
    try:
        day_s = (date.fromisoformat(_text(row, "Launch_Date")) - date(1970, 1, 1)).days * _DAY_S
    except ValueError:
        raise BadInput(
            f"Launch_Date={_text(row, 'Launch_Date')!r}",
            expected="a day such as 2025-11-28",
            field="Launch_Date",
        ) from None
    if julian_day is None:
        raise BadInput("no Launch_JD", expected="a Julian day", field="Launch_JD")
    instant_s = round((julian_day - _JD_1970) * _DAY_S)
    if not day_s - _ROUNDING_S <= instant_s < day_s + _DAY_S + _ROUNDING_S or day_s < 0:
        raise BadInput(
            f"Launch_JD={julian_day} on {_text(row, 'Launch_Date')}",
            expected="the same day in both, from 1970 on",
            field="Launch_JD",
        )
    return min(max(instant_s, day_s), day_s + _DAY_S - 1) * NS_PER_S


def _vehicle(row: Mapping[str, Any], rocket: str) -> str:
    names = {"falcon-9": "falcon9", "falcon-heavy": "falcon-heavy"}
    if rocket == "falcon-9" and "Dragon" in _text(row, "Flight") + _text(row, "Mission"):
        return "dragon"
    return "starship" if rocket.startswith("starship") else names.get(rocket, rocket)


def _customer(row: Mapping[str, Any]) -> str:
    """Who paid: in GCAT's groups CX stands for a licence with the US government as customer."""
    if _text(row, "General_Launch_Payload_Type") == "Starlink":
        return SPACEX
    if not _text(row, "Group").startswith("CX"):
        return ENTERPRISE
    is_military = _text(row, "General_Launch_Payload_Type") == "Military"
    return GOVERNMENT if is_military else NASA


def _outcome(code: str) -> Outcome:
    """From a launch code: OS, DS85 (a partial success), OF40 (a failure), OE (on the pad)."""
    match = re.fullmatch(r"[A-Z]([SFE])(\d*)", code)
    if match is None:
        raise BadInput(f"LaunchCode={code!r}", expected="OS, DS85, OF or OE", field="LaunchCode")
    if match[1] != "S":
        return "failure"
    return "partial" if match[2] and int(match[2]) < 100 else "success"


def _payload_kg(row: Mapping[str, Any]) -> float | None:
    value = _number(row, "Payload_Mass")
    if value is not None and not 0.0 <= value <= 1e6:
        raise BadInput(f"Payload_Mass={value}", expected="0 to 1,000,000 kg", field="Payload_Mass")
    return value


def _loads(row: Mapping[str, Any]) -> tuple[Load, ...]:
    """The group's satellites on board, by the segment of the orbit they were released to."""
    code, kind = _text(row, "FlightCode"), _text(row, "General_Launch_Payload_Type")
    is_starlink = kind == "Starlink" or code.startswith("V2M")
    if not is_starlink and not code.startswith("NRO PA"):
        return ()
    direct_to_cell, others = _counts(code, _payload_kg(row) or 0.0)
    if not is_starlink:
        return (Load("shield-nro", others),) if others else ()
    inclination_deg = _number(row, "Inc") or 0.0
    # Told by inclination alone: satellites are released far below the shell they climb to.
    found = segment_of(
        _numbers(), inclination_deg=np.array([inclination_deg]), altitude_km=np.array([1e3])
    )
    segment = str(found[0])
    loads = (Load(segment, others), Load("sl-dtc", direct_to_cell))
    return tuple(load for load in loads if load.satellites_count)


@cache
def _numbers() -> Baseline:
    """Where shells are told apart: alike in every world."""
    return load(default_world())


def _counts(code: str, payload_kg: float) -> tuple[int, int]:
    """Satellites for direct-to-cell and others: as counted in the code, else from their mass."""
    _, bracket, inside = code.partition("(")
    counts = _COUNTED.findall(inside)
    if bracket:
        direct_to_cell = sum(int(count) for count, kind in counts if kind == "DTC")
        return direct_to_cell, sum(int(count) for count, kind in counts if kind != "DTC")
    if not code.startswith("V2MO"):
        return 0, 0
    for direct_to_cell in (0, _DIRECT_TO_CELL_COUNT):
        count = (payload_kg - direct_to_cell * _DIRECT_TO_CELL_KG) / _V2_MINI_KG
        if count > 0.0 and count == round(count):
            return direct_to_cell, round(count)
    # One stack weighs a little more than its satellites.
    return 0, int(payload_kg // _V2_MINI_KG)
