"""One published set of orbital elements, as two TLE lines or as OMM fields, made ready for SGP4.

Judged strictly, because SGP4's own reader takes a broken number for zero and says nothing.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from sgp4 import omm
from sgp4.alpha5 import from_alpha5
from sgp4.api import SGP4_ERRORS, Satrec

from twin.errors import BadInput
from twin.physics.earth import DAY_NS

FIRST_YEAR, LAST_YEAR = 1957, 2056
"""Epochs that two digits of a year can name, and that nanoseconds in 64 bits can hold."""
# Nine digits, as catalogues foresee; ground assets are numbered above.
LARGEST_CATALOGUE_NUMBER: Final = 999_999_999
_LARGEST_SATREC_NUMBER: Final = 339_999

# What turns slower is beyond the Earth's sphere of influence, some 924,000 km.
_SLOWEST_PER_DAY: Final = 0.01

_TLE_LENGTH: Final = 69
_CHECKSUM_VALUES: Final = bytes(
    code - 48 if 48 <= code <= 57 else int(code == ord("-")) for code in range(256)
)
# Of whole columns: blanks may stand before a number, never within or after it.
_NUMBER: Final = re.compile(r" *[+-]?[0-9]*\.?[0-9]+")
_POWER: Final = re.compile(r" *[+-]?[0-9]{1,5}[+-][0-9]")
_COUNT: Final = re.compile(r"[0-9]+")
_CATALOGUE: Final = re.compile(r" *[0-9]{1,5}|[A-HJ-NP-Z][0-9]{4}")
_DAY: Final = re.compile(r" *[0-9]{1,3}\.[0-9]{8}")
_LINE_1_FIELDS: Final = (
    ("catalogue number", 2, 7, _CATALOGUE),
    ("epoch year", 18, 20, _COUNT),
    ("epoch day", 20, 32, _DAY),
    ("first derivative of mean motion", 33, 43, _NUMBER),
    ("second derivative of mean motion", 44, 52, _POWER),
    ("drag term", 53, 61, _POWER),
)
_LINE_2_FIELDS: Final = (
    ("catalogue number", 2, 7, _CATALOGUE),
    ("inclination", 8, 16, _NUMBER),
    ("right ascension of the node", 17, 25, _NUMBER),
    ("eccentricity", 26, 33, _COUNT),
    ("argument of perigee", 34, 42, _NUMBER),
    ("mean anomaly", 43, 51, _NUMBER),
    ("mean motion", 52, 63, _NUMBER),
)
_EPOCH: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,9}))?(?:Z|\+00:00)?"
)
_OMM_NUMBERS: Final = (
    "NORAD_CAT_ID",
    "MEAN_MOTION",
    "ECCENTRICITY",
    "INCLINATION",
    "RA_OF_ASC_NODE",
    "ARG_OF_PERICENTER",
    "MEAN_ANOMALY",
    "BSTAR",
    "MEAN_MOTION_DOT",
    "MEAN_MOTION_DDOT",
)
# What a message may leave out without changing the orbit, and the only values SGP4 can work with.
_OMM_BESIDE_THE_ORBIT: Final = {
    "CLASSIFICATION_TYPE": "U",
    "OBJECT_ID": "",
    "EPHEMERIS_TYPE": 0,
    "ELEMENT_SET_NO": 999,
    "REV_AT_EPOCH": 0,
}
_OMM_ONLY: Final = {
    "EPHEMERIS_TYPE": "0",
    "TIME_SYSTEM": "UTC",
    "REF_FRAME": "TEME",
    "MEAN_ELEMENT_THEORY": "SGP4",
}


@dataclass(frozen=True, slots=True)
class ElementSet:
    """One satellite's elements, as SGP4 takes them."""

    catalogue_number: int
    name: str
    epoch_ns: int
    satrec: Satrec


