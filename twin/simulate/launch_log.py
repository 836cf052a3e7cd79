"""Real launches, from GCAT's Falcon 9 table (CSV) or Launch Library 2 (JSON): the good rows, and
the bad by name."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from twin.errors import BadInput
from twin.simulate.catalogue import BadRow
from twin.simulate.launch import Launch
from twin.simulate.launch_log_gcat import gcat_launch
from twin.simulate.launch_log_ll2 import ll2_launch
from twin.units import NS_PER_S
from twin.vehicles import VEHICLES

_EXCERPT_LENGTH: Final = 80
_RECENT_NS: Final = 30 * 86_400 * NS_PER_S
_HOUR_NS: Final = 3_600 * NS_PER_S
_GCAT_COLUMNS: Final = frozenset(("Launch_Tag", "Launch_JD", "LV_Type", "LaunchCode"))


@dataclass(frozen=True, slots=True)
class LaunchLog:
    """The launches that loaded, by instant, and the rows that did not.

    ``launches`` are those of the group's own vehicles; ``others`` those of other companies, which
    a list of a whole country holds too. ``sha256`` is of the bytes that were read.
    """

    launches: tuple[Launch, ...]
    others: tuple[Launch, ...]
    bad: tuple[BadRow, ...]
    sha256: str

    @property
    def opening_ns(self) -> int:
        """Where a world that is to fly this log does best to start.

        The full hour before the first launch of the month that ends with the last one flown, or
        before the first of all where none has flown.
        """
        flown = [launch.net_ns for launch in self.launches if launch.outcome is not None]
        instants = [at for at in flown if at >= flown[-1] - _RECENT_NS] if flown else []
        return (instants or [self.launches[0].net_ns])[0] // _HOUR_NS * _HOUR_NS


def read_launch_log(data: bytes) -> LaunchLog:
    """Read GCAT's CSV, or Launch Library 2's JSON (a list, or an object with ``launches``).

    A launch id that comes again is listed as bad. Raises BadInput where the bytes are neither, or
    no launch of the group is among them.
    """
    text = data.decode("utf-8-sig", errors="replace")
    rows = _json_rows(text) if text.lstrip()[:1] in ("[", "{") else _csv_rows(text)
    launches: dict[str, Launch] = {}
    bad: list[BadRow] = []
    for line, title, result in rows:
        if isinstance(result, BadInput):
            bad.append(BadRow(line, title[:_EXCERPT_LENGTH], str(result)))
        elif result.launch_id in launches:
            reason = f"launch {result.launch_id} again: an earlier row has it"
            bad.append(BadRow(line, title[:_EXCERPT_LENGTH], reason))
        else:
            launches[result.launch_id] = result
    ordered = sorted(launches.values(), key=lambda launch: (launch.net_ns, launch.launch_id))
    ours = tuple(launch for launch in ordered if launch.vehicle in VEHICLES)
    if not ours:
        first = f", the first at line {bad[0].line}: {bad[0].reason}" if bad else ""
        raise BadInput(
            f"no launch of the group could be read; {len(bad)} bad rows{first}",
            expected=f"at least one launch of {', '.join(VEHICLES)}",
            field="launches",
        )
    others = tuple(launch for launch in ordered if launch.vehicle not in VEHICLES)
    return LaunchLog(ours, others, tuple(bad), hashlib.sha256(data).hexdigest())


Row = tuple[int, str, Launch | BadInput]
"""Line, title, and what it gave: a launch, or why not."""


def _json_rows(text: str) -> Iterator[Row]:
    try:
        told = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadInput(
            f"JSON that cannot be read: {error}", expected="a list of launches", field="launches"
        ) from error
    found = told.get("launches") if isinstance(told, dict) else told
    if not isinstance(found, list):
        raise BadInput(
            "JSON without a list of launches",
            expected="a list, or an object with one under 'launches'",
            field="launches",
        )
    for number, fields in enumerate(found, start=1):
        if isinstance(fields, dict):
            yield _read(number, str(fields.get("name") or fields.get("id") or ""), fields)
        else:
            yield number, str(fields), BadInput("not an object", expected="a launch")


def _csv_rows(text: str) -> Iterator[Row]:
    reader = csv.DictReader(text.split("\n"), restkey="")
    missing = sorted(_GCAT_COLUMNS - set(reader.fieldnames or ()))
    if missing:
        raise BadInput(
            f"a table without the column {missing[0]}" if reader.fieldnames else "an empty file",
            expected=f"GCAT's heading, with {', '.join(missing)}, or JSON of Launch Library 2",
            remedy="export the launches again from one of the two",
            field="launches",
        )
    try:
        for fields in reader:
            title = " ".join(str(fields.get(key) or "") for key in ("Launch_Tag", "Flight"))
            yield _read(reader.line_num, title, fields)
    except csv.Error as error:
        yield reader.line_num, "", BadInput(f"CSV that ends here: {error}")


def _read(line: int, title: str, fields: Mapping[str, Any]) -> Row:
    try:
        is_gcat = "Launch_JD" in fields
        return line, title, gcat_launch(fields) if is_gcat else ll2_launch(fields)
    except BadInput as error:
        return line, title, error
