"""A scenario: where to fork, and what is to be otherwise from there on.

A file holds ``name``, ``from`` (an instant, or ``start``) and ``edits``; each edit has one of six
verbs. What cannot be meant is refused with its line, what was expected and the nearest right word.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from twin.errors import BadInput
from twin.fields import AssetId
from twin.suggest import nearest
from twin.units import NS_PER_S, parse_instant
from twin.whatif.text import Page, read_page

START: Final = "start"
LIVE: Final = "live"
"""The branch of what happened: no scenario can be called so."""

NAME_MAX_CHARS: Final = 200
EDITS_MAX_COUNT: Final = 1_000
"""Each is looked at in every tick."""

DURATION_MAX_S: Final = 1_000 * 31_557_600
_JSON = msgspec.json.Encoder(order="deterministic")
_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(s|min|h|d|y)")
_SECONDS: Final = {"s": 1, "min": 60, "h": 3600, "d": 86_400, "y": 31_557_600}


class Edit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One change, from ``at`` on (the fork where none is given)."""

    at: str = ""


class Lasting(Edit, frozen=True, kw_only=True):
    """One that holds for ``for_s`` seconds."""

    for_s: float = math.inf


class Drop(Lasting, frozen=True, tag="drop"):
    """Events of a kind, with these values in these fields, never happened."""

    kind: str
    where: Mapping[str, Any] = {}


class Inject(Edit, frozen=True, tag="inject"):
    """An event of a kind happened, with this body."""

    kind: str
    body: Mapping[str, Any]
    label: str = "public"


class Scale(Lasting, frozen=True, tag="scale"):
    """What a service is asked for is so many times as much."""

    service: str
    by: float
    region: str = ""


class Fail(Lasting, frozen=True, tag="fail"):
    """Assets of a segment stop working: those named, or a share of them.

    One that several edits take is taken once; shares take the same assets first.
    """

    segment: str
    fraction: float = 0.0
    asset_ids: tuple[AssetId, ...] = ()
    cause: str = "scenario"


class Set(Lasting, frozen=True, tag="set"):
    """A number is assumed to be another."""

    name: str
    to: float | str


class Stop(Lasting, frozen=True, tag="stop"):
    """A vehicle is grounded, a contract or service ends, or a supplier leaves its promises.

    ``notice_s`` after ``at``. Contracts and revenue go on without a supplier.
    """

    name: str
    notice_s: float = 0.0
    reason: str = "scenario"


AnyEdit = Drop | Inject | Scale | Fail | Set | Stop

VERBS: Final[dict[str, tuple[type[Edit], str]]] = {
    "drop": (Drop, "kind"),
    "inject": (Inject, "kind"),
    "scale": (Scale, "service"),
    "fail": (Fail, "segment"),
    "set": (Set, "name"),
    "stop": (Stop, "name"),
}
"""Each verb with the field that its own value is."""

SPOKEN: Final = {"for": "for_s", "notice": "notice_s"}
"""Words of a file that are durations, and the fields they become."""

_NUMBERS: Final = {"by": (0.0, 1e6), "fraction": (0.0, 1.0)}


class Scenario(msgspec.Struct, frozen=True):
    """A fork of the past: immutable, and the same every time it is run.

    ``fork_ns`` None means before the first tick; ``until_ns`` None the end of what is recorded.
    ``lines`` are where the edits stand in the text it was read from.
    """

    name: str
    fork_ns: int | None
    edits: tuple[AnyEdit, ...] = ()
    until_ns: int | None = None
    description: str = ""
    lines: tuple[int, ...] = ()

    @property
    def digest(self) -> str:
        """What it says, in sixteen hexadecimal digits: the same for any text that says it."""
        told = msgspec.structs.replace(self, lines=())
        return hashlib.sha256(_JSON.encode(told)).hexdigest()[:16]

    def line_of(self, place: int) -> int:
        """The line of an edit, from 1; 0 where nobody wrote it."""
        return self.lines[place] if place < len(self.lines) else 0


FIELDS: Final = ("name", "from", "edits", "until", "description")


def read_scenario(
    text: str,
    *,
    file: str = "scenario",
    is_json: bool = False,
    edits_max_count: int = EDITS_MAX_COUNT,
) -> Scenario:
    """The scenario in some YAML, or in JSON; ``BadInput`` names the line."""
    page = read_page(text, file=file, is_json=is_json)
    if not isinstance(page.plain, dict):
        raise page.error([], "no fields", f"fields {', '.join(FIELDS)}")
    return _Reading(page, edits_max_count).scenario(page.plain)


