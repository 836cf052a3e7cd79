"""The published cost model, held to what the author's own script says of many inputs."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.business.published import EDGES, OUTPUTS, RELATIVE_ERROR_MAX, VECTORS, flat, is_near
from tests.shared_data import required
from twin.baseline.book import read_assumptions
from twin.business import cost_thermal
from twin.business.cost_inputs import FIELDS
from twin.business.cost_model import (
    Inputs,
    answer_of,
    breakeven_usd_per_kg,
    changed,
    orbital,
    published_inputs,
    terrestrial,
    thermal,
)
from twin.errors import BadInput

BOOK = read_assumptions()
PUBLISHED = published_inputs(lambda name: float(BOOK[name].value))


@pytest.fixture(scope="module")
def vectors() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(required(VECTORS).read_text())
    return found


def test_every_published_case_comes_out_with_all_its_outputs(vectors: dict[str, Any]) -> None:
    cases = vectors["cases"]

    wrong = [line for case in cases for line in differences(case)]

    assert wrong == []
    assert len(cases) >= 26


@pytest.mark.parametrize("case", EDGES, ids=lambda case: case["name"])
def test_edges_come_out_as_the_author_s_script_has_them(case: dict[str, Any]) -> None:
    assert list(differences(case)) == []


def test_the_defaults_are_the_published_ones(vectors: dict[str, Any]) -> None:
    constants = {name: vectors["constants"][name] for name in FIELDS if name.isupper()}

    told = msgspec.to_builtins(PUBLISHED)

    assert told == pytest.approx({**vectors["defaults"], **constants}, rel=1e-15)


def test_the_constants_of_the_thermal_method_are_the_registered_ones() -> None:
    used = {
        "mccalip.stefan-boltzmann_w_per_m2_k4": cost_thermal.STEFAN_BOLTZMANN_W_PER_M2_K4,
        "mccalip.orbit-points_count": cost_thermal.ORBIT_POINTS_COUNT,
        "mccalip.side-view_fraction": cost_thermal.AVERTED_VIEW_FRACTION,
    }

    assert used == {name: BOOK[name].value for name in used}


def test_the_registered_outputs_are_what_the_registered_inputs_give() -> None:
    answer = answer_of(PUBLISHED)

    told = {
        "breakeven_usd_per_kg": answer.breakeven_usd_per_kg,
        "equilibrium_k": answer.thermal.equilibrium_k,
        "orbital-array_m2": answer.orbital.array_km2 * 1e6,
        "orbital-launches_count": answer.orbital.launches_count,
        "orbital-mass_kg": answer.orbital.mass_kg,
        "orbital-satellites_count": answer.orbital.satellites_count,
        "orbital-total_usd": answer.orbital.total_usd,
        "orbital_usd_per_mwh": answer.orbital.energy_usd_per_mwh,
        "terrestrial-total_usd": answer.terrestrial.total_usd,
        "terrestrial_usd_per_mwh": answer.terrestrial.energy_usd_per_mwh,
    }

    stem = "mccalip.output."
    registered = {k.removeprefix(stem): v.value for k, v in BOOK.items() if k.startswith(stem)}
    assert told == pytest.approx(registered, rel=RELATIVE_ERROR_MAX)


def test_the_placeholders_of_the_page_are_arithmetic_and_not_its_answer() -> None:
    hardware_usd, mass_kg = 9 * 1e9, 1e9 / 45
    placeholder_usd = hardware_usd + mass_kg * 1_000

    total_usd = orbital(PUBLISHED).total_usd

    assert placeholder_usd == pytest.approx(31.22e9, rel=1e-3)
    assert placeholder_usd / (8_760 * 5 * 0.80 * 1_000) == pytest.approx(891, rel=1e-3)
    assert total_usd == pytest.approx(51.0953e9, rel=1e-5)


def test_at_the_break_even_price_hardware_and_launch_cost_what_the_ground_does() -> None:
    cheap = changed(PUBLISHED, {"satelliteCostPerW": 5})
    price = breakeven_usd_per_kg(cheap)

    at_price = orbital(changed(cheap, {"launchCostPerKg": price}))

    # Satellites are whole here, and not in the break-even price: one of 39,731.
    assert at_price.base_usd == pytest.approx(terrestrial(cheap).total_usd, rel=1 / 39_731)


def test_heat_in_and_out_of_the_plate_balance() -> None:
    for beta_deg in (60.0, 75.0, 90.0):
        plate = thermal(changed(PUBLISHED, {"betaAngle": beta_deg}))

        assert plate.radiative_w == pytest.approx(plate.heat_in_w, rel=1e-12)


@given(
    st.dictionaries(
        st.sampled_from(sorted(FIELDS.keys() - {"years"})),
        st.floats(-1e6, 1e6) | st.sampled_from([0.0, 1e308, -1e308, 5e-324]),
        max_size=6,
    ),
    st.floats(-10.0, 100.0),
)
def test_no_finite_input_raises(changes: dict[str, float], years: float) -> None:
    answer = answer_of(changed(PUBLISHED, {**changes, "years": years}))

    assert all(type(value) is float for value in msgspec.structs.asdict(answer.orbital).values())


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"launchCostPerKgs": 1.0}, "'launchCostPerKg' (the nearest name)"),
        ({"launch": 1.0}, "one of STARSHIP_LOX_GAL_PER_LAUNCH"),
        ({"NGCC_ACRES": 1.0}, "an input that the model computes with"),
        ({"years": 1e7}, "1000000 at most"),
        ({"pue": math.inf}, "a finite number"),
    ],
)
def test_a_change_of_what_is_no_input_is_refused(changes: Mapping[str, float], said: str) -> None:
    with pytest.raises(BadInput) as refused:
        changed(PUBLISHED, changes)

    assert said in str(refused.value)
    assert refused.value.field == next(iter(changes))


def test_a_change_leaves_the_inputs_it_was_made_from_as_they_were() -> None:
    before: Inputs = PUBLISHED

    after = changed(before, {"years": 3})

    assert (before.horizon_y, after.horizon_y) == (5.0, 3.0)


def differences(case: dict[str, Any]) -> Iterator[str]:
    """Every output that is missing, too many or too far from the published one."""
    told = flat(msgspec.to_builtins(answer_of(changed(PUBLISHED, case["changes"]))))
    wanted = flat({name: case[name] for name in OUTPUTS})
    yield from (f"{case['name']}: {name} on one side" for name in told.keys() ^ wanted.keys())
    for name in told.keys() & wanted.keys():
        if not is_near(told[name], wanted[name]):
            yield f"{case['name']}: {name} is {told[name]}, not {wanted[name]}"
