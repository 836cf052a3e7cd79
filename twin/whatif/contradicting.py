"""Edits that cannot be meant: before the fork, for no time, or another word on what one says."""

from __future__ import annotations

from twin.errors import BadInput
from twin.units import instant_text
from twin.whatif.scenario import AnyEdit, Scale, Set, Stop, span_ns


def refuse_no_time(edit: AnyEdit, fork_ns: int) -> None:
    """``BadInput`` for an edit from before the fork, where both pasts are one, or for no time."""
    starts_ns, ends_ns = span_ns(edit, fork_ns)
    if starts_ns < fork_ns:
        raise BadInput(
            f"at={edit.at}, before the fork",
            expected=f"{instant_text(fork_ns)}, the fork, or later",
            remedy="leave 'at' out to edit from the fork on, or fork earlier with 'from'",
            field="at",
        )
    if ends_ns <= starts_ns:
        raise BadInput(
            f"an edit that ends as it begins, at {instant_text(ends_ns)}",
            expected="a 'for' of more than nothing",
            field="for",
        )


def refuse_contradiction(before: tuple[AnyEdit, ...], edit: AnyEdit, fork_ns: int) -> None:
    """``BadInput`` for what is stopped or set twice at a time, or stopped and scaled."""
    starts_ns, ends_ns = span_ns(edit, fork_ns)
    for other in before:
        if not _is_one_or_the_other(edit, other):
            continue
        from_ns, to_ns = span_ns(other, fork_ns)
        if from_ns < ends_ns and starts_ns < to_ns:
            raise BadInput(
                f"{type(edit).__name__.lower()} {_subject(edit)}, of which an edit before it says"
                f" {type(other).__name__.lower()} for the same time",
                expected="one of the two",
                remedy="leave one out, or part them with 'at' and 'for'",
                field=type(edit).__name__.lower(),
            )


def _is_one_or_the_other(edit: AnyEdit, other: AnyEdit) -> bool:
    """Whether two edits cannot hold at a time: two scales of a service can, and multiply."""
    match edit, other:
        case (Set(), Set()) | (Stop(), Stop() | Scale()) | (Scale(), Stop()):
            return _subject(edit) == _subject(other)
        case _:
            return False


def _subject(edit: AnyEdit) -> str:
    """What is stopped, scaled or set; empty where an edit does nothing of it."""
    match edit:
        case Stop() | Set():
            return edit.name
        case Scale():
            return edit.service
        case _:
            return ""