def from_tle(name: str, line_1: str, line_2: str) -> ElementSet:
    """Read two lines of 69 characters; an empty name becomes the catalogue number.

    Raises BadInput, whose ``field`` is ``line_1`` or ``line_2``, for a line that is cut, garbled or
    of another satellite, and for an orbit that SGP4 cannot begin.
    """
    _judge_tle_line(line_1, field="line_1", fields=_LINE_1_FIELDS)
    _judge_tle_line(line_2, field="line_2", fields=_LINE_2_FIELDS)
    if line_1[2:7] != line_2[2:7]:
        raise BadInput(
            f"line 2 is of {line_2[2:7]!r}",
            expected=f"{line_1[2:7]!r} as in line 1",
            field="line_2",
        )
    if line_1[62] not in " 0":
        raise BadInput(
            f"ephemeris type {line_1[62]}", expected="0, elements for SGP4", field="line_1"
        )
    _judge_orbit(inclination_deg=float(line_2[8:16]), mean_motion=float(line_2[52:63]))
    satrec = Satrec.twoline2rv(line_1, line_2)
    _judge_at_epoch(satrec)
    number = from_alpha5(line_1[2:7].strip())
    return ElementSet(
        catalogue_number=number,
        name=name or str(number),
        epoch_ns=_tle_epoch_ns(line_1[18:20], line_1[20:32]),
        satrec=satrec,
    )


def from_omm(fields: Mapping[str, object]) -> ElementSet:
    """Read one orbit mean-elements message: keys as CCSDS 502.0 names them, numbers or text.

    Catalogue numbers beyond what SGP4's record holds (339,999) are kept here and are 0 there.
    Raises BadInput, whose ``field`` is the key, for a missing or unreadable value, for elements
    that are not of SGP4, and for an orbit that it cannot begin.
    """
    numbers = {key: _omm_number(fields, key) for key in _OMM_NUMBERS}
    number = _catalogue_number(numbers["NORAD_CAT_ID"])
    if not 0.0 <= numbers["ECCENTRICITY"] < 1.0:
        raise BadInput(
            f"eccentricity is {numbers['ECCENTRICITY']:g}",
            expected="from 0 up to but not 1",
            field="ECCENTRICITY",
        )
    _judge_orbit(inclination_deg=numbers["INCLINATION"], mean_motion=numbers["MEAN_MOTION"])
    _judge_omm_theory(fields)
    epoch_text, epoch_ns = _omm_epoch(fields.get("EPOCH"))
    satrec = Satrec()
    omm.initialize(
        satrec,
        _OMM_BESIDE_THE_ORBIT
        | numbers
        | {
            "EPOCH": epoch_text,
            "NORAD_CAT_ID": number if number <= _LARGEST_SATREC_NUMBER else 0,
        },
    )
    _judge_at_epoch(satrec)
    return ElementSet(
        catalogue_number=number,
        name=_shown(fields.get("OBJECT_NAME") or number).strip(),
        epoch_ns=epoch_ns,
        satrec=satrec,
    )


def _judge_tle_line(
    line: str, *, field: str, fields: tuple[tuple[str, int, int, re.Pattern[str]], ...]
) -> None:
    """Length, alphabet, checksum, then each number; the first fault found is the one named."""
    if not (line.isascii() and line.isprintable()):
        raise BadInput(
            "characters that no element line has", expected="printable ASCII", field=field
        )
    if len(line) != _TLE_LENGTH:
        raise BadInput(f"{len(line)} characters", expected=f"{_TLE_LENGTH}", field=field)
    checksum = sum(line[:-1].encode().translate(_CHECKSUM_VALUES)) % 10
    if line[-1] != str(checksum):
        raise BadInput(f"checksum {line[-1]!r}", expected=f"'{checksum}'", field=field)
    for title, start, stop, pattern in fields:
        if not pattern.fullmatch(line[start:stop]):
            raise BadInput(f"{title} {line[start:stop]!r}", expected="a number", field=field)


def _judge_orbit(*, inclination_deg: float, mean_motion: float) -> None:
    if not 0.0 <= inclination_deg <= 180.0:
        raise BadInput(f"inclination is {inclination_deg:g} degrees", expected="0 to 180")
    if not mean_motion >= _SLOWEST_PER_DAY:
        raise BadInput(
            f"mean motion is {mean_motion:g} turns a day", expected=f"{_SLOWEST_PER_DAY} or more"
        )


