"""One element set: every way it can be broken, and the forms it may take."""

from __future__ import annotations

from typing import Any

import pytest

from tests.element_sets import LINE_1, LINE_2, changed, omm
from twin.errors import BadInput
from twin.physics.element_sets import from_omm, from_tle


def test_two_lines_give_number_name_and_the_epoch_in_whole_nanoseconds() -> None:
    elements = from_tle("ISS (ZARYA)", LINE_1, LINE_2)

    assert (elements.catalogue_number, elements.name) == (25544, "ISS (ZARYA)")
    # Day 150 of 2026 is 30 May; 0.51748228 of a day is 12:25:10.468992.
    assert elements.epoch_ns == 1_780_143_910_468_992_000


def test_a_set_without_a_name_or_a_designator_is_named_by_its_number() -> None:
    elements = from_tle("", changed(LINE_1, 9, "        "), LINE_2)

    assert elements.name == "25544"


@pytest.mark.parametrize(
    ("text", "number"), [("A0534", 100_534), ("J0000", 180_000), ("Z9999", 339_999), ("   11", 11)]
)
def test_catalogue_numbers_may_be_alpha_5_or_padded(text: str, number: int) -> None:
    elements = from_tle("", changed(LINE_1, 2, text), changed(LINE_2, 2, text))

    assert elements.catalogue_number == number


@pytest.mark.parametrize(
    ("line_1", "line_2", "field", "reason"),
    [
        (LINE_1[:-1] + "7", LINE_2, "line_1", "checksum '7'; expected '8'"),
        (LINE_1, LINE_2.replace("51.6", "51.7"), "line_2", "checksum"),
        (LINE_1[:60], LINE_2, "line_1", "60 characters; expected 69"),
        (LINE_1, LINE_2 + " extra", "line_2", "75 characters"),
        (LINE_1.replace("067A", "067\N{DEGREE SIGN}"), LINE_2, "line_1", "printable ASCII"),
        (LINE_1.replace("067A", "067\0"), LINE_2, "line_1", "printable ASCII"),
        (LINE_1, changed(LINE_2, 2, "44714"), "line_2", "of '44714'; expected '25544'"),
        (changed(LINE_1, 2, "I0534"), LINE_2, "line_1", "catalogue number 'I0534'"),
        (changed(LINE_1, 20, "ABC"), LINE_2, "line_1", "epoch day 'ABC.51748228'"),
        (changed(LINE_1, 20, "400"), LINE_2, "line_1", "epoch day 400; expected 1 to 366"),
        (changed(LINE_1, 18, " 8"), LINE_2, "line_1", "epoch year ' 8'; expected a number"),
        (changed(LINE_1, 18, "8 "), LINE_2, "line_1", "epoch year '8 '"),
        (changed(LINE_1, 18, "  "), LINE_2, "line_1", "epoch year '  '"),
        (changed(LINE_1, 20, "50.51748228 "), LINE_2, "line_1", "epoch day '50.51748228 '"),
        (changed(LINE_1, 20, "000"), LINE_2, "line_1", "epoch day 000; expected 1 to 366"),
        (LINE_1, changed(LINE_2, 26, " 007245"), "line_2", "eccentricity ' 007245'"),
        (changed(LINE_1, 53, " 21x67-3"), LINE_2, "line_1", "drag term ' 21x67-3'"),
        (changed(LINE_1, 62, "4"), LINE_2, "line_1", "ephemeris type 4"),
        (LINE_1, changed(LINE_2, 8, " 5l.6337"), "line_2", "inclination ' 5l.6337'"),
        (LINE_1, changed(LINE_2, 8, "251.6337"), "", "inclination is 251.634 degrees"),
        (LINE_1, changed(LINE_2, 26, "00072 5"), "line_2", "eccentricity '00072 5'"),
        (LINE_1, changed(LINE_2, 52, "15.4949.548"), "line_2", "mean motion '15.4949.548'"),
        (LINE_1, changed(LINE_2, 52, " 0.00000000"), "", "mean motion is 0 turns"),
        (LINE_1, changed(LINE_2, 52, "18.20000000"), "", "SGP4 error 6 at its epoch: mrt"),
        (LINE_1, changed(LINE_2, 26, "9999999"), "", "SGP4 error"),
    ],
)
def test_two_broken_lines_are_refused_with_the_line_and_the_reason(
    line_1: str, line_2: str, field: str, reason: str
) -> None:
    with pytest.raises(BadInput) as refusal:
        from_tle("ISS", line_1, line_2)

    assert refusal.value.field == field
    assert reason in str(refusal.value)


