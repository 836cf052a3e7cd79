"""Ground sites: what their accelerator pools really do in one tick, and what they report of it.

One row a pool. The memory is the work that waits, what was up and how warm it was, all reported as
it is; which accelerators are down at an instant follows from luck alone. Where supply is short,
accelerators without work are switched off first, and only then is work put off.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from twin.arrays import AnyArray, BoolArray, Float32Array, FloatArray, IntArray, UInt32Array
from twin.baseline import Baseline, SitePlan
from twin.frames import encode_spec
from twin.simulate.asset_ids import first_asset_id
from twin.simulate.builds import accelerator_spec
from twin.simulate.luck import TO_UNIT, draws
from twin.simulate.outages import OutageRate, Outages, outage_rate, outages
from twin.simulate.purposes import Purpose


@dataclass(frozen=True, slots=True)
class PoolNoise:
    """Half-widths around the true values; all zero in a world without noise."""

    demand_fraction: float
    power_fraction: float
    coolant_k: float
    token_rate_fraction: float
    utilisation_fraction: float


@dataclass(frozen=True, slots=True, eq=False)
class Site:
    """A ground segment: its pools, by ascending id, all in one shard."""

    plan: SitePlan
    spec: bytes
    shard: str
    pool_id: UInt32Array
    per_pool_count: int
    repairs: OutageRate
    noise: PoolNoise


@dataclass(frozen=True, slots=True, eq=False)
class SiteState:
    """What a site is after a tick, three columns of its last frame: the seconds of work that wait
    in each pool, its accelerators up, and its coolant.

    ``outages`` follow from the instant; they are kept only so as not to be drawn every tick.
    """

    queue_s: Float32Array
    up_count: UInt32Array
    coolant_k: Float32Array
    outages: Outages | None = None


def site_of(baseline: Baseline, plan: SitePlan, *, has_noise: bool) -> Site:
    """The site of a plan."""
    per_pool = plan.accelerators_count // plan.pools_count
    noise = 1.0 if has_noise else 0.0
    first = first_asset_id(plan.segment)
    return Site(
        plan=plan,
        spec=encode_spec(accelerator_spec(baseline, plan)),
        shard=f"{plan.segment}/{plan.label}/0",
        pool_id=np.arange(first, first + plan.pools_count, dtype=np.uint32),
        per_pool_count=per_pool,
        repairs=outage_rate(
            Purpose.ACCELERATOR,
            Purpose.ACCELERATOR_INSTANT,
            per_year=baseline.number("failure.accelerator_fraction_per_y") * per_pool,
            duration_s=baseline.number("failure.accelerator-repair_s"),
        ),
        noise=PoolNoise(
            demand_fraction=noise * baseline.number("noise.demand_fraction"),
            power_fraction=noise * baseline.number("noise.accelerator_power_fraction"),
            coolant_k=noise * baseline.number("noise.coolant_k"),
            token_rate_fraction=noise * baseline.number("noise.token_rate_fraction"),
            utilisation_fraction=noise * baseline.number("noise.utilisation_fraction"),
        ),
    )


def idle_site(site: Site) -> SiteState:
    """The site before its first tick: nothing waits, all is up and cool."""
    pools_count = site.pool_id.size
    return SiteState(
        queue_s=np.zeros(pools_count, dtype=np.float32),
        up_count=np.full(pools_count, site.per_pool_count, dtype=np.uint32),
        coolant_k=np.full(pools_count, site.plan.coolant_supply_k, dtype=np.float32),
    )


def able_count(state: SiteState, site: Site, *, available_w: float) -> int:
    """Accelerators that could work when the last tick ended, as far as the supply allows."""
    cool = state.up_count[~_is_hot(state, site)]
    powered = int(available_w // (site.plan.accelerator_w * site.plan.pue_ratio))
    return min(int(cool.sum(dtype=np.int64)), powered)


def pools_step(
    before: SiteState,
    site: Site,
    *,
    placed_count: int,
    available_w: float,
    seed: int,
    number: int,
    tick_ns: int,
    dt_s: float,
) -> tuple[SiteState, dict[str, AnyArray]]:
    """The site after one more tick, and the columns of its frame.

    ``placed_count`` accelerators have work, spread over the pools by what was up in each.
    ``available_w`` is what the site may draw, cooling included: beyond it work is put off.
    """
    before = _with_outages(before, site, seed=seed, tick_ns=tick_ns)
    up = _up_count(before, site, tick_ns)
    luck = _signed_luck(seed, Purpose.POOL_TICK, site, number)
    asked = placed_count * _shares(before, site)
    wanted = asked * (1.0 + site.noise.demand_fraction * luck[:, 0])
    # No more than one piece of work was placed on each accelerator.
    wanted = np.minimum(wanted, before.up_count) * dt_s
    # Work is counted in accelerator-seconds; what waited comes on top of what is asked now.
    work = wanted + before.queue_s.astype(np.float64) * up
    done = np.minimum(work, up * dt_s)
    busy_w = site.plan.accelerator_w * done / dt_s
    idle_w = site.plan.accelerator_w * site.plan.idle_fraction * (up - done / dt_s)
    idle_share, busy_share = _within(available_w / site.plan.pue_ratio, idle_w, busy_w)
    done = done * busy_share
    power_w = idle_w * idle_share + busy_w * busy_share
    able = np.maximum(up, 1.0)
    queue_s = ((work - done) / able).astype(np.float32)
    columns = _measured(site, up, done / (able * dt_s), power_w, luck, seed=seed, number=number)
    after = replace(
        before,
        queue_s=queue_s,
        up_count=columns["accelerators_up_count"],
        coolant_k=columns["coolant_k"],
    )
    return after, {**columns, "queue_s": queue_s}


def _is_hot(state: SiteState, site: Site) -> BoolArray:
    hot: BoolArray = state.coolant_k > site.plan.coolant_max_k
    return hot


def _shares(before: SiteState, site: Site) -> FloatArray:
    """The part of a site's work that each pool gets: by what was up and cool in it."""
    up = np.where(_is_hot(before, site), 0, before.up_count).astype(np.float64)
    # Whole numbers: their sum is exact, whatever the order.
    shares: FloatArray = up / max(float(up.sum()), 1.0)
    return shares


