"""Every figure of revenue, promises and risk is reckoned again from ``/v1/why`` alone."""

from __future__ import annotations

from decimal import Decimal

import httpx
import pytest

from tests.api.reckoning import MICRO, Body, keys, said, summed, worked_out


def test_the_backlog_of_every_line_is_the_price_of_what_is_left_of_its_contracts(
    client: httpx.Client,
) -> None:
    rows = {key: row for key, row in keys(client, "revenue") if row["backlog_usd"]}

    bodies = {key: said(client, "revenue", key, "backlog_usd") for key in rows}

    assert {"AI,compute_contracts,enterprise", "Space,launch_services,us-government"} <= set(rows)
    for key, body in bodies.items():
        parts = body["reckoning"]["parts"]
        counted = [part for part in parts if not part["formula"].startswith("0:")]
        own = [worked_out(part["formula"], part["terms"]) for part in counted]
        assert own == pytest.approx([part["value"] for part in counted], rel=1e-12, abs=MICRO)
        assert sum(p["value"] for p in parts) == pytest.approx(rows[key]["backlog_usd"], rel=1e-12)
        assert all(part["terms"]["ends"] for part in parts)


@pytest.mark.parametrize("column", ["run_rate_usd_per_y", "terminable_90d_usd_per_y"])
def test_a_run_rate_is_that_of_its_items(client: httpx.Client, column: str) -> None:
    rows = {key: row for key, row in keys(client, "revenue") if row[column]}

    bodies = {key: said(client, "revenue", key, column) for key in rows}

    assert rows
    for key, body in bodies.items():
        assert summed(body) == pytest.approx(rows[key][column], rel=1e-9)