class _Reading:
    """One text being read: it knows the lines."""

    def __init__(self, page: Page, edits_max_count: int) -> None:
        self._page, self._edits_max_count = page, edits_max_count
        self._error = page.error

    def scenario(self, plain: dict[Any, Any]) -> Scenario:
        for word in plain:
            if word not in FIELDS:
                raise self._error([word], f"unknown field {word!r}", nearest(str(word), FIELDS))
        for word in ("name", "from", "edits"):
            if word not in plain:
                raise self._error([], f"no field {word!r}", "name, from and edits")
        edits = plain["edits"] if plain["edits"] is not None else []
        if not isinstance(edits, list):
            raise self._error(["edits"], f"edits={edits!r}", "a list, which may be empty")
        if len(edits) > self._edits_max_count:
            raise self._error(["edits"], f"{len(edits)} edits", f"{self._edits_max_count} at most")
        fork, until = plain["from"], plain.get("until")
        scenario = Scenario(
            name=self._name(plain["name"]),
            fork_ns=None if fork == START else self._instant(["from"], fork),
            edits=tuple(self._edit(place, edit) for place, edit in enumerate(edits)),
            until_ns=None if until is None else self._instant(["until"], until),
            description=self._description(plain.get("description") or ""),
            lines=self._page.lines_below(["edits"]),
        )
        if scenario.until_ns is not None and scenario.until_ns <= (scenario.fork_ns or 0):
            raise self._error(["until"], f"until={until}", f"an instant after from={fork}")
        return scenario

    def _edit(self, place: int, plain: Any) -> AnyEdit:
        path: list[Any] = ["edits", place]
        if not isinstance(plain, dict):
            raise self._error(path, f"edit {plain!r}", "a verb, as in 'stop: starship'")
        verbs = [word for word in plain if word in VERBS]
        if len(verbs) != 1:
            self._refuse_verbs(path, plain, verbs)
        kind, own_field = VERBS[verbs[0]]
        fields = [field for field in kind.__struct_fields__ if field != own_field]
        spoken = {field: word for word, field in SPOKEN.items()}
        known = [spoken.get(field, field) for field in fields]
        values: dict[str, Any] = {own_field: self._text([*path, verbs[0]], plain[verbs[0]])}
        for word, value in plain.items():
            if word == verbs[0]:
                continue
            if word not in known:
                hint = nearest(str(word), known)
                raise self._error([*path, word], f"unknown field {word!r} of {verbs[0]}", hint)
            values[SPOKEN.get(word) or str(word)] = self._value([*path, word], word, value)
        try:
            return msgspec.convert(values, kind)  # type: ignore[return-value]  # one of AnyEdit
        except msgspec.ValidationError as error:
            raise self._error(path, f"{verbs[0]}: {error}", f"fields {', '.join(known)}") from None

    def _refuse_verbs(self, path: list[Any], plain: dict[Any, Any], verbs: Sequence[str]) -> None:
        if verbs:
            raise self._error(path, f"verbs {' and '.join(verbs)} in one edit", "one verb an edit")
        given = str(next(iter(plain), ""))
        raise self._error(
            [*path, given],
            f"unknown edit {given!r}",
            f"{nearest(given, VERBS)}; edits are: {', '.join(VERBS)}",
        )

    def _value(self, path: list[Any], word: str, value: Any) -> Any:
        if word in SPOKEN:
            return self._seconds(path, value)
        if word == "at":
            self._instant(path, value)
            return self._text(path, value)
        if word in _NUMBERS:
            least, most = _NUMBERS[word]
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            if not is_number or not least <= value <= most:
                raise self._error(path, f"{word}={value!r}", f"a number from {least:g} to {most:g}")
        return value

    def _seconds(self, path: list[Any], value: Any) -> float:
        match = _DURATION.fullmatch(str(value).strip())
        if match is None:
            raise self._error(path, f"{path[-1]}={value!r}", "a duration such as 90d, 12h or 30min")
        seconds = float(match[1]) * _SECONDS[match[2]]
        if seconds > DURATION_MAX_S:
            raise self._error(path, f"{path[-1]}={value!r}", "a thousand years at most")
        return seconds

    def _instant(self, path: list[Any], value: Any) -> int:
        try:
            return parse_instant(self._text(path, value), field=str(path[-1]))
        except BadInput as error:
            raise self._error(path, error.given, error.expected) from None

    def _text(self, path: list[Any], value: Any) -> str:
        if not isinstance(value, str) or not value.strip():
            raise self._error(path, f"{path[-1]}={value!r}", "some text")
        return value

    def _name(self, value: Any) -> str:
        name = self._text(["name"], value)
        if len(name) > NAME_MAX_CHARS:
            raise self._error(
                ["name"], f"name of {len(name)} characters", f"{NAME_MAX_CHARS} at most"
            )
        if name.strip().casefold() == LIVE:
            raise self._error(["name"], f"name={name!r}", "another name: live is what happened")
        return name

    def _description(self, value: Any) -> str:
        if not isinstance(value, str):
            raise self._error(["description"], f"description={value!r}", "some text")
        return value


def in_words(edit: AnyEdit) -> str:
    """An edit in two words: its verb and what it is about."""
    verb = type(edit).__name__.lower()
    return f"{verb} {getattr(edit, VERBS[verb][1])}"


def span_ns(edit: Edit, fork_ns: int) -> tuple[int, int]:
    """From when to when an edit holds, in nanoseconds; the end is left out."""
    starts_ns = parse_instant(edit.at) if edit.at else fork_ns
    if not isinstance(edit, Lasting) or math.isinf(edit.for_s):
        return starts_ns, 2**63 - 1
    return starts_ns, min(starts_ns + round(edit.for_s * NS_PER_S), 2**63 - 1)
