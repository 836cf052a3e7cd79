"""A tick summed up for people adds up, also where a segment's figures are not known."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from infra.panel import facts
from tests.one_process import small_twin


def test_what_was_supplied_is_what_was_used_stored_and_lost(tmp_path: Path) -> None:
    with small_twin(tmp_path) as twin:
        twin.run(2)
        found = facts.latest(twin.engine)
        with twin.engine.begin() as db:
            (kept_w,) = db.execute(
                text(
                    "SELECT sum(charged_w + lost_w + unaccounted_w) FROM energy "
                    "WHERE site = 'orbit' AND tick_ns = (SELECT max(tick_ns) FROM energy)"
                )
            ).one()

    assert found is not None
    assert found.orbit.power.supplied_w - found.orbit.power.used_w == pytest.approx(kept_w)


def test_a_segment_that_nobody_heard_of_has_no_charge_and_hides_no_other(tmp_path: Path) -> None:
    with small_twin(tmp_path) as twin:
        twin.run(2)
        with twin.engine.begin() as db:
            db.execute(
                text(
                    "UPDATE energy SET charge_wh = NULL, sunlit_fraction = NULL "
                    "WHERE segment = 'sl-53'"
                )
            )
        found = facts.latest(twin.engine)

    assert found is not None
    segments = {one.segment: one for one in found.segments}
    assert segments["sl-53"].charge_fraction is None
    assert found.orbit.power.charge_fraction == pytest.approx(
        segments["ai1-sso"].charge_fraction, abs=0.05
    )
