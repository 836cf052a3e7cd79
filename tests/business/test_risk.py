"""Risk: segments, sites, suppliers and persons that promises hang on; claims and counter-claims."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.business.promising import KNOWN, START_NS, launches, promised, terms
from twin.baseline import load
from twin.business import commitments
from twin.business.commitments import Promises
from twin.business.promise import Known
from twin.business.purchases import purchases, replacements_s
from twin.business.risk import (
    DAY_NS,
    Exposure,
    Outlook,
    Purchase,
    Source,
    findings,
    rounded,
    slack_ratio,
)
from twin.events import AccreditationChanged, CommitmentAgreed, SupplierExited
from twin.simulate.promises import promise_facts
from twin.units import parse_instant

VOTES = (("SpaceX", "Musk", 0.851), ("xAI", "SpaceX", 1.0))


def exposure(promises: Promises, subject: str, node: str, *sources: Source, **more) -> Exposure:
    found = findings(promises, tuple(sources), Outlook(**more), START_NS)
    return next(e for e in found.exposures if (e.subject, e.node) == (subject, node))


def single_points(promises: Promises, *sources: Source, day_ns: int = START_NS, **more) -> int:
    return findings(promises, tuple(sources), Outlook(**more), day_ns).single_points["sdn"]


def downlink(segment: str, quantity: int) -> Source:
    return Source(segment, "", "downlink_bps", quantity)


def left(promises: Promises, supplier: str) -> Promises:
    fact = SupplierExited(supplier, "us-government", "", 0.0)
    return commitments.supplier_exited(
        promises, fact, effective_ns=START_NS - 1, tick_ns=START_NS + 1
    )


def opening(world: str) -> tuple[Promises, int, Outlook]:
    """A world's promises as told, and what is published of them."""
    baseline = load(world)
    day_ns = parse_instant(f"{baseline.opens_on}T00:00:00Z")
    segments = {each.segment for each in (*baseline.satellite_segments, *baseline.sites)}
    known = Known(
        services=frozenset(("starlink", "grok-gov", "defense")),
        segments=frozenset(segments),
        sites=frozenset(site.segment for site in baseline.sites),
        regions=frozenset(box.name for box in baseline.regions),
    )
    promises = Promises()
    for fact, _, _ in promise_facts(baseline):
        if isinstance(fact, CommitmentAgreed):
            promises = commitments.agreed(promises, fact, tick_ns=day_ns + 1, known=known)
        elif isinstance(fact, AccreditationChanged):
            promises = commitments.accreditation_changed(
                promises, fact, tick_ns=day_ns + 1, known=known
            )
    outlook = Outlook(
        purchases=purchases(baseline.number),
        votes=VOTES,
        replacement_s=replacements_s(lambda name: told(baseline, name)),
    )
    return promises, day_ns, outlook


def told(baseline, name: str) -> float:
    """As the registry answers: zero for what nobody told."""
    return baseline.number(name) if name in baseline.assumptions else 0.0


def test_a_segment_is_a_single_point_when_the_others_cannot_keep_the_promise() -> None:
    promises = promised(terms())

    large = exposure(promises, "commitment/sdn", "segment/a", downlink("a", 90), downlink("b", 60))
    small = exposure(promises, "commitment/sdn", "segment/b", downlink("a", 120), downlink("b", 60))

    assert (large.is_single_point, large.remaining_after_loss_fraction) == (
        True,
        pytest.approx(0.6),
    )
    # Of the 10,000 dollars.
    assert large.value_at_risk_micro_usd == pytest.approx(4_000_000_000)
    assert (small.is_single_point, small.remaining_after_loss_fraction) == (False, 1.0)
    assert small.min_cut_count == 2


def test_only_segments_that_may_serve_a_promise_count() -> None:
    promises = promised(terms(location_limit=("sl-53",)))

    found = findings(promises, (downlink("a", 500), downlink("sl-53", 500)), Outlook(), START_NS)

    nodes = {e.node for e in found.exposures if e.subject == "commitment/sdn"}
    assert nodes == {"segment/sl-53", "supplier/SpaceX"}


