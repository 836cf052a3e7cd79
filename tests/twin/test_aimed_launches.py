"""A launch brings satellites of a segment, for a promise: both must be there, or come with it."""

from __future__ import annotations

import pytest

from tests.twin.telling import agreed, past, refusals, told
from twin.events import LaunchScheduled, SegmentRegistered, fact
from twin.fields import Usd

PROMISE = agreed(
    commitment_id="nssl-x",
    commitment_kind="launch",
    resource="launch_count",
    promised_qty=2,
    window_s=0.0,
    due_at="2030-01-01T00:00:00Z",
)


def launch(**more: object) -> LaunchScheduled:
    given = {
        "launch_id": "L-X",
        "vehicle": "falcon9",
        "site": "slc-40",
        "customer": "us-government",
        "is_internal": False,
        "payload_kg": 100.0,
        "orbit": "LEO",
        "net_at": "2029-02-01T00:00:00Z",
        "price_usd": Usd(0),
    }
    return LaunchScheduled(**given | more)


@pytest.mark.parametrize(
    ("aim", "hint"),
    [
        ({"commitment_id": "nsl-x"}, "commitment_id='nsl-x'; expected 'nssl-x'"),
        ({"commitment_id": "genai-mil"}, "commitment_id='genai-mil'"),
        ({"segment": "sl-35", "satellites_count": 1}, "segment='sl-35'; expected 'sl-53'"),
        ({"segment": "c1-h100", "satellites_count": 1}, "segment='c1-h100'"),
    ],
)
def test_a_launch_for_what_is_not_there_is_refused_with_the_nearest_name(aim, hint: str) -> None:
    first = told(3, PROMISE)

    step = told(4, launch(**aim), twin=first.twin)

    (reason,) = refusals(step)
    assert hint in reason
    assert "L-X" not in step.twin.launches["public"].manifest


def test_a_launch_may_be_for_what_is_told_in_the_same_tick() -> None:
    (registered,) = [
        body
        for event in past()[0][1].content.events
        if event.kind == "SegmentRegistered"
        and isinstance(body := fact(event), SegmentRegistered)
        and body.segment == "sl-53"
    ]
    new = {name: getattr(registered, name) for name in registered.__struct_fields__}
    segment = SegmentRegistered(**new | {"segment": "sl-new"})

    step = told(
        3, launch(commitment_id="nssl-x", segment="sl-new", satellites_count=1), PROMISE, segment
    )

    assert refusals(step) == []
    assert "L-X" in step.twin.launches["public"].manifest
