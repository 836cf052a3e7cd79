"""The contracts a world opens with: compute sold, the government's programmes, and the rest."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final, Literal

from twin.baseline import Baseline
from twin.business.lines import LINES
from twin.events import ContractSigned, RampStep
from twin.simulate.account_numbers import basis_of, day, end, usd

MICRO: Final = Decimal("0.000001")


def opening_contracts(baseline: Baseline) -> Iterator[ContractSigned]:
    """Every contract of which a price is known or assumed, whenever it ends."""
    yield from _compute_contracts(baseline)
    yield from _space_contracts(baseline)
    yield from _government_contracts(baseline)
    yield from _other_contracts(baseline)


def _compute_contracts(baseline: Baseline) -> Iterator[ContractSigned]:
    place = "contract.anthropic-compute"
    starts_at = day(baseline, f"{place}.starts_date")
    yield ContractSigned(
        contract_id="anthropic-compute",
        customer="Anthropic",
        counterparty="enterprise",
        reporting_segment="AI",
        line="compute_contracts",
        price_usd=usd(baseline, f"{place}.price_usd_per_month"),
        price_unit="month",
        starts_at=starts_at,
        ends_at=end(baseline, f"{place}.ends_date"),
        quantity=int(baseline.number(f"{place}.accelerators_count")),
        resource="accelerator_count",
        ramp=(
            RampStep(starts_at, baseline.number(f"{place}.ramp_fraction")),
            RampStep(day(baseline, f"{place}.full-fee_date"), 1.0),
        ),
        notice_s=baseline.number(f"{place}.notice_s"),
        basis=basis_of(baseline, f"{place}.ramp_fraction"),
    )
    place = "contract.google-compute"
    yield ContractSigned(
        contract_id="google-compute",
        customer="Google",
        counterparty="enterprise",
        reporting_segment="AI",
        line="compute_contracts",
        price_usd=usd(baseline, f"{place}.price_usd_per_month"),
        price_unit="month",
        starts_at=day(baseline, f"{place}.starts_date"),
        ends_at=end(baseline, f"{place}.ends_date"),
        quantity=int(baseline.number(f"{place}.accelerators_count")),
        resource="accelerator_count",
        notice_s=baseline.number(f"{place}.notice_s"),
        notice_from=day(baseline, f"{place}.notice-from_date"),
        basis=basis_of(baseline, f"{place}.price_usd_per_month"),
    )


def _space_contracts(baseline: Baseline) -> Iterator[ContractSigned]:
    yield _government(
        baseline,
        "nssl-phase3",
        customer="us-government",
        line="launch_services",
        price=("launch", "contract.nssl-phase3.price-per-launch_usd"),
        ends="defense.nssl3-lane2.ends_date",
        starts="contract.nssl-phase3.starts_date",
        launches_count=int(baseline.number("contract.nssl-phase3.launches_count")),
    )
    yield _government(
        baseline,
        "nasa-crew-cargo",
        customer="nasa",
        line="launch_development",
        price=("launch", "launch.dragon.mission-price_usd"),
        launches_count=int(baseline.number("contract.nasa-crew-cargo.launches_count")),
    )
    yield _government(
        baseline,
        "nasa-lunar-lander",
        customer="nasa",
        line="launch_development",
        price=("month", "contract.nasa-lunar-lander.price_usd_per_month"),
    )


def _government_contracts(baseline: Baseline) -> Iterator[ContractSigned]:
    yield _government(baseline, "pleo", price=("month", "contract.pleo.price_usd_per_month"))
    yield _government(
        baseline,
        "nro-starshield",
        price=("total", "defense.nro-starshield.value-later_usd"),
        starts="contract.nro-starshield.starts_date",
    )
    yield _government(
        baseline,
        "sdn-backbone",
        price=("total", "defense.sdn-backbone.value_usd"),
        starts="contract.sdn-backbone.starts_date",
        ends="defense.sdn-backbone.prototype-due_date",
    )
    yield _government(
        baseline,
        "sb-amti",
        price=("total", "defense.sb-amti.value_usd"),
        starts="contract.sb-amti.starts_date",
        ends="defense.sb-amti.due_date",
    )
    yield _government(
        baseline,
        "cdao",
        line="api_tokens",
        price=("total", "defense.cdao.ceiling_usd"),
        share="contract.cdao.spent_fraction",
        starts="contract.cdao.starts_date",
        ends="contract.cdao.ends_date",
    )


def _other_contracts(baseline: Baseline) -> Iterator[ContractSigned]:
    ends_at = end(baseline, "contract.open-ended.ends_date")
    notice_s = baseline.number("contract.open-ended.notice_s")
    starts_at = f"{baseline.opens_on}T00:00:00Z"
    for contract_id, customer, line in (
        ("starlink-enterprise", "enterprise", "enterprise"),
        ("data-licensing", "enterprise", "data_licensing"),
    ):
        yield ContractSigned(
            contract_id=contract_id,
            customer=customer,
            counterparty="enterprise",
            reporting_segment=LINES[line],
            line=line,
            price_usd=usd(baseline, f"contract.{contract_id}.price_usd_per_month"),
            price_unit="month",
            starts_at=starts_at,
            ends_at=ends_at,
            notice_s=notice_s,
            basis="assumed",
        )
    yield ContractSigned(
        contract_id="ai-backhaul",
        customer="xAI",
        counterparty="group",
        reporting_segment="Connectivity",
        line="enterprise",
        price_usd=usd(baseline, "contract.ai-backhaul.price_usd_per_month"),
        price_unit="month",
        starts_at=starts_at,
        ends_at=ends_at,
        notice_s=notice_s,
        buyer_segment="AI",
        basis="assumed",
    )


def _government(
    baseline: Baseline,
    contract_id: str,
    *,
    price: tuple[Literal["total", "month", "launch"], str],
    customer: str = "us-government",
    line: str = "government",
    share: str = "",
    starts: str = "",
    ends: str = "contract.open-ended.ends_date",
    launches_count: int = 0,
) -> ContractSigned:
    """A contract that the government may end for convenience, without notice."""
    unit, price_name = price
    amount = usd(baseline, price_name) * (usd(baseline, share) if share else 1)
    return ContractSigned(
        contract_id=contract_id,
        customer=customer,
        counterparty="us-government",
        reporting_segment=LINES[line],
        line=line,
        price_usd=amount.quantize(MICRO, ROUND_HALF_EVEN),
        price_unit=unit,
        starts_at=day(baseline, starts) if starts else f"{baseline.opens_on}T00:00:00Z",
        ends_at=end(baseline, ends),
        quantity=launches_count,
        resource="launches" if launches_count else "",
        notice_s=baseline.number("defense.termination.government-notice_s"),
        basis=basis_of(baseline, price_name, ends, *filter(None, (share, starts))),
    )