def test_a_level_is_served_by_accredited_sites_alone() -> None:
    promises = promised(
        terms(
            commitment_kind="ai",
            resource="accelerator_count",
            service="grok-gov",
            accreditation="IL5",
        )
    )
    fact = AccreditationChanged("grok-gov", "c1-h100", "IL5", is_granted=True)
    promises = commitments.accreditation_changed(promises, fact, tick_ns=START_NS + 1, known=KNOWN)
    sites = [Source(n, n, "accelerator_count", 1000) for n in ("c1-h100", "c2-gb200")]

    only = exposure(promises, "commitment/sdn", "site/c1-h100", *sites)

    assert only.is_single_point
    assert only.remaining_after_loss_fraction == 0.0


def test_what_is_available_in_its_theatre_goes_before_what_is_anywhere() -> None:
    promises = promised(terms(region="europe"))
    sources = (downlink("a", 9000), downlink("b", 1000))

    everywhere = exposure(promises, "commitment/sdn", "segment/a", *sources)
    there = exposure(promises, "commitment/sdn", "segment/a", *sources, slack=(("sdn", 2.0),))

    assert not everywhere.is_single_point
    assert there.remaining_after_loss_fraction == pytest.approx(0.2)


def test_a_sole_supplier_and_the_person_who_rules_it_are_single_points() -> None:
    sole = promised(terms())
    other = promised(terms(alternative_suppliers=("ULA",)))

    assert single_points(sole, votes=VOTES) == 2
    assert single_points(other, votes=VOTES) == 0
    person = exposure(sole, "customer/us-government", "person/Musk", votes=VOTES)
    assert (person.group_share_fraction, person.hhi_points) == (1.0, 10_000.0)


def test_nobody_rules_without_most_of_the_votes() -> None:
    promises = promised(terms())

    assert single_points(promises, votes=(("SpaceX", "Musk", 0.5),)) == 1


def test_votes_are_followed_through_companies_and_round_in_circles_end() -> None:
    promises = promised(terms(supplier="xAI", alternative_suppliers=("SpaceX",)))
    circle = (("SpaceX", "xAI", 1.0), ("xAI", "SpaceX", 1.0))

    through = exposure(promises, "commitment/sdn", "person/Musk", votes=VOTES)
    single_points(promises, votes=circle)

    # The only alternative is his too.
    assert through.is_single_point


def test_a_supplier_that_leaves_makes_the_last_one_a_single_point() -> None:
    promises = promised(terms(alternative_suppliers=("Blue Origin", "ULA")))

    seen = [single_points(promises, votes=VOTES)]
    for supplier in ("ULA", "Blue Origin"):
        promises = left(promises, supplier)
        seen.append(single_points(promises, votes=VOTES))

    assert seen == [0, 0, 2]


@settings(max_examples=60, deadline=None)
@given(
    names=st.sets(st.sampled_from("ABCDE"), max_size=5),
    leaving=st.lists(st.sampled_from("ABCDE"), unique=True),
)
def test_an_exit_never_lowers_the_single_points(names: set[str], leaving: list[str]) -> None:
    promises = promised(terms(alternative_suppliers=tuple(sorted(names))))
    before = single_points(promises, votes=VOTES)

    for supplier in leaving:
        if supplier in names:
            promises = left(promises, supplier)
            after = single_points(promises, votes=VOTES)
            assert after >= before
            before = after

    assert before == (2 if names <= set(leaving) else 0)


@settings(max_examples=150, deadline=None)
@example(amounts=[15, 100])
@given(amounts=st.lists(st.integers(1, 120), min_size=1, max_size=5))
def test_the_smallest_cut_is_the_one_found_by_trying_all(amounts: list[int]) -> None:
    promises = promised(terms())
    sources = tuple(downlink(f"s{place}", n) for place, n in enumerate(amounts))

    found = findings(promises, sources, Outlook(), START_NS)

    cuts = {
        int(e.node.removeprefix("segment/s")): e.min_cut_count
        for e in found.exposures
        if e.subject == "commitment/sdn" and e.node.startswith("segment/")
    }
    assert cuts == {place: smallest_cut(amounts, place) for place in range(len(amounts))}


def smallest_cut(amounts: list[int], place: int) -> int:
    """The fewest, that one among them, without which fewer than 100 are left."""
    for count in range(1, len(amounts) + 1):
        for gone in combinations(range(len(amounts)), count):
            if place in gone and sum(n for i, n in enumerate(amounts) if i not in gone) < 100:
                return count
    raise AssertionError("all of them always are enough")