def test_a_message_gives_the_same_things_and_a_number_of_any_length() -> None:
    elements = from_omm(omm(NORAD_CAT_ID=799_500_001))

    assert (elements.catalogue_number, elements.name) == (799_500_001, "STARLINK-38244")
    assert elements.epoch_ns == 1_790_892_684_452_448_000
    assert elements.satrec.satnum == 0


def test_a_message_may_hold_numbers_as_text_and_leave_out_its_name() -> None:
    texts = {key: str(value) for key, value in omm(OBJECT_NAME=None, OBJECT_ID=None).items()}

    elements = from_omm(texts)

    assert elements.name == "100534"


@pytest.mark.parametrize(
    ("epoch", "epoch_ns"),
    [
        ("2026-10-01T22:11:24", 1_790_892_684_000_000_000),
        ("2026-10-01T22:11:24.5Z", 1_790_892_684_500_000_000),
        ("2026-10-01T22:11:24.123456789+00:00", 1_790_892_684_123_456_789),
    ],
)
def test_epochs_of_messages_are_kept_to_the_nanosecond(epoch: str, epoch_ns: int) -> None:
    assert from_omm(omm(EPOCH=epoch)).epoch_ns == epoch_ns


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"MEAN_MOTION": None}, "MEAN_MOTION is missing"),
        ({"MEAN_MOTION": ""}, "MEAN_MOTION is missing"),
        ({"MEAN_MOTION": "fifteen"}, "MEAN_MOTION is 'fifteen'"),
        ({"MEAN_MOTION": [15]}, "MEAN_MOTION is 'a list'"),
        ({"MEAN_MOTION": True}, "MEAN_MOTION is 'True'"),
        ({"MEAN_MOTION": -15.0}, "mean motion is -15"),
        ({"BSTAR": float("nan")}, "BSTAR is 'nan'"),
        ({"BSTAR": 10**400}, "BSTAR is '1000"),
        ({"ECCENTRICITY": 1.0}, "eccentricity is 1;"),
        ({"ECCENTRICITY": -0.1}, "eccentricity is -0.1"),
        ({"INCLINATION": 190}, "inclination is 190"),
        ({"EPOCH": None}, "EPOCH is None"),
        ({"EPOCH": 20261001}, "EPOCH is 20261001"),
        ({"EPOCH": "2026-13-01T00:00:00"}, "EPOCH is 2026-13-01"),
        ({"EPOCH": "1600-01-01T00:00:00"}, "EPOCH is in 1600; expected 1957 to 2056"),
        ({"EPOCH": "9999-01-01T00:00:00"}, "EPOCH is in 9999"),
        ({"EPOCH": ["2026"]}, "EPOCH is a list"),
        ({"BSTAR": 1e308}, "cannot place at its epoch"),
        ({"NORAD_CAT_ID": 10**9}, "catalogue number is 1e+09"),
        ({"NORAD_CAT_ID": 0}, "catalogue number is 0"),
        ({"NORAD_CAT_ID": 2**32}, "catalogue number is"),
        ({"NORAD_CAT_ID": 5.5}, "catalogue number is 5.5"),
        ({"EPHEMERIS_TYPE": 4}, "EPHEMERIS_TYPE is 4"),
        ({"MEAN_ELEMENT_THEORY": "DSST"}, "MEAN_ELEMENT_THEORY is DSST"),
        ({"TIME_SYSTEM": "TAI"}, "TIME_SYSTEM is TAI"),
        ({"MEAN_MOTION": 18.2}, "SGP4 error 6 at its epoch"),
    ],
)
def test_a_broken_message_is_refused_with_the_reason(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(BadInput) as refusal:
        from_omm(omm(**changes))

    assert reason in str(refusal.value)
