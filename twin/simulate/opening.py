"""A world's first words: who speaks, what it assumes, and which assets there are."""

from __future__ import annotations

from collections.abc import Iterable

from twin.asset_ranges import ranges_of
from twin.baseline import Baseline
from twin.events import (
    AssetsAssigned,
    AssumptionSet,
    ElementSetsPublished,
    ShardOpened,
    SourceRegistered,
)
from twin.simulate.builds import segment_registered, site_energised
from twin.simulate.catalogue import Catalogue
from twin.simulate.constellation import Constellation, Segment
from twin.simulate.outbox import Outbox
from twin.simulate.pools import Site
from twin.simulate.services import Offered
from twin.simulate.setting import EPOCH, Setting
from twin.units import instant_text


def tell_opening(
    out: Outbox,
    *,
    setting: Setting,
    constellation: Constellation,
    sites: Iterable[Site],
    services: Iterable[Offered],
) -> None:
    """Everything the twin must know before the first frame, causes before what follows."""
    baseline, start_ns = setting.baseline, setting.start_ns
    story = f"{setting.source}/opening"
    out.tell(
        SourceRegistered(
            source=setting.source,
            epoch=EPOCH,
            is_paced=True,
            description=baseline.description,
            world=baseline.world,
            is_assumed=baseline.is_assumed,
            starts_at=instant_text(start_ns),
        ),
        effective_ns=start_ns,
        story=story,
    )
    for entry in baseline.assumptions.values():
        fact = AssumptionSet(
            name=entry.name,
            value=entry.value,
            unit=entry.unit,
            as_of=entry.as_of,
            source=entry.source,
            confidence=entry.confidence,
            note=entry.note,
        )
        out.tell(fact, effective_ns=start_ns, story=story)
    for segment in constellation.segments:
        _tell_segment(
            out, baseline, segment, constellation.catalogue, start_ns=start_ns, story=story
        )
    for site in sites:
        plan = site.plan
        because = out.tell(
            site_energised(plan), effective_ns=start_ns, label=plan.label, story=story
        )
        _tell_shard(
            out,
            AssetsAssigned(site.shard, plan.segment, ranges_of(site.pool_id), site.pool_id.size),
            label=plan.label,
            start_ns=start_ns,
            story=story,
            because=because,
        )
    for offered in services:
        out.tell(offered.fact, effective_ns=start_ns, label=offered.label, story=story)


def _tell_segment(
    out: Outbox,
    baseline: Baseline,
    segment: Segment,
    catalogue: Catalogue | None,
    *,
    start_ns: int,
    story: str,
) -> None:
    plan = segment.plan
    because = out.tell(
        segment_registered(baseline, plan, segment.built),
        effective_ns=start_ns,
        label=plan.label,
        story=story,
    )
    if catalogue is not None:
        out.tell(
            ElementSetsPublished(
                segment=plan.segment,
                published_at=instant_text(int(catalogue.epoch_ns.max())),
                satellites_count=segment.asset_id.size,
                format="tle" if catalogue.format == "tle" else "omm",
                sha256=catalogue.sha256,
            ),
            effective_ns=start_ns,
            label=plan.label,
            story=story,
            because=because,
        )
    for shard in segment.shards:
        _tell_shard(
            out,
            AssetsAssigned(
                shard.name, plan.segment, ranges_of(shard.asset_id), shard.asset_id.size
            ),
            label=plan.label,
            start_ns=start_ns,
            story=story,
            because=because,
        )


def _tell_shard(
    out: Outbox,
    assigned: AssetsAssigned,
    *,
    label: str,
    start_ns: int,
    story: str,
    because: str,
) -> None:
    opened = out.tell(
        ShardOpened(assigned.shard, assigned.segment),
        effective_ns=start_ns,
        label=label,
        story=story,
        because=because,
    )
    out.tell(assigned, effective_ns=start_ns, label=label, story=story, because=opened)
