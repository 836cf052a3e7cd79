"""One site through one tick: what it may draw, what its pools do, and what is said of both."""

from __future__ import annotations

from typing import Final

from twin.baseline import Fault
from twin.events import SupplyChanged
from twin.frames import FrameHeader, encode_frame
from twin.simulate.outbox import Outbox
from twin.simulate.pools import Site, SiteState, pools_step
from twin.simulate.setting import Setting

FRAME: Final = "AcceleratorFrameReported"


def run_site(
    out: Outbox,
    before: SiteState,
    site: Site,
    *,
    placed_count: int,
    setting: Setting,
    number: int,
) -> SiteState:
    """The site after the tick; a change of its supply and its frame are in the outbox."""
    tick_ns, label = setting.tick_ns(number), site.plan.label
    _tell_change(out, site, setting=setting, number=number)
    after, columns = pools_step(
        before,
        site,
        placed_count=placed_count,
        available_w=available_w(site, setting, number),
        seed=setting.seed,
        number=number,
        tick_ns=tick_ns,
        dt_s=setting.dt_s,
    )
    header = FrameHeader(site.shard, label, tick_ns, setting.interval_ns)
    body = encode_frame(header, site.spec, columns)
    out.report(FRAME, site.shard, body, tick_ns=tick_ns, label=label)
    return after


def available_w(site: Site, setting: Setting, number: int) -> float:
    """What a site may draw in a tick: its supply, less what the faults of the tick cut."""
    left = 1.0
    for fault in _cuts(site, setting):
        if fault.is_on(number):
            left *= 1.0 - fault.lost_fraction
    return left * site.plan.supply_w


def _tell_change(out: Outbox, site: Site, *, setting: Setting, number: int) -> None:
    """Say, in the first tick in which it holds, that the supply is another than before."""
    now_w = available_w(site, setting, number)
    if now_w == available_w(site, setting, number - 1):
        return
    cuts = _cuts(site, setting)
    changed = [fault for fault in cuts if fault.is_on(number) != fault.is_on(number - 1)]
    is_whole = not any(fault.is_on(number) for fault in cuts)
    out.tell(
        SupplyChanged(
            site=site.plan.segment,
            available_w=None if is_whole else now_w,
            cause="restored" if is_whole else changed[0].cause,
        ),
        effective_ns=setting.tick_ns(number - 1),
        label=site.plan.label,
        story=setting.story(changed[0].name),
    )


def _cuts(site: Site, setting: Setting) -> tuple[Fault, ...]:
    return tuple(
        strike.fault
        for strike in setting.strikes
        if strike.fault.kind == "supply_cut" and strike.segment == site.plan.segment
    )