def _measured(
    site: Site,
    up: FloatArray,
    utilisation: FloatArray,
    power_w: FloatArray,
    luck: FloatArray,
    *,
    seed: int,
    number: int,
) -> dict[str, AnyArray]:
    plan, noise = site.plan, site.noise
    more_luck = _signed_luck(seed, Purpose.POOL_NOISE, site, number)
    load = power_w / (plan.accelerator_w * site.per_pool_count)
    rate = utilisation * up * (1.0 + noise.token_rate_fraction * luck[:, 3])
    coolant_k = plan.coolant_supply_k + plan.coolant_rise_k * load + noise.coolant_k * luck[:, 2]
    shown = utilisation * (1.0 + noise.utilisation_fraction * more_luck[:, 0])
    return {
        "pool_id": site.pool_id,
        "accelerators_up_count": up.astype(np.uint32),
        "power_w": power_w * (1.0 + noise.power_fraction * luck[:, 1]),
        "utilisation_fraction": shown.astype(np.float32),
        "coolant_k": coolant_k.astype(np.float32),
        "tok_per_s": rate * plan.accelerator_tok_per_s,
        "flop_per_s": rate * plan.accelerator_flop_per_s,
    }


def _within(limit_w: float, idle_w: FloatArray, busy_w: FloatArray) -> tuple[float, float]:
    """The shares of idle and of busy power that a limit leaves: work is put off last."""
    # fsum: a sum that rounds once has the same bits on every processor.
    idle, busy = math.fsum(idle_w), math.fsum(busy_w)
    if idle + busy <= limit_w:
        return 1.0, 1.0
    if busy <= limit_w:
        return (limit_w - busy) / idle, 1.0
    return 0.0, limit_w / busy


def _with_outages(state: SiteState, site: Site, *, seed: int, tick_ns: int) -> SiteState:
    window = site.repairs.window(tick_ns)
    if state.outages is not None and state.outages.window == window:
        return state
    drawn = outages(seed, site.repairs, assets=site.pool_id, window=window)
    return replace(state, outages=drawn)


def _up_count(state: SiteState, site: Site, tick_ns: int) -> FloatArray:
    assert state.outages is not None
    rows: IntArray = state.outages.rows_out(tick_ns)
    down = np.bincount(rows, minlength=site.pool_id.size)
    return np.maximum(site.per_pool_count - down, 0).astype(np.float64)


def _signed_luck(seed: int, purpose: Purpose, site: Site, number: int) -> FloatArray:
    """Four numbers a pool, from -1 up to 1, shape ``(n, 4)``."""
    words = draws(seed, purpose=int(purpose), assets=site.pool_id, tick=number)
    luck: FloatArray = words.astype(np.float64) * (2.0 * TO_UNIT) - 1.0
    return luck
