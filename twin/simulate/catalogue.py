"""A real catalogue of satellites, from TLE or OMM bytes: the good rows, and the bad by name."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sgp4.api import SatrecArray

from twin.arrays import FloatArray, IntArray, UInt32Array
from twin.baseline import Baseline
from twin.errors import BadInput
from twin.physics.constants import EARTH_EQUATORIAL_RADIUS_KM, EARTH_MU_KM3_PER_S2
from twin.physics.element_sets import ElementSet, from_omm, from_tle

Format = Literal["tle", "omm-json", "omm-csv"]

_INCLINATION: Final = ".inclination_deg"
_DIRECT_TO_CELL: Final = "sl-dtc"
_BROADBAND_BESIDE_IT: Final = ("sl-43", "sl-53")
_EXCERPT_LENGTH: Final = 80
_NAME_LENGTH_MAX: Final = 60
_DIGITS_MAX_COUNT: Final = 20
_OMM_LIST: Final = "a list of OMM, or an object with one such list"


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that did not load. ``line`` counts from 1; in JSON it is the place in the list."""

    line: int
    text: str
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Catalogue:
    """The n satellites that loaded, by ascending ``asset_id`` (their catalogue number), each once.

    Arrays have shape ``(n,)`` and follow that order, as do ``names`` and ``satrecs``.
    ``altitude_km`` is the semi-major axis of the mean motion less the equatorial radius;
    ``sha256`` is of the bytes that were read.
    """

    asset_id: UInt32Array
    names: tuple[str, ...]
    satrecs: SatrecArray
    inclination_deg: FloatArray
    altitude_km: FloatArray
    epoch_ns: IntArray
    sha256: str
    format: Format
    bad: tuple[BadRow, ...]

    def __len__(self) -> int:
        return self.asset_id.size


class _Row(NamedTuple):
    """What one row gave: its elements, or why not."""

    line: int
    text: str
    result: ElementSet | BadInput


def read_catalogue(data: bytes) -> Catalogue:
    """Read TLE (two or three lines, Alpha-5 too) or OMM (JSON or CSV), whichever it is.

    JSON is a list of OMM, or an object in which one list of OMM stands beside other things.

    Of several rows with one catalogue number the newest epoch is taken, the first of equals; the
    others are listed as bad. How old the elements are is not judged.
    Raises BadInput where the bytes are neither format, or no row at all is good.
    """
    text = data.decode("utf-8-sig", errors="replace")
    kind = _format_of(text)
    rows = list(_READERS[kind](text))
    bad = [_bad_row(row.line, row.text, str(row.result)) for row in _failed(rows)]
    chosen, passed_over = _newest_of_each(rows)
    bad += passed_over
    bad.sort(key=lambda row: row.line)
    if not chosen:
        rows_count = "1 bad row" if len(bad) == 1 else f"{len(bad)} bad rows"
        first = f", the first at line {bad[0].line}: {bad[0].reason}" if bad else ""
        raise BadInput(
            f"no satellite could be read; {rows_count}{first}",
            expected="at least one sound element set",
            field="catalogue",
        )
    return _catalogue(chosen, sha256=hashlib.sha256(data).hexdigest(), kind=kind, bad=tuple(bad))


def segment_of(
    baseline: Baseline, *, inclination_deg: FloatArray, altitude_km: FloatArray
) -> NDArray[np.str_]:
    """The Starlink segment each satellite flies in, shape ``(n,)``, by the ``catalogue.`` numbers.

    Direct-to-cell satellites are told by their altitude, all others by the nearest inclination. A
    broadband satellite still climbing, or on its way down, is taken for direct-to-cell meanwhile.
    """
    names = [
        name
        for name in baseline.assumptions
        if name.startswith("catalogue.") and name.endswith(_INCLINATION)
    ]
    segments = np.array([name.split(".")[1] for name in names])
    filed_deg = np.array([baseline.number(name) for name in names])
    segment = segments[np.abs(inclination_deg[:, np.newaxis] - filed_deg).argmin(axis=1)]
    below_km = baseline.number(f"catalogue.{_DIRECT_TO_CELL}.altitude_max_km")
    is_direct_to_cell = (altitude_km < below_km) & np.isin(segment, _BROADBAND_BESIDE_IT)
    return np.where(is_direct_to_cell, _DIRECT_TO_CELL, segment)


