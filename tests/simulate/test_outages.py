from __future__ import annotations

import numpy as np
import pytest

from twin.simulate.outages import S_PER_Y, ends_ns, outage_rate, outages
from twin.simulate.purposes import Purpose

ASSETS = np.arange(1, 20_001, dtype=np.uint32)
HOUR_NS = 3_600_000_000_000
RATE = outage_rate(
    Purpose.SAFE_MODE, Purpose.SAFE_MODE_INSTANT, per_year=100.0, duration_s=6 * 3600.0
)


def rows_out(instant_ns: int, assets: np.ndarray = ASSETS) -> np.ndarray:
    return outages(1, RATE, assets=assets, window=RATE.window(instant_ns)).rows_out(instant_ns)


def test_the_share_that_is_out_is_rate_times_duration() -> None:
    expected = 100.0 * 6 * 3600.0 / S_PER_Y

    shares = [rows_out(n * HOUR_NS).size / ASSETS.size for n in range(500_000, 500_040)]

    assert np.mean(shares) == pytest.approx(expected, rel=0.03)


def test_an_outage_lasts_its_duration_across_the_edge_of_its_window() -> None:
    begun = outages(1, RATE, assets=ASSETS, window=77)
    row, from_ns, until_ns = begun.row[-1], begun.from_ns[-1], begun.until_ns[-1]

    assert until_ns - from_ns == RATE.duration_ns
    assert row in rows_out(int(from_ns))
    assert row in rows_out(int(until_ns) - 1)
    is_out_before = row in rows_out(int(from_ns) - 1)
    is_out_after = row in rows_out(int(until_ns))
    assert not (is_out_before and is_out_after)


def test_what_is_out_depends_on_the_asset_and_the_instant_alone() -> None:
    some = ASSETS[::7]

    for instant_ns in (12_345 * HOUR_NS, 12_346 * HOUR_NS + 1):
        among_all = set(ASSETS[rows_out(instant_ns)]) & set(some)
        alone = set(some[rows_out(instant_ns, some)])
        assert alone == among_all


def test_lives_end_at_the_rate_given_and_never_before_the_start() -> None:
    ends = ends_ns(5, assets=ASSETS, start_ns=1_000, per_year=0.05)

    within_a_year = (ends <= 1_000 + S_PER_Y * 1e9).mean()
    assert within_a_year == pytest.approx(1.0 - np.exp(-0.05), rel=0.1)
    assert ends.min() >= 1_000


def test_a_rate_of_zero_ends_no_life() -> None:
    assert (ends_ns(5, assets=ASSETS, start_ns=0, per_year=0.0) == np.iinfo(np.int64).max).all()


def test_a_busy_pool_may_have_several_outages_at_once() -> None:
    rate = outage_rate(
        Purpose.ACCELERATOR, Purpose.ACCELERATOR_INSTANT, per_year=90.0, duration_s=259_200.0
    )
    pools = ASSETS[:2000]

    out = outages(1, rate, assets=pools, window=4000).rows_out(4000 * rate.duration_ns + 5)

    down = np.bincount(out, minlength=pools.size)
    assert down.mean() == pytest.approx(90.0 * 259_200.0 / S_PER_Y, rel=0.1)
    assert down.var() == pytest.approx(down.mean(), rel=0.15)
    assert down.max() >= 3
