"""Every way the world can be wrong, in one tree.

An error says what was given, what was expected, and what to do. What *we* got wrong is an
``assert``; one bad row among many is a value in that row (see ``frames`` and ``catalogue``).
"""

from __future__ import annotations


class TwinError(Exception):
    """The root: one line a person can act on."""

    def __init__(self, given: str, *, expected: str = "", remedy: str = "") -> None:
        self.given, self.expected, self.remedy = given, expected, remedy
        super().__init__(
            given
            + (f"; expected {expected}" if expected else "")
            + (f"; {remedy}" if remedy else "")
        )


class BadInput(TwinError):
    """What was asked or sent does not have the form it must have; ``field`` names the part."""

    def __init__(
        self, given: str, *, expected: str = "", remedy: str = "", field: str = ""
    ) -> None:
        super().__init__(given, expected=expected, remedy=remedy)
        self.field = field


class Poison(BadInput):
    """A message that no code of this version can read; it goes to the dead letters."""


class UnknownKind(TwinError):
    """An event of a kind this code does not know: stop and upgrade, never skip."""


class BrokenInvariant(TwinError):
    """A sum that must hold does not; nothing after it may be believed."""


class BrokenChain(TwinError):
    """A journal entry that does not follow from the one before; ``number`` is where."""

    def __init__(self, given: str, *, number: int, expected: str = "", remedy: str = "") -> None:
        super().__init__(given, expected=expected, remedy=remedy)
        self.number = number


class NotFound(TwinError):
    """The thing named does not exist."""


class NotKept(TwinError):
    """It existed and is not here: retention removed it, or an imported journal came without it.

    ``earliest`` is the first that is kept: an instant, or ``offset N`` of a partition of the log;
    empty when none is, or nobody asked.
    """

    def __init__(self, given: str, *, earliest: str = "", remedy: str = "") -> None:
        super().__init__(given, expected=f"{earliest} or later" if earliest else "", remedy=remedy)
        self.earliest = earliest


class Superseded(TwinError):
    """Another process took over the writing; this one must leave."""


class Unavailable(TwinError):
    """Something needed is not there yet; trying again later may work."""