def _judge_at_epoch(satrec: Satrec) -> None:
    """Ask SGP4 for the one instant at which the elements must be good."""
    code, position_km, _ = satrec.sgp4(satrec.jdsatepoch, satrec.jdsatepochF)
    if code:
        raise BadInput(f"SGP4 error {code} at its epoch: {SGP4_ERRORS[code]}")
    if not all(map(math.isfinite, position_km)):
        raise BadInput("an orbit that SGP4 cannot place at its epoch", expected="finite elements")


def _judge_omm_theory(fields: Mapping[str, object]) -> None:
    """Elements of another theory would load, and lie; a key that is absent means SGP4's."""
    for key, expected in _OMM_ONLY.items():
        given = fields.get(key)
        if given not in (None, "") and _shown(given).strip() != expected:
            raise BadInput(f"{key} is {_shown(given)}", expected=expected, field=key)


def _catalogue_number(value: float) -> int:
    if not (value.is_integer() and 1 <= value <= LARGEST_CATALOGUE_NUMBER):
        raise BadInput(
            f"catalogue number is {value:g}",
            expected=f"a whole number from 1 to {LARGEST_CATALOGUE_NUMBER}",
            field="NORAD_CAT_ID",
        )
    return int(value)


def _omm_number(fields: Mapping[str, object], key: str) -> float:
    value = fields.get(key)
    if value is None or value == "":
        raise BadInput(f"{key} is missing", expected="a number", field=key)
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        try:
            number = float(value)
        except (ValueError, OverflowError):
            number = math.nan
        if math.isfinite(number):
            return number
    raise BadInput(f"{key} is {_shown(value)!r}", expected="a finite number", field=key)


def _shown(value: object) -> str:
    """A value in a sentence; of a list or an object, of whatever depth, only what it is."""
    is_plain = value is None or isinstance(value, str | int | float)
    return str(value)[:40] if is_plain else f"a {type(value).__name__}"


def _omm_epoch(value: object) -> tuple[str, int]:
    """The epoch as the library wants it (microseconds, no zone), and in exact nanoseconds."""
    found = _EPOCH.fullmatch(value.strip()) if isinstance(value, str) else None
    try:
        second = datetime.fromisoformat(found[1] if found else "").replace(tzinfo=UTC)
    except ValueError:
        raise BadInput(
            f"EPOCH is {_shown(value)}",
            expected="UTC like 2026-10-01T22:11:24.452448",
            field="EPOCH",
        ) from None
    assert found, "an empty text is no instant"
    if not FIRST_YEAR <= second.year <= LAST_YEAR:
        raise BadInput(
            f"EPOCH is in {second.year}", expected=f"{FIRST_YEAR} to {LAST_YEAR}", field="EPOCH"
        )
    fraction = (found[2] or "").ljust(9, "0")
    since_1970 = second - datetime(1970, 1, 1, tzinfo=UTC)
    whole_s = since_1970.days * 86400 + since_1970.seconds
    return f"{found[1]}.{fraction[:6]}", whole_s * 1_000_000_000 + int(fraction)


def _tle_epoch_ns(year_text: str, day_text: str) -> int:
    """Two-digit year and day of the year to nanoseconds, in integers: nothing is rounded."""
    year = _full_year(year_text)
    day, fraction = day_text.strip().split(".")
    if not 1 <= int(day) <= 366:
        raise BadInput(f"epoch day {day}", expected="1 to 366", field="line_1")
    first_day = (datetime(year, 1, 1, tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)).days
    # Eight decimals of a day are multiples of 864 microseconds.
    return (first_day + int(day) - 1) * DAY_NS + int(fraction) * (DAY_NS // 10**8)


def _full_year(two_digits: str) -> int:
    """1957 to 2056, as the format has it."""
    century = 2000 if int(two_digits) <= LAST_YEAR % 100 else 1900
    return century + int(two_digits)