@pytest.mark.parametrize("column", ["operating_cost_usd", "energy_cost_usd", "depreciation_usd"])
def test_the_cost_of_a_line_is_its_share_of_its_segments_by_what_lines_earned_so_far(
    client: httpx.Client, column: str
) -> None:
    def micro(amount: float) -> int:
        return int(Decimal(repr(amount)) * 1_000_000)

    rows = dict(keys(client, "revenue"))
    assert any(row[column] for row in rows.values())
    for key, row in rows.items():
        reckoning = said(client, "revenue", key, column)["reckoning"]

        lines = [p for p in reckoning["parts"] if p["name"].startswith("line/")]
        weights = {p["name"].removeprefix("line/"): micro(p["value"]) for p in lines}
        total, all_earned = micro(reckoning["terms"]["segment_usd"]), sum(weights.values())
        assert micro(reckoning["terms"]["segment_earned_so_far_usd"]) == all_earned
        if not all_earned:
            continue
        shares = {name: total * weight // all_earned for name, weight in weights.items()}
        by_rest = sorted(weights, key=lambda name: (-(total * weights[name] % all_earned), name))
        for name in by_rest[: total - sum(shares.values())]:
            shares[name] += 1
        assert shares[key] == micro(row[column])


@pytest.mark.parametrize("column", ["operating_cost_usd", "energy_cost_usd", "depreciation_usd"])
def test_the_cost_of_a_segment_is_what_it_paid(client: httpx.Client, column: str) -> None:
    for key, _ in keys(client, "revenue"):
        reckoning = said(client, "revenue", key, column)["reckoning"]

        paid = [p for p in reckoning["parts"] if not p["name"].startswith("line/")]
        values = [worked_out(p["formula"], p["terms"]) if p["terms"] else p["value"] for p in paid]
        off = MICRO * (len(paid) + 1)
        assert sum(values) == pytest.approx(reckoning["terms"]["segment_usd"], abs=off)


@pytest.mark.parametrize(
    "column", ["recognised_usd", "operating_income_usd", "deferred_usd", "credits_usd"]
)
def test_what_follows_from_other_columns_follows_from_the_terms(
    client: httpx.Client, column: str
) -> None:
    for key, row in keys(client, "revenue"):
        reckoning = said(client, "revenue", key, column)["reckoning"]

        found = sum(p["value"] for p in reckoning["parts"])
        if reckoning["terms"]:
            found = worked_out(reckoning["formula"], reckoning["terms"])
        assert found == pytest.approx(row[column], rel=1e-12, abs=MICRO)


def test_tokens_are_paid_at_the_price_of_the_list_for_the_part_that_is_billed(
    client: httpx.Client,
) -> None:
    key = "AI,api_tokens,enterprise"
    body = said(client, "revenue", key, "gross_usd")
    delivered = said(client, "revenue", key, "delivered_qty")

    (part,) = body["reckoning"]["parts"]
    terms = part["terms"]
    paid = (
        terms["input_tok"] * terms["list_input_usd_per_mtok"]
        + terms["output_tok"] * terms["list_output_usd_per_mtok"]
    )
    assert 0 < terms["billed_fraction"] < 1
    assert paid * terms["billed_fraction"] / 1e6 == pytest.approx(body["value"], abs=2 * MICRO)
    assert summed(delivered) == terms["input_tok"] + terms["output_tok"] == delivered["value"]


def test_what_was_delivered_is_the_sum_of_its_items(client: httpx.Client) -> None:
    for key, row in keys(client, "revenue"):
        parts = said(client, "revenue", key, "delivered_qty")["reckoning"]["parts"]

        assert sum(part["value"] for part in parts) == row["delivered_qty"]


def test_what_a_broken_window_would_give_back_is_a_fraction_of_its_worth(
    client: httpx.Client,
) -> None:
    rows = dict(keys(client, "commitments"))
    assert any(row["credit_exposure_usd"] for row in rows.values())
    for key, row in rows.items():
        reckoning = said(client, "commitments", key, "credit_exposure_usd")["reckoning"]

        (window,) = reckoning["parts"]
        worth = worked_out(window["formula"], window["terms"])
        assert worth == pytest.approx(window["value"], rel=1e-12, abs=MICRO)
        assert window["value"] == reckoning["terms"]["window_worth_usd"]
        found = worked_out(reckoning["formula"], reckoning["terms"])
        assert found == pytest.approx(row["credit_exposure_usd"], rel=1e-12, abs=MICRO)


@pytest.mark.parametrize("column", ["earned_usd", "credit_usd"])
def test_what_a_promise_earned_and_gave_back_follows_from_the_terms(
    client: httpx.Client, column: str
) -> None:
    rows = dict(keys(client, "commitments"))

    for key, row in rows.items():
        reckoning = said(client, "commitments", key, column)["reckoning"]
        found = worked_out(reckoning["formula"], reckoning["terms"])

        assert found == pytest.approx(row[column], rel=1e-9, abs=2 * MICRO)


def test_what_a_closed_window_gave_back_follows_from_its_worth(client: httpx.Client) -> None:
    rows = dict(keys(client, "commitment_windows"))
    assert rows
    for key, row in rows.items():
        reckoning = said(client, "commitment_windows", key, "credit_usd")["reckoning"]

        found = worked_out(reckoning["formula"], reckoning["terms"])
        assert found == pytest.approx(row["credit_usd"], rel=1e-12, abs=MICRO)


def worth_of(terms: Body) -> float:
    """What is left of a promise, from the start of the day on."""
    return float(terms["value_usd"] * terms["left_s"] / terms["duration_s"])


def remaining_of(terms: Body) -> float:
    """What remains of a promise when some of its assets go."""
    left = (terms["total_qty"] - terms["node_qty"]) / terms["total_qty"]
    return float(min(1.0, terms["slack_ratio"] * left))


def test_value_at_risk_is_what_is_left_of_each_promise_less_what_remains(
    client: httpx.Client,
) -> None:
    for key, row in keys(client, "risk"):
        parts = said(client, "risk", key, "value_at_risk_usd")["reckoning"]["parts"]

        for terms in (part["terms"] for part in parts):
            assert terms["worth_usd"] == pytest.approx(worth_of(terms), rel=1e-12, abs=MICRO)
            if "total_qty" in terms:
                assert terms["remaining_fraction"] == pytest.approx(remaining_of(terms), abs=1e-12)
        lost = sum(
            part["terms"]["worth_usd"] * (1 - part["terms"]["remaining_fraction"]) for part in parts
        )
        assert sum(p["value"] for p in parts) == pytest.approx(row["value_at_risk_usd"], rel=1e-12)
        assert lost == pytest.approx(row["value_at_risk_usd"], rel=1e-9, abs=MICRO * len(parts))


def mean_of(parts: list[Body]) -> float | None:
    """The mean of parts by their worth."""
    if not parts:
        return None
    weights = [part["terms"]["worth_usd"] for part in parts]
    if not any(weights):
        weights = [1.0] * len(parts)
    values = [part["value"] for part in parts]
    return sum(w * v for w, v in zip(weights, values, strict=True)) / sum(weights)


@pytest.mark.parametrize(
    "column", ["remaining_after_loss_fraction", "group_share_fraction", "hhi_points"]
)
def test_fractions_of_risk_are_means_of_promises_by_worth_or_published_shares(
    client: httpx.Client, column: str
) -> None:
    kinds = set()
    for key, row in keys(client, "risk"):
        reckoning = said(client, "risk", key, column)["reckoning"]

        parts, terms = reckoning["parts"], reckoning["terms"]
        kinds.add(row["subject"].split("/")[0])
        shares = [part["value"] for part in parts]
        if not row["subject"].startswith("purchase/"):
            found = mean_of(parts)
        elif column == "hhi_points":
            rest = terms["rest"] ** 2 / terms["others_count"] if terms["others_count"] else 0.0
            found = 10_000 * (sum(share * share for share in shares) + rest)
        elif column == "group_share_fraction":
            found = min(1.0, sum(shares))
        else:
            found = max(0.0, 1.0 - sum(shares))
        assert found == (None if row[column] is None else pytest.approx(row[column], rel=1e-9))
    assert kinds == {"commitment", "customer", "group", "purchase"}