def test_a_government_has_the_promises_of_its_departments() -> None:
    promises = promised(
        terms("a", customer="us-government/nro"),
        terms("b", customer="us-government/space-force"),
        launches("c", customer="enterprise"),
    )

    counts = {
        subject: exposure(promises, subject, "supplier/SpaceX").dependent_commitments_count
        for subject in ("customer/us-government", "customer/us-government/nro", "group")
    }

    assert counts == {
        "customer/us-government": 2,
        "customer/us-government/nro": 1,
        "group": 3,
    }


def test_concentration_is_the_sum_of_squared_shares() -> None:
    bought = Purchase("p", "launch", (("SpaceX", 0.5), ("ULA", 0.3)), others_count=2)

    assert bought.hhi_points == pytest.approx(10_000 * (0.25 + 0.09 + 0.02))


def test_the_claim_of_one_man_stands_beside_what_speaks_against_it() -> None:
    promises, day_ns, outlook = opening("2029")

    found = findings(promises, (), outlook, day_ns)

    said = {(e.subject, e.node): e for e in found.exposures}
    pleo = said["purchase/pleo", "person/Musk"]
    lane = said["commitment/nssl-lane2", "supplier/SpaceX"]
    flown = said["purchase/nssl-2025", "person/Musk"]
    classified = said["commitment/classified-grok", "person/Musk"]
    genai = said["commitment/genai-mil", "person/Musk"]
    # For it: nearly every task order, eleven of twelve missions, and one model alone.
    assert pleo.group_share_fraction == 0.97
    assert flown.group_share_fraction == pytest.approx(11 / 12)
    assert classified.is_single_point
    # Against it: twenty vendors, two other launch companies, other models.
    assert pleo.min_cut_count == 20
    assert not lane.is_single_point
    assert lane.remaining_after_loss_fraction == pytest.approx(26 / 54)
    assert not genai.is_single_point
    assert said["customer/us-government", "person/Musk"].dependent_commitments_count == 9
    assert said["customer/us-government", "person/Musk"].is_single_point


@pytest.mark.parametrize("world", ["2026", "2029"])
def test_every_opening_promise_holds_and_says_what_it_rests_on(world: str) -> None:
    promises, day_ns, outlook = opening(world)

    found = findings(promises, (), outlook, day_ns)

    bases = {each.commitment_id: each.terms.terms_basis for each in promises.items}
    assert len(bases) == 11
    assert {name for name, basis in bases.items() if basis == "public"} == {
        "starlink-priority-europe",
        "starlink-priority-north-america",
    }
    assert {name for name, basis in bases.items() if basis == "reported"} == {"nssl-lane2"}
    keys = [(e.subject, e.node) for e in found.exposures]
    assert len(keys) == len(set(keys))
    assert dict(outlook.replacement_s).keys() == {
        *("ai", "communications", "launch", "sensing", "segment", "site")
    }


def test_the_published_service_level_is_kept_to_the_letter() -> None:
    promises, _, _ = opening("2029")

    priority = next(e for e in promises.items if e.commitment_id == "starlink-priority-europe")

    # 44.64 minutes in 31 days, outages from a minute on, a fifth of the fees.
    assert priority.terms.window_s * (1 - priority.terms.threshold_fraction) == pytest.approx(
        44.64 * 60
    )
    assert priority.terms.window_s == 31 * 86_400
    assert (priority.terms.outage_min_s, priority.terms.credit_fraction) == (60, 0.2)


def test_findings_are_kept_while_nothing_changed() -> None:
    promises, sources = promised(terms()), (downlink("a", 500),)

    once = findings(promises, sources, Outlook(), START_NS)

    assert findings(promises, (downlink("a", 500),), Outlook(), START_NS) is once
    assert findings(promises, sources, Outlook(), START_NS + DAY_NS) is not once


@given(quantity=st.integers(0, 2**62))
def test_quantities_are_rounded_down_by_a_thirty_second_at_most(quantity: int) -> None:
    assert quantity * 31 <= rounded(quantity) * 32 <= quantity * 32
    assert rounded(rounded(quantity)) == rounded(quantity)


def test_slack_is_rounded_down_and_bounded() -> None:
    assert (slack_ratio(199, 100), slack_ratio(10**6, 100), slack_ratio(99, 100)) == (1.9, 8.0, 0.9)
