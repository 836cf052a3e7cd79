"""Promises for tests: terms with defaults, and a twin's few lines around judging."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np

from twin.business import commitments
from twin.business.commitments import Promises
from twin.business.judging import HORIZON, Horizon, Judged, judged
from twin.business.promise import Known
from twin.business.windows import W, Windows
from twin.events import CommitmentAgreed
from twin.units import NS_PER_S, instant_text, parse_instant

START_NS = parse_instant("2029-01-01T00:00:00Z")
TICK_S = 60
KNOWN = Known(
    services=frozenset(("starlink", "grok-gov")),
    segments=frozenset(("sl-53", "shield-sdn", "c1-h100", "c2-gb200")),
    sites=frozenset(("c1-h100", "c2-gb200")),
    regions=frozenset(("europe", "indo-pacific")),
)


def at(seconds: float) -> str:
    return instant_text(START_NS + round(seconds * NS_PER_S))


def terms(commitment_id: str = "sdn", **more: Any) -> CommitmentAgreed:
    """100 bps anywhere, 90 % of each 1,000 s, for 10,000 s and as many dollars."""
    given = {
        "commitment_id": commitment_id,
        "contract_id": "k",
        "customer": "us-government/space-force",
        "commitment_kind": "communications",
        "resource": "downlink_bps",
        "promised_qty": 100,
        "region": "",
        "priority": 1,
        "supplier": "SpaceX",
        "terms_basis": "assumed",
        "threshold_fraction": 0.9,
        "window_s": 1000.0,
        "starts_at": at(0),
        "ends_at": at(10_000),
        "value_usd": Decimal(10_000),
        "credit_fraction": 0.2,
    }
    return CommitmentAgreed(**{**given, **more})


def launches(commitment_id: str = "nssl", **more: Any) -> CommitmentAgreed:
    """Four launches within 8,000 s."""
    given = {
        "commitment_kind": "launch",
        "resource": "launch_count",
        "promised_qty": 4,
        "threshold_fraction": 1.0,
        "window_s": 0.0,
        "due_at": at(8_000),
    }
    return terms(commitment_id, **{**given, **more})


def promised(*agreed: CommitmentAgreed) -> Promises:
    promises = Promises()
    for fact in agreed:
        promises = commitments.agreed(promises, fact, tick_ns=START_NS + 1, known=KNOWN)
    return promises


class Ledger:
    """Judges tick after tick, as the fold does; keeps every change and every credit."""

    def __init__(self, promises: Promises, *, horizon: Horizon = HORIZON) -> None:
        self.promises, self.windows, self.horizon = promises, Windows(), horizon
        self.now_ns = START_NS
        self.changes: list[Judged] = []
        self.credits_micro_usd: dict[str, int] = {}

    @property
    def next_ns(self) -> int:
        """When the tick that is open ends, at the usual length."""
        return self.now_ns + TICK_S * NS_PER_S

    def tick(
        self,
        *granted_qty: int,
        seconds: int = TICK_S,
        flown: dict[str, int] | None = None,
    ) -> tuple[Judged, ...]:
        """One tick, in which each need got so much."""
        end_ns = self.now_ns + seconds * NS_PER_S
        self.promises = commitments.current(self.promises, end_ns)
        granted = np.array(granted_qty, dtype=np.int64)
        self.windows, changes, given_back = judged(
            self.promises,
            self.windows,
            granted_qty=granted,
            wanted_qty=granted,
            used_qty=granted,
            launches_flown_by_commitment=flown or {},
            start_ns=self.now_ns,
            tick_ns=end_ns,
            horizon=self.horizon,
        )
        self.now_ns = end_ns
        self.changes += changes
        for contract_id, amount in given_back.items():
            known = self.credits_micro_usd.get(contract_id, 0)
            self.credits_micro_usd[contract_id] = known + amount
        return changes

    def value(self, column: W, place: int = 0) -> int:
        return int(self.windows.rows[place, column])

    def status(self, place: int = 0) -> str:
        return self.windows.status(place)
