"""Observing: the kernel says what plain numpy says, and finds what is wrong."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from tests.bench.plain_numpy import observed
from tests.twin.frames import HEADER, REF, SPEC, columns
from twin.baseline import load
from twin.frames import decode_frame, encode_frame, encode_spec
from twin.observe import observe
from twin.quantities import Q
from twin.summaries import matrix_of

ROWS_COUNT = 5_000


def frame(spec=SPEC, **changed):
    body = encode_frame(HEADER, encode_spec(spec), {**columns(), **changed})
    return decode_frame(body)


def scattered(seed: int) -> dict[str, np.ndarray]:
    """Satellites anywhere in low orbit, in any state."""
    luck = np.random.default_rng(seed)
    direction = luck.normal(size=(ROWS_COUNT, 3))
    position = 6_900.0 * direction / np.linalg.norm(direction, axis=1, keepdims=True)
    drawn = {
        "array_w": luck.uniform(0, 30_000, ROWS_COUNT),
        "load_w": luck.uniform(0, 9_000, ROWS_COUNT),
        "charge_wh": np.minimum(luck.uniform(3_000, 17_000, ROWS_COUNT), 15_000),
        "temperature_k": luck.uniform(250, 340, ROWS_COUNT),
        "utilisation_fraction": luck.uniform(0, 1, ROWS_COUNT),
        "traffic_bps": luck.uniform(0, 9e10, ROWS_COUNT),
    }
    return {
        "asset_id": np.arange(ROWS_COUNT, dtype="u4"),
        **{n: position[:, i].astype("f4") for i, n in enumerate(("x_km", "y_km", "z_km"))},
        **{name: values.astype("f4") for name, values in drawn.items()},
        "status": luck.choice(np.array([0, 0, 0, 1, 2], dtype="u1"), ROWS_COUNT),
    }


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("is_compute", [False, True])
def test_the_kernel_says_what_plain_numpy_says(seed: int, is_compute: bool) -> None:
    regions = load("2029").regions
    spec = msgspec.structs.replace(SPEC, regions=regions, is_compute=is_compute)
    given = frame(spec, **scattered(seed))

    summary = observe(given, REF)

    assert matrix_of(summary).tolist() == observed(given).tolist()


def test_the_rows_of_a_frame_may_come_in_any_order() -> None:
    rows = scattered(9)
    order = np.random.default_rng(1).permutation(ROWS_COUNT)

    straight = observe(frame(**rows), REF)
    shuffled = observe(frame(**{name: values[order] for name, values in rows.items()}), REF)

    assert shuffled.matrix == straight.matrix


def test_a_satellite_short_of_power_is_named_with_what_was_expected() -> None:
    weak = columns()["array_w"].copy()
    charge = columns()["charge_wh"] * 0.8
    weak[:] = 27_900.0
    weak[3] = 11_000.0
    x_km, y_km, z_km = _towards_the_sun()

    summary = observe(frame(array_w=weak, charge_wh=charge, x_km=x_km, y_km=y_km, z_km=z_km), REF)

    (anomaly,) = summary.anomalies
    assert (anomaly.kind, anomaly.asset_id, anomaly.measured) == ("power", 4, 11_000.0)
    assert anomaly.expected == pytest.approx(27_900, rel=0.01)


def test_a_full_battery_makes_unused_output_curtailment_and_not_a_fault() -> None:
    x_km, y_km, z_km = _towards_the_sun()
    load_only = columns()["load_w"]

    summary = observe(frame(array_w=load_only, x_km=x_km, y_km=y_km, z_km=z_km), REF)

    total = matrix_of(summary).sum(axis=0)
    assert summary.anomalies == ()
    assert total[Q.CURTAILED_MW] == total[Q.EXPECTED_ARRAY_MW] - total[Q.ARRAY_MW] > 0


def _towards_the_sun() -> tuple[np.ndarray, ...]:
    from twin.physics.earth import sun_direction_itrs

    sun = sun_direction_itrs(HEADER.tick_ns)
    return tuple(np.full(8, 6_900.0 * axis, dtype="f4") for axis in sun)
