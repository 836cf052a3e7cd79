"""Risk: what each promise hangs on, and what remains when one of those goes.

A *node* is a segment, a site, a supplier or a person; a *subject* is a promise, a customer (a
government with all its departments), the group, or a purchase whose shares are published.

Assets are judged by what is available now: what the others could still give, against what is
promised. Suppliers are judged from the customer's side: another one, however small, means that no
single exit leaves the customer with nobody; published shares of a purchase say how much would
remain. A person is a node who holds most votes of the supplier. The claim that one man is a
military's single point of failure so stands beside what speaks against it, in the same row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Final

import msgspec

from twin.business.commitments import Promises
from twin.business.promise import Promise
from twin.units import NS_PER_S

GROUP: Final = "group"
MAJORITY_FRACTION: Final = 0.5
SLACK_MAX_RATIO: Final = 8.0
"""More than this many times what is promised makes no difference."""

SLACK_STEPS_COUNT: Final = 10
"""Slack is told in tenths, rounded down, so that noise is no change."""

HHI_MAX_POINTS: Final = 10_000
DAY_NS: Final = 86_400 * NS_PER_S


class Source(msgspec.Struct, frozen=True, order=True):
    """What a segment has available of a resource."""

    segment: str
    site: str
    resource: str
    available_qty: int


Supply = tuple[Source, ...]


class Purchase(msgspec.Struct, frozen=True):
    """Who sells how much of what a customer buys: published shares, by supplier.

    ``others_count`` unnamed suppliers share what is left evenly. ``name`` is that of the contract
    it is part of, where there is one; ``told_by`` are the assumptions that its shares are from.
    """

    name: str
    commitment_kind: str
    shares: tuple[tuple[str, float], ...]
    others_count: int = 0
    told_by: tuple[tuple[str, float], ...] = ()

    def share(self, suppliers: Iterable[str]) -> float:
        """What these hold together."""
        names = set(suppliers)
        return min(1.0, sum(share for name, share in self.shares if name in names))

    @property
    def hhi_points(self) -> float:
        """Herfindahl-Hirschman index: 10,000 for a monopoly."""
        named = [share for _, share in self.shares]
        rest = max(0.0, 1.0 - sum(named))
        others = rest * rest / self.others_count if self.others_count else 0.0
        return HHI_MAX_POINTS * (sum(share * share for share in named) + others)


class Outlook(msgspec.Struct, frozen=True):
    """What risk is judged with besides promises and supply, all of it sorted.

    ``votes`` are (company, holder, fraction) for the holder with the most; ``replacement_s`` is by
    kind of promise, and by ``segment`` and ``site``; ``slack`` is (commitment_id, available over
    promised) where what is available to a promise in its theatre is known.
    """

    purchases: tuple[Purchase, ...] = ()
    votes: tuple[tuple[str, str, float], ...] = ()
    replacement_s: tuple[tuple[str, float], ...] = ()
    slack: tuple[tuple[str, float], ...] = ()


class Stake(msgspec.Struct, frozen=True):
    """One promise in an exposure: its worth from this day on, and what of it remains.

    Of assets, what remains follows from ``slack_ratio`` and from what of ``total_qty`` is the
    node's; of suppliers from ``share``, what is published of a purchase. The last three are as in
    ``Exposure``, and ``purchase`` names whose shares they are.
    """

    commitment_id: str
    worth_micro_usd: int
    remaining_fraction: float
    share: float | None = None
    hhi_points: float | None = None
    replacement_s: float | None = None
    total_qty: int = 0
    node_qty: int = 0
    slack_ratio: float = 0.0
    purchase: str = ""


class Exposure(msgspec.Struct, frozen=True):
    """What a subject has at stake in a node, by promise; None where nothing is published."""

    subject: str
    node: str
    dependent_commitments_count: int
    is_single_point: bool
    min_cut_count: int
    value_at_risk_micro_usd: int
    group_share_fraction: float | None
    hhi_points: float | None
    remaining_after_loss_fraction: float
    replacement_s: float | None
    stakes: tuple[Stake, ...] = ()


class Findings(msgspec.Struct, frozen=True, eq=False):
    """Every exposure, by subject and node, and the single points of each promise."""

    exposures: tuple[Exposure, ...] = ()
    single_points: Mapping[str, int] = {}


class _Tie(msgspec.Struct, frozen=True):
    """One promise and one node it hangs on."""

    promise: Promise
    node: str
    cut_count: int
    stake: Stake


@lru_cache(maxsize=8)
def findings(promises: Promises, supply: Supply, outlook: Outlook, day_ns: int) -> Findings:
    """What hangs on what in the promises that run, worth what they are at the start of the day.

    Kept for the same ``promises`` object and equal inputs: the caller rounds them (``rounded``),
    so that noise does not make them differ.
    """
    ties = [
        tie
        for promise in promises.items
        if promises.runs(promise, promises.prepared_ns)
        for tie in _ties(promise, promises, supply, outlook, day_ns)
    ]
    single_points = {promise.commitment_id: 0 for promise in promises.items}
    for tie in ties:
        single_points[tie.promise.commitment_id] += tie.cut_count == 1
    exposures = (*_exposures(ties), *_purchase_exposures(promises, outlook))
    return Findings(exposures, single_points)


def rounded(quantity: int) -> int:
    """Down to six binary digits, by a thirty-second at most: never too hopeful, seldom another."""
    places = max(0, quantity.bit_length() - 6)
    return quantity >> places << places


def slack_ratio(available_qty: int, promised_qty: int) -> float:
    """Available over promised, down to a tenth, at most ``SLACK_MAX_RATIO``."""
    steps = available_qty * SLACK_STEPS_COUNT // max(1, promised_qty)
    return min(SLACK_MAX_RATIO, steps / SLACK_STEPS_COUNT)


def _ties(
    promise: Promise, promises: Promises, supply: Supply, outlook: Outlook, day_ns: int
) -> Iterator[_Tie]:
    worth = promise.value_between_micro_usd(day_ns, promise.ends_ns)
    if not promise.is_launch:
        yield from _asset_ties(promise, worth, promises, supply, outlook)
    yield from _supplier_ties(promise, worth, promises, outlook)


def _asset_ties(
    promise: Promise, worth: int, promises: Promises, supply: Supply, outlook: Outlook
) -> Iterator[_Tie]:
    """Sites, and segments of satellites, which stand on none."""
    held: dict[str, int] = {}
    for source in supply:
        if _may_serve(source, promise, promises):
            node = f"site/{source.site}" if source.site else f"segment/{source.segment}"
            held[node] = held.get(node, 0) + source.available_qty
    total = sum(held.values())
    if not total:
        return
    # Exact: where just enough is left, a binary fraction would say a hair less.
    told = dict(outlook.slack).get(promise.commitment_id)
    slack = Fraction(total, promise.terms.promised_qty)
    if told is not None:
        slack = Fraction(told).limit_denominator(SLACK_STEPS_COUNT)
    hhi = HHI_MAX_POINTS * sum((amount / total) ** 2 for _, amount in sorted(held.items()))
    replacement_s = dict(outlook.replacement_s)
    for node, amount in sorted(held.items()):
        others = sorted((each for name, each in held.items() if name != node), reverse=True)
        stake = Stake(
            promise.commitment_id,
            worth,
            float(min(Fraction(1), slack * Fraction(total - amount, total))),
            hhi_points=hhi,
            replacement_s=replacement_s.get(node.split("/")[0]),
            total_qty=total,
            node_qty=amount,
            slack_ratio=float(slack),
        )
        yield _Tie(promise, node, _cut_count([amount, *others], slack), stake)


def _supplier_ties(
    promise: Promise, worth: int, promises: Promises, outlook: Outlook
) -> Iterator[_Tie]:
    """The supplier, and whoever holds most of its votes and so decides for it."""
    terms = promise.terms
    others = promises.alternatives(promise, promises.prepared_ns)
    gone = set(terms.alternative_suppliers) - set(others)
    bought = next((each for each in outlook.purchases if each.name == terms.contract_id), None)
    replacement_s = dict(outlook.replacement_s).get(terms.commitment_kind)
    for node, lost in _deciders(terms.supplier, outlook):
        left = [name for name in others if name not in lost]
        share = hhi = None
        remaining = 0.0
        if not left:
            share, hhi = 1.0, float(HHI_MAX_POINTS)
        elif bought is not None:
            share, hhi = bought.share(lost), bought.hhi_points
            remaining = max(0.0, 1.0 - bought.share(lost | gone))
        stake = Stake(
            promise.commitment_id,
            worth,
            remaining,
            share=share,
            hhi_points=hhi,
            replacement_s=replacement_s if node.startswith("supplier/") else None,
            purchase=bought.name if bought is not None and left else "",
        )
        yield _Tie(promise, node, 1 + len(left), stake)


def _deciders(supplier: str, outlook: Outlook) -> Iterator[tuple[str, frozenset[str]]]:
    """The supplier and the person who rules it, each with all suppliers that go with it."""
    yield f"supplier/{supplier}", frozenset((supplier,))
    masters = {name: who for name, who, fraction in outlook.votes if fraction > MAJORITY_FRACTION}
    ruler = _ruler(supplier, masters)
    if ruler != supplier:
        ruled = frozenset(name for name in masters if _ruler(name, masters) == ruler)
        yield f"person/{ruler}", ruled


def _ruler(company: str, masters: Mapping[str, str]) -> str:
    """Who stands at the end of the chain of majorities; itself where nobody has one."""
    seen = [company]
    while (above := masters.get(seen[-1])) is not None and above not in seen:
        seen.append(above)
    return seen[-1]


def _purchase_exposures(promises: Promises, outlook: Outlook) -> Iterator[Exposure]:
    """What is published of purchases, whether a promise is part of them or not."""
    replacement_s = dict(outlook.replacement_s)
    for bought in outlook.purchases:
        those = [each for each in promises.items if each.terms.contract_id == bought.name]
        nodes = dict(node for name, _ in bought.shares for node in _deciders(name, outlook))
        suppliers_count = len(bought.shares) + bought.others_count
        for node, lost in sorted(nodes.items()):
            share = bought.share(lost)
            is_supplier = node.startswith("supplier/")
            yield Exposure(
                subject=f"purchase/{bought.name}",
                node=node,
                dependent_commitments_count=len(those),
                is_single_point=suppliers_count == 1,
                min_cut_count=suppliers_count,
                value_at_risk_micro_usd=0,
                group_share_fraction=share,
                hhi_points=bought.hhi_points,
                remaining_after_loss_fraction=max(0.0, 1.0 - share),
                replacement_s=replacement_s.get(bought.commitment_kind) if is_supplier else None,
            )


def lost_with(node: str, purchase: Purchase, outlook: Outlook) -> tuple[str, ...]:
    """The suppliers of a purchase that go with a node."""
    nodes = dict(each for name, _ in purchase.shares for each in _deciders(name, outlook))
    return tuple(sorted(nodes.get(node, frozenset()) & {name for name, _ in purchase.shares}))


def _may_serve(source: Source, promise: Promise, promises: Promises) -> bool:
    terms = promise.terms
    if source.resource != terms.resource or not source.available_qty:
        return False
    if terms.location_limit and source.segment not in terms.location_limit:
        return False
    if not terms.accreditation:
        return True
    return any(
        (terms.service, terms.accreditation, place) in promises.accreditations
        for place in (source.segment, source.site)
    )


def _cut_count(amounts: Sequence[int], slack: Fraction) -> int:
    """How many nodes with these amounts, in this order, go until less is left than promised."""
    total = left = sum(amounts)
    for count, amount in enumerate(amounts, start=1):
        left -= amount
        if slack * left < total:
            return count
    return len(amounts)


def _exposures(ties: Iterable[_Tie]) -> Iterator[Exposure]:
    by_key: dict[tuple[str, str], list[_Tie]] = {}
    for tie in ties:
        for subject in _subjects(tie.promise):
            by_key.setdefault((subject, tie.node), []).append(tie)
    for (subject, node), those in sorted(by_key.items()):
        yield _exposure(subject, node, those)


def _subjects(promise: Promise) -> Iterator[str]:
    yield f"commitment/{promise.commitment_id}"
    parts = promise.terms.customer.split("/")
    yield from (f"customer/{'/'.join(parts[:depth])}" for depth in range(1, len(parts) + 1))
    yield GROUP


def _exposure(subject: str, node: str, ties: list[_Tie]) -> Exposure:
    """Several promises as one: values add up, shares are weighted by value."""
    stakes = tuple(tie.stake for tie in ties)
    replacements = [each.replacement_s for each in stakes if each.replacement_s is not None]
    remaining = _weighted([(each.worth_micro_usd, each.remaining_fraction) for each in stakes])
    return Exposure(
        subject=subject,
        node=node,
        dependent_commitments_count=len(ties),
        is_single_point=any(tie.cut_count == 1 for tie in ties),
        min_cut_count=min(tie.cut_count for tie in ties),
        value_at_risk_micro_usd=sum(
            round(each.worth_micro_usd * (1.0 - each.remaining_fraction)) for each in stakes
        ),
        group_share_fraction=_weighted([(each.worth_micro_usd, each.share) for each in stakes]),
        hhi_points=_weighted([(each.worth_micro_usd, each.hhi_points) for each in stakes]),
        remaining_after_loss_fraction=remaining if remaining is not None else 0.0,
        replacement_s=max(replacements, default=None),
        stakes=stakes,
    )


def _weighted(values: Iterable[tuple[int, float | None]]) -> float | None:
    """The mean of what is known, weighted; the plain mean where nothing has a value."""
    known = [(weight, value) for weight, value in values if value is not None]
    if not known:
        return None
    total = sum(weight for weight, _ in known)
    if not total:
        return sum(value for _, value in known) / len(known)
    # Exact before it is rounded once: the mean of equal values is that value. In integers, for
    # every float is one over a power of two.
    exact = [(weight, *value.as_integer_ratio()) for weight, value in known]
    scale = max(denominator for _, _, denominator in exact)
    parts = (weight * over * (scale // below) for weight, over, below in exact)
    return sum(parts) / (scale * total)