def _format_of(text: str) -> Format:
    start = text.lstrip()
    first_line = start.split("\n", 1)[0]
    if start[:1] in ("[", "{"):
        return "omm-json"
    if "NORAD_CAT_ID" in first_line:
        return "omm-csv"
    if start.startswith("1 ") or "\n1 " in start:
        return "tle"
    raise BadInput(
        f"a file that begins {first_line[:_EXCERPT_LENGTH].rstrip()!r}",
        expected="TLE lines, a JSON list of OMM, or OMM as CSV with a heading",
        remedy="download the elements again as TLE, JSON or CSV",
        field="catalogue",
    )


def _tle_rows(text: str) -> Iterator[_Row]:
    """Find the element sets among names, blanks and broken lines."""
    lines = [
        (number, line.rstrip())
        for number, line in enumerate(text.split("\n"), start=1)
        if line.strip() and not line.startswith("#")
    ]
    lines += [(0, ""), (0, "")]
    name, skip, is_sound = "", False, True
    for (number, line), second, (_, third) in zip(lines, lines[1:], lines[2:], strict=False):
        is_before_set = is_sound and _is_set(second[1], third)
        if skip:
            skip = False
        elif _is_set(line, second[1]):
            row = _tle_row(name, (number, line), second)
            yield row
            name, skip, is_sound = "", True, isinstance(row.result, ElementSet)
        elif _may_be_name(line, second[1], is_before_set=is_before_set):
            name = line.removeprefix("0 ").strip()
        else:
            yield _Row(number, line, BadInput(_why_alone(line)))
            name, is_sound = "", False


def _is_set(line: str, following: str) -> bool:
    return line.startswith("1 ") and following.startswith("2 ")


def _may_be_name(line: str, following: str, *, is_before_set: bool) -> bool:
    """A line before a line 1; what looks like half a set, only between sound and whole sets."""
    is_before_line_1 = following.startswith("1 ") and len(line) < _NAME_LENGTH_MAX
    return is_before_line_1 and (is_before_set or not line.startswith(("1 ", "2 ")))


def _tle_row(name: str, first: tuple[int, str], second: tuple[int, str]) -> _Row:
    try:
        return _Row(first[0], name or first[1], from_tle(name, first[1], second[1]))
    except BadInput as error:
        number, line = second if error.field == "line_2" else first
        return _Row(number, line, error)


def _why_alone(line: str) -> str:
    if line.startswith("1 "):
        return "line 1 without a line 2 after it"
    if line.startswith("2 "):
        return "line 2 without a line 1 before it"
    return "neither an element line nor a name before one"


def _json_rows(text: str) -> Iterator[_Row]:
    try:
        value = json.loads(text, parse_int=_whole)
    except (ValueError, RecursionError) as error:
        raise BadInput(
            f"JSON that cannot be read: {error}", expected=_OMM_LIST, field="catalogue"
        ) from error
    for number, message in enumerate(_listed(value), start=1):
        if isinstance(message, dict):
            yield _omm_row(number, message)
        else:
            # Not quoted: it may be of any depth.
            title = f"a {type(message).__name__}"
            yield _Row(number, title, BadInput("not an object", expected="an OMM"))


def _listed(value: object) -> list[Any]:
    """The messages of a file: a list, or the one list of objects that stands in an object."""
    if isinstance(value, list):
        return value
    lists = [
        one
        for one in (value.values() if isinstance(value, dict) else ())
        if isinstance(one, list) and any(isinstance(each, dict) for each in one)
    ]
    if len(lists) != 1:
        raise BadInput(
            f"JSON with {len(lists) or 'no'} lists of objects",
            expected=_OMM_LIST,
            remedy="put what is to fly into one list",
            field="catalogue",
        )
    return lists[0]


