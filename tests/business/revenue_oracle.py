"""Money accrued in exact fractions over a whole span at once, slowly: what every tick must add up
to, however the span is cut."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from twin.business.terms import Contract

MONTH_MS = Fraction(730 * 3_600_000)
HOUR_MS = Fraction(3_600_000)
MILLION = 1_000_000


class Span(NamedTuple):
    """A tick as the oracle sees it; tokens are (input, output)."""

    start_ms: int
    end_ms: int
    delivered: int = 0
    tokens: tuple[int, int] = (0, 0)


def accrued_micro_usd(contract: Contract, spans: Sequence[Span]) -> int:
    """What a contract has earned at the end of the last span."""
    match contract.price_unit:
        case "accelerator_h":
            return int(contract.price_micro_usd * _work(contract, spans) / HOUR_MS)
        case "mtok":
            tokens = sum(sum(span.tokens) for span in spans if _ms(contract, span))
            return contract.price_micro_usd * tokens // MILLION
        case "launch":
            return 0
    period = MONTH_MS if contract.price_unit == "month" else Fraction(_term_ms(contract))
    if contract.is_by_share:
        whole_ms = int(_work(contract, spans) / contract.quantity)
        return int(contract.price_micro_usd * whole_ms / period)
    due = sum(
        (
            Fraction(contract.price_micro_usd * share_ppm // MILLION * overlap_ms)
            for span in spans
            for share_ppm, overlap_ms in _pieces(contract, span)
        ),
        Fraction(0),
    )
    return int(due / period)


def _work(contract: Contract, spans: Sequence[Span]) -> Fraction:
    """Accelerator-milliseconds, at most those that were due."""
    return Fraction(
        sum(
            min(span.delivered, contract.quantity * share_ppm // MILLION) * overlap_ms
            for span in spans
            for share_ppm, overlap_ms in _pieces(contract, span)
        )
    )


def _pieces(contract: Contract, span: Span) -> list[tuple[int, int]]:
    """Share of the price and milliseconds of it, minute details of ramp and ends included."""
    edges = {span.start_ms, span.end_ms}
    cuts = [contract.starts_ns, contract.ends_ns, *(step.from_ns for step in contract.ramp)]
    edges |= {cut // MILLION for cut in cuts if span.start_ms < cut // MILLION < span.end_ms}
    ordered = sorted(edges)
    return [
        (contract.share_ppm(first * MILLION), last - first) for first, last in pairwise(ordered)
    ]


def _ms(contract: Contract, span: Span) -> int:
    first = max(span.start_ms, contract.starts_ns // MILLION)
    last = min(span.end_ms, contract.ends_ns // MILLION)
    return max(0, last - first)


def _term_ms(contract: Contract) -> int:
    return contract.term_ends_ns // MILLION - contract.starts_ns // MILLION
