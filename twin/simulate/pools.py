"""Ground sites: what their accelerator pools really do in one tick, and what they report of it.

One row a pool. The only memory is the work that waits (``queue_s``, float32), reported as it is;
which accelerators are down at an instant follows from luck alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from twin.arrays import AnyArray, Float32Array, FloatArray, IntArray, UInt32Array
from twin.baseline import Baseline, DemandProfile, SitePlan
from twin.frames import encode_spec
from twin.simulate.asset_ids import first_asset_id
from twin.simulate.builds import accelerator_spec
from twin.simulate.demand import asked_everywhere
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
    profile: DemandProfile
    spec: bytes
    shard: str
    pool_id: UInt32Array
    per_pool_count: int
    repairs: OutageRate
    noise: PoolNoise


@dataclass(frozen=True, slots=True, eq=False)
class SiteState:
    """What a site is after a tick: the seconds of work that wait in each pool.

    ``outages`` follow from the instant; they are kept only so as not to be drawn every tick.
    """

    queue_s: Float32Array
    outages: Outages | None = None


def site_of(baseline: Baseline, plan: SitePlan, *, has_noise: bool) -> Site:
    """The site of a plan."""
    per_pool = plan.accelerators_count // plan.pools_count
    noise = 1.0 if has_noise else 0.0
    first = first_asset_id(plan.segment)
    return Site(
        plan=plan,
        profile=baseline.demand_profiles[plan.demand],
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
    """The site before its first tick: nothing waits."""
    return SiteState(np.zeros(site.pool_id.size, dtype=np.float32))


def pools_step(
    before: SiteState,
    site: Site,
    *,
    available_w: float,
    seed: int,
    number: int,
    tick_ns: int,
    dt_s: float,
) -> tuple[SiteState, dict[str, AnyArray]]:
    """The site after one more tick, and the columns of its frame.

    ``available_w`` is what the site may draw, cooling included: beyond it work is put off.
    """
    before = _with_outages(before, site, seed=seed, tick_ns=tick_ns)
    up = _up_count(before, site, tick_ns)
    luck = _signed_luck(seed, Purpose.POOL_TICK, site, number)
    asked = asked_everywhere(site.profile, tick_ns) * site.per_pool_count
    wanted = asked * (1.0 + site.noise.demand_fraction * luck[:, 0]) * dt_s
    # Work is counted in accelerator-seconds; what waited comes on top of what is asked now.
    work = wanted + before.queue_s.astype(np.float64) * up
    done = np.minimum(work, up * dt_s)
    idle_w = site.plan.accelerator_w * site.plan.idle_fraction * up
    busy_w = site.plan.accelerator_w * (1.0 - site.plan.idle_fraction) * done / dt_s
    idle_share, busy_share = _within(available_w / site.plan.pue_ratio, idle_w, busy_w)
    done = done * busy_share
    power_w = idle_w * idle_share + busy_w * busy_share
    able = np.maximum(up, 1.0)
    queue_s = ((work - done) / able).astype(np.float32)
    columns = _measured(site, up, done / (able * dt_s), power_w, luck, seed=seed, number=number)
    return replace(before, queue_s=queue_s), {**columns, "queue_s": queue_s}


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
    """The shares of idle and of busy power that a limit leaves: work is put off first."""
    # fsum: a sum that rounds once has the same bits on every processor.
    idle, busy = math.fsum(idle_w), math.fsum(busy_w)
    if idle + busy <= limit_w:
        return 1.0, 1.0
    if idle <= limit_w:
        return 1.0, (limit_w - idle) / busy
    return limit_w / idle, 0.0


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
