"""The text of a scenario as plain values, and the lines they stand in: YAML, or JSON."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any, Final

import msgspec
import yaml

from twin.errors import BadInput

TEXT_MAX_CHARS: Final = 250_000
_TIMESTAMP: Final = "tag:yaml.org,2002:timestamp"
_BYTE: Final = re.compile(r"byte (\d+)")


class Unmeant(BadInput):
    """Something in a scenario that cannot be meant, and its line, from 1."""

    def __init__(
        self, given: str, *, line: int, expected: str = "", remedy: str = "", field: str = ""
    ) -> None:
        super().__init__(given, expected=expected, remedy=remedy, field=field)
        self.line = line


class _Loader(yaml.SafeLoader):
    """Safe YAML in which instants are text, and nothing stands for something else.

    A few lines of aliases can stand for a billion values.
    """

    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in rules if tag != _TIMESTAMP]
        for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            mark = self.get_mark()
            raise yaml.MarkedYAMLError(problem="an alias", problem_mark=mark)
        return super().compose_node(parent, index)


class Page:
    """A text that was read: its values, and where each stands."""

    def __init__(self, file: str, plain: Any, node: Any) -> None:
        self.file, self.plain, self._node = file, plain, node

    def error(self, path: Sequence[Any], given: str, expected: str) -> Unmeant:
        """What is wrong at a path of keys and places, with its line."""
        line = self.line_of(path)
        field = next((str(part) for part in reversed(path) if isinstance(part, str)), "scenario")
        return Unmeant(
            f"{self.file} line {line}: {given}", line=line, expected=expected, field=field
        )

    def line_of(self, path: Sequence[Any]) -> int:
        """The line of the deepest part of a path that there is, from 1."""
        return self._found(path)[0]

    def lines_below(self, path: Sequence[Any]) -> tuple[int, ...]:
        """The lines of the parts of a list, from 1; none where nobody knows them."""
        _, node = self._found(path)
        return tuple(int(key.start_mark.line) + 1 for _, key, _ in _below(node))

    def _found(self, path: Sequence[Any]) -> tuple[int, Any]:
        """The line and the node of the deepest part of a path that there is."""
        node = self._node
        line = node.start_mark.line + 1 if node is not None else 1
        for part in path:
            found = next((below for below in _below(node) if below[0] == part), None)
            if found is None:
                break
            _, key, node = found
            line = key.start_mark.line + 1
        return int(line), node


def read_page(text: str, *, file: str, is_json: bool = False) -> Page:
    """The values in a text; ``Unmeant`` names the line that cannot be read."""
    if len(text) > TEXT_MAX_CHARS:
        raise BadInput(f"{file} of {len(text)} characters", expected=f"{TEXT_MAX_CHARS} at most")
    page = _of_json(text, file) if is_json else _of_yaml(text, file)
    try:
        # Whatever is to be told again: no half of a character, no key that is not a word.
        msgspec.json.encode(page.plain)
    except (TypeError, ValueError, RecursionError, msgspec.MsgspecError) as error:
        raise page.error([], str(error), "text, numbers, lists and fields") from None
    return page


def _of_yaml(text: str, file: str) -> Page:
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        plain = loader.construct_document(node) if node is not None else None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        where = getattr(error, "problem_mark", None)
        line = where.line + 1 if where is not None else 1
        problem = getattr(error, "problem", None) or str(error) or "too deep"
        raise Unmeant(
            f"{file} line {line}: {problem}", line=line, expected="YAML", field="scenario"
        ) from None
    return Page(file, plain, node)


def _of_json(text: str, file: str) -> Page:
    """JSON by its own rules, for YAML reads some numbers and characters of it otherwise."""
    try:
        plain = msgspec.json.decode(text)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        match = _BYTE.search(str(error))
        line = text.encode(errors="replace")[: int(match[1]) if match else 0].count(b"\n") + 1
        raise Unmeant(
            f"{file} line {line}: {error}", line=line, expected="JSON", field="scenario"
        ) from None
    node = None
    with suppress(yaml.YAMLError, RecursionError, ValueError):
        node = _Loader(text).get_single_node()
    return Page(file, plain, node)


def _below(node: Any) -> Iterator[tuple[Any, Any, Any]]:
    if isinstance(node, yaml.MappingNode):
        yield from ((key.value, key, value) for key, value in node.value)
    elif isinstance(node, yaml.SequenceNode):
        yield from ((place, value, value) for place, value in enumerate(node.value))
