"""Risk: what each promise, each customer and the group hang on, and what remains without it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from twin.business.cap_tables import CapTables
from twin.business.commitments import Promises
from twin.business.purchases import purchases, replacements_s
from twin.business.risk import (
    DAY_NS,
    Exposure,
    Findings,
    Outlook,
    Purchase,
    Source,
    Supply,
    findings,
    rounded,
    slack_ratio,
)
from twin.business.windows import UNKNOWN, W, Windows
from twin.quantities import Q
from twin.state import Fleet, Registry, Telemetry, Twin
from twin.views.capacity import powered_count
from twin.views.view import Moment, RollUp, Value, View, key, real, text, usd, whole

HOURS_PER_DAY = 24


def _rows(moment: Moment) -> Iterator[tuple[Value, ...]]:
    for label in sorted(moment.twin.promises):
        yield from _rows_of(label, found(moment.twin, label))


def found(twin: Twin, label: str) -> Findings:
    """The findings of one label after this tick; the same object while nothing much changed."""
    promises = twin.promises[label]
    fleet, telemetry = twin.fleets.get(label), twin.telemetry.get(label)
    supply = (
        ()
        if fleet is None or telemetry is None
        else supply_of(fleet, telemetry, promises, twin.registry)
    )
    return findings(promises, supply, outlook_of(twin, label), twin.tick_ns // DAY_NS * DAY_NS)


def outlook_of(twin: Twin, label: str) -> Outlook:
    """What the risks of a label are judged with besides promises and supply."""
    tables = twin.ownership.get(label)
    bought, replaced = _told(twin.registry)
    return Outlook(
        purchases=bought,
        votes=() if tables is None else votes_of(tables),
        replacement_s=replaced,
        slack=slack_of(twin.promises[label], twin.windows.get(label, Windows())),
    )


def supply_of(fleet: Fleet, telemetry: Telemetry, promises: Promises, registry: Registry) -> Supply:
    """What each segment has available, rounded down, so that noise is no change."""
    revisits = registry.number("sensing.satellite-revisits_count_per_d") / HOURS_PER_DAY
    sensors = {
        name
        for each in promises.items
        if each.terms.commitment_kind == "sensing"
        for name in each.terms.location_limit
    }
    sources: list[Source] = []
    for segment, sums in zip(fleet.segments, telemetry.sums.tolist(), strict=True):
        built, site = segment.as_built, segment.site
        if site is not None:
            powered = rounded(powered_count(segment, sums))
            sources.append(Source(segment.name, site.site, "accelerator_count", powered))
        elif built is not None:
            for resource, each in (
                ("downlink_bps", built.downlink_bps),
                ("accelerator_count", float(built.accelerators_count)),
                ("revisit_per_h", revisits if segment.name in sensors else 0.0),
            ):
                if each:
                    available = rounded(int(sums[Q.AVAILABLE_COUNT] * each))
                    sources.append(Source(segment.name, "", resource, available))
    return tuple(sources)


def slack_of(promises: Promises, windows: Windows) -> tuple[tuple[str, float], ...]:
    """What was available to each promise over what is promised, where that is known."""
    if windows.ids != promises.ids:
        return ()
    available = windows.rows[:, W.AVAILABLE_QTY].tolist()
    return tuple(
        (each.commitment_id, slack_ratio(quantity, each.terms.promised_qty))
        for each, quantity in zip(promises.items, available, strict=True)
        if quantity != UNKNOWN
    )


@lru_cache(maxsize=4)
def votes_of(tables: CapTables) -> tuple[tuple[str, str, float], ...]:
    """(company, holder, share of the votes) for who votes most; a merged company is its buyer's."""
    told: list[tuple[str, str, float]] = []
    for company in tables.companies:
        votes: dict[str, int] = {}
        for held in company.holdings:
            count = company.votes_of(held.share_class) * held.shares_count
            votes[held.holder] = votes.get(held.holder, 0) + count
        if company.merged_into:
            told.append((company.name, company.merged_into, 1.0))
        elif any(votes.values()):
            first = max(sorted(votes), key=lambda holder: votes[holder])
            told.append((company.name, first, votes[first] / company.votes_count))
    return tuple(told)


@lru_cache(maxsize=4)
def _told(registry: Registry) -> tuple[tuple[Purchase, ...], tuple[tuple[str, float], ...]]:
    return purchases(registry.number), replacements_s(registry.number)


@lru_cache(maxsize=8)
def _rows_of(label: str, found_: Findings) -> tuple[tuple[Value, ...], ...]:
    return tuple(_row(label, exposure) for exposure in found_.exposures)


def _row(label: str, exposure: Exposure) -> tuple[Value, ...]:
    # Shares are published at best, and how soon something is replaced is assumed everywhere.
    return (
        label,
        "assumed",
        exposure.subject,
        exposure.node,
        exposure.dependent_commitments_count,
        "yes" if exposure.is_single_point else "no",
        exposure.min_cut_count,
        exposure.value_at_risk_micro_usd,
        exposure.group_share_fraction,
        exposure.hhi_points,
        exposure.remaining_after_loss_fraction,
        exposure.replacement_s,
    )


RISK = View(
    name="risk",
    meaning="What promises, customers and the group hang on, and what remains without it.",
    key=(
        key("subject", "commitment/…, customer/…, purchase/…, or group."),
        key("node", "segment/…, site/…, supplier/… or person/…."),
    ),
    columns=(
        whole("dependent_commitments_count", RollUp.LAST, "Promises that hang on the node."),
        text("is_single_point", "yes where its loss alone breaks one of them, else no."),
        whole(
            "min_cut_count",
            RollUp.LAST,
            "Fewest nodes of its kind, it among them, without which one is broken.",
        ),
        usd("value_at_risk_usd", RollUp.LAST, "Worth of the rest of them that would be lost."),
        real(
            "group_share_fraction",
            RollUp.LAST,
            "Of what the customer buys of the kind, as published; null for assets.",
            is_nullable=True,
        ),
        real(
            "hhi_points",
            RollUp.LAST,
            "Concentration among nodes, 10,000 for one.",
            is_nullable=True,
        ),
        real("remaining_after_loss_fraction", RollUp.LAST, "Of what is promised, at once."),
        real(
            "replacement_s",
            RollUp.LAST,
            "Until it is replaced; null for a person.",
            is_nullable=True,
        ),
    ),
    rows=_rows,
)
