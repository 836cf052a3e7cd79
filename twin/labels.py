"""Who may see what: every event, frame and slice of state carries exactly one of these."""

from __future__ import annotations

from typing import Final

from twin.errors import BadInput
from twin.suggest import nearest

PUBLIC: Final = "public"
LABELS: Final = ("defense", "group", PUBLIC)


def known_label(label: str) -> str:
    """The label; ``BadInput`` with the nearest right one when there is none of that name."""
    if label not in LABELS:
        raise BadInput(f"label {label!r}", expected=nearest(label, LABELS), field="label")
    return label