def _whole(digits: str) -> int | float:
    """A whole number; thousands of digits are infinite, instead of an end to the whole file."""
    return int(digits) if len(digits) <= _DIGITS_MAX_COUNT else float(digits)


def _csv_rows(text: str) -> Iterator[_Row]:
    """Line by line: a quote that is never closed costs its own row and no other."""
    lines = enumerate(text.split("\n"), start=1)
    filled = ((number, line.rstrip("\r")) for number, line in lines if line.strip())
    keys = _heading(next(filled)[1])
    for number, line in filled:
        try:
            fields = dict(zip(keys, _cells(line), strict=False))
        except csv.Error as error:
            yield _Row(number, line, BadInput(f"CSV that cannot be read: {error}"))
        else:
            yield _omm_row(number, fields)


def _heading(line: str) -> list[str]:
    try:
        return _cells(line)
    except csv.Error as error:
        raise BadInput(
            f"a heading that cannot be read: {error}",
            expected="the names of OMM fields between commas",
            field="catalogue",
        ) from error


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in next(csv.reader([line], strict=True))]


def _omm_row(number: int, fields: Mapping[str, object]) -> _Row:
    name = fields.get("OBJECT_NAME") or fields.get("NORAD_CAT_ID")
    title = str(name) if isinstance(name, str | int) else ""
    try:
        return _Row(number, title, from_omm(fields))
    except BadInput as error:
        return _Row(number, title, error)


_READERS: Final = {"tle": _tle_rows, "omm-json": _json_rows, "omm-csv": _csv_rows}


def _failed(rows: list[_Row]) -> Iterator[_Row]:
    return (row for row in rows if isinstance(row.result, BadInput))


def _newest_of_each(rows: list[_Row]) -> tuple[list[ElementSet], list[BadRow]]:
    """One element set per catalogue number, ascending, and the rows it was preferred to."""
    kept: dict[int, tuple[_Row, ElementSet]] = {}
    passed_over: list[tuple[_Row, int]] = []
    for row in rows:
        if isinstance(row.result, BadInput):
            continue
        number = row.result.catalogue_number
        if number not in kept:
            kept[number] = (row, row.result)
        elif row.result.epoch_ns > kept[number][1].epoch_ns:
            passed_over.append((kept[number][0], number))
            kept[number] = (row, row.result)
        else:
            passed_over.append((row, number))
    bad = [
        _bad_row(
            row.line,
            row.text,
            f"catalogue number {number} again: line {kept[number][0].line}"
            " has it with the same or a newer epoch",
        )
        for row, number in passed_over
    ]
    return [kept[number][1] for number in sorted(kept)], bad


def _bad_row(line: int, text: str, reason: str) -> BadRow:
    return BadRow(line=line, text=_printable(text[:_EXCERPT_LENGTH]), reason=_printable(reason))


def _printable(text: str) -> str:
    """The text as a terminal and a file can take it: no control character, no half of a pair."""
    return "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text
    )


def _catalogue(
    sets: list[ElementSet], *, sha256: str, kind: Format, bad: tuple[BadRow, ...]
) -> Catalogue:
    satrecs = [one.satrec for one in sets]
    motion_rad_per_s = np.array([satrec.no_kozai for satrec in satrecs]) / 60.0
    semi_major_axis_km = np.cbrt(EARTH_MU_KM3_PER_S2 / motion_rad_per_s**2)
    return Catalogue(
        asset_id=np.array([one.catalogue_number for one in sets], dtype=np.uint32),
        names=tuple(_printable(one.name[:_NAME_LENGTH_MAX]) for one in sets),
        satrecs=SatrecArray(satrecs),
        inclination_deg=np.degrees([satrec.inclo for satrec in satrecs]),
        altitude_km=semi_major_axis_km - EARTH_EQUATORIAL_RADIUS_KM,
        epoch_ns=np.array([one.epoch_ns for one in sets], dtype=np.int64),
        sha256=sha256,
        format=kind,
        bad=bad,
    )
