"""Real catalogues, and every way a line can be broken."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.element_sets import LINE_1, LINE_2, OMM, changed, omm
from tests.shared_data import shared_file
from twin.baseline import load
from twin.errors import BadInput
from twin.physics.element_sets import from_tle
from twin.simulate.catalogue import BadRow, Catalogue, read_catalogue, segment_of

NAME = "ISS (ZARYA)"
OTHER_1 = "1 44714U 19074B   26150.30936191  .00080211  00000+0  15180-2 0  9995"
OTHER_2 = "2 44714  53.1513 154.1788 0003034  54.2939 305.8351 15.47704531361446"


def real(name: str) -> bytes:
    """A real file of elements."""
    return shared_file(f"tle/{name}").read_bytes()


def tle(*lines: str, end: str = "\n") -> bytes:
    """Lines as a file."""
    return end.join((*lines, "")).encode()


def from_messages(*messages: object) -> Catalogue:
    """A catalogue of a JSON list."""
    return read_catalogue(json.dumps(messages).encode())


def as_csv(*messages: dict[str, Any]) -> bytes:
    """The same as CelesTrak's CSV."""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(OMM))
    writer.writeheader()
    writer.writerows(messages)
    return text.getvalue().encode()


def only_bad(data: bytes) -> BadRow:
    """The one bad row of a file whose other rows are good."""
    catalogue = read_catalogue(data)
    assert len(catalogue) >= 1
    (bad,) = catalogue.bad
    return bad


def segments_of(catalogue: Catalogue) -> NDArray[np.str_]:
    """The segment of each satellite."""
    return segment_of(
        load("2026"), inclination_deg=catalogue.inclination_deg, altitude_km=catalogue.altitude_km
    )


# Real files


@pytest.mark.parametrize(
    ("name", "satellites_count", "format_"),
    [
        ("starlink_20250920.tle", 8_303, "tle"),
        ("starlink_20260530.tle", 10_395, "tle"),
        ("oneweb_20260530.tle", 651, "tle"),
        ("stations_20260530.tle", 25, "tle"),
        ("starlink_20250525_omm.json", 7_483, "omm-json"),
    ],
)
def test_a_real_catalogue_loads_whole_in_order_and_without_a_bad_row(
    name: str, satellites_count: int, format_: str
) -> None:
    data = real(name)

    catalogue = read_catalogue(data)

    assert len(catalogue) == satellites_count
    assert catalogue.bad == ()
    assert catalogue.format == format_
    assert catalogue.sha256 == hashlib.sha256(data).hexdigest()
    assert (np.diff(catalogue.asset_id.astype(np.int64)) > 0).all()


@pytest.mark.parametrize(
    ("name", "day"),
    [("starlink_20250920.tle", "2025-09-20"), ("starlink_20260530.tle", "2026-05-30")],
)
def test_altitudes_fall_into_the_bands_counted_from_the_same_snapshots_elsewhere(
    name: str, day: str
) -> None:
    real(name)
    rows = csv.DictReader(shared_file("derived/starlink_daily_counts.csv").read_text().splitlines())
    expected = next(row for row in rows if row["date"] == day)

    catalogue = read_catalogue(real(name))

    counts, _ = np.histogram(catalogue.altitude_km, [-np.inf, 400, 455, 495, 525, np.inf])
    bands = ("lt_400", "400_455", "455_495", "495_525", "ge_525")
    assert counts.tolist() == [int(expected[f"n_alt_{band}"]) for band in bands]
    assert (segments_of(catalogue) == "sl-70").sum() == int(expected["n_inc70"])


def test_arrays_names_and_orbits_of_a_real_catalogue_stand_in_one_order() -> None:
    lines = real("starlink_20260530.tle").decode().splitlines()
    shuffled = [line for row in reversed(range(0, 300, 3)) for line in lines[row : row + 3]]

    catalogue = read_catalogue(tle(*shuffled))

    by_number = {int(lines[row + 1][2:7]): lines[row : row + 3] for row in range(0, 300, 3)}
    for row, number in enumerate(catalogue.asset_id.tolist()):
        name, _, second = by_number[number]
        assert catalogue.names[row] == name.strip()
        assert catalogue.inclination_deg[row] == pytest.approx(float(second[8:16]))


def test_epochs_in_integers_agree_with_those_sgp4_holds() -> None:
    lines = real("starlink_20260530.tle").decode().splitlines()

    for row in range(0, len(lines), 3 * 97):
        elements = from_tle(*(line.rstrip() for line in lines[row : row + 3]))
        satrec = elements.satrec
        held_s = (satrec.jdsatepoch - 2440587.5 + satrec.jdsatepochF) * 86400.0
        assert elements.epoch_ns / 1e9 == pytest.approx(held_s, abs=1e-4)


def test_one_satellite_as_omm_and_as_tle_is_the_same_satellite_with_its_six_digits() -> None:
    pairs = json.loads(real("omm_and_tle_pairs_20261002.json"))

    messages = from_messages(*pairs["omm"])
    lines = read_catalogue(tle(*(line for pair in pairs["tle"].values() for line in pair)))

    assert messages.asset_id.tolist() == lines.asset_id.tolist() == [25544, 100534]
    assert read_catalogue(json.dumps(pairs).encode()).names == messages.names
    assert messages.altitude_km == pytest.approx(lines.altitude_km, abs=1e-3)
    assert messages.inclination_deg == pytest.approx(lines.inclination_deg)
    assert np.abs(messages.epoch_ns - lines.epoch_ns).max() < 1_000_000


def test_real_starlinks_fall_into_the_five_segments() -> None:
    catalogue = read_catalogue(real("starlink_20260530.tle"))

    counts = Counter(segments_of(catalogue).tolist())

    assert set(counts) == {"sl-43", "sl-53", "sl-70", "sl-97", "sl-dtc"}
    assert counts["sl-97"] == 1_109
    assert 650 <= counts["sl-dtc"] <= 990  # ~650 flying at 355 km, and those climbing or falling


# Forms that are allowed


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_two_and_three_line_sets_comments_and_blanks_may_be_mixed(end: str) -> None:
    data = tle("# from a friend", "", f"0 {NAME}", LINE_1, LINE_2, "  ", OTHER_1, OTHER_2, end=end)

    catalogue = read_catalogue(b"\xef\xbb\xbf" + data)

    assert catalogue.names == (NAME, "44714")
    assert catalogue.bad == ()


def test_a_name_may_look_like_the_beginning_of_a_line() -> None:
    catalogue = read_catalogue(tle("1 SMALL SAT", LINE_1, LINE_2, "2 MANY", OTHER_1, OTHER_2))

    assert catalogue.names == ("1 SMALL SAT", "2 MANY")
    assert catalogue.bad == ()


def test_numbers_beyond_alpha_5_are_kept_beside_sgp4s_record() -> None:
    catalogue = from_messages(omm(NORAD_CAT_ID=340_000), omm(NORAD_CAT_ID="799500001"))

    assert catalogue.asset_id.tolist() == [340_000, 799_500_001]
    assert catalogue.bad == ()


def test_csv_gives_the_same_catalogue_as_json() -> None:
    messages = (omm(), omm(NORAD_CAT_ID=7, OBJECT_NAME="a, b"))

    table, listed = read_catalogue(as_csv(*messages)), from_messages(*messages)

    assert (table.format, listed.format) == ("omm-csv", "omm-json")
    assert table.names == listed.names == ("a, b", "STARLINK-38244")
    assert table.asset_id.tolist() == listed.asset_id.tolist()
    assert table.altitude_km.tolist() == listed.altitude_km.tolist()


def test_elements_years_old_are_not_bad() -> None:
    catalogue = from_messages(omm(EPOCH="1998-11-20T06:40:00.000000", OBJECT_ID="1998-067A"))

    assert catalogue.bad == ()


# Broken rows


@pytest.mark.parametrize(
    ("line_1", "line_2", "line", "reason"),
    [
        (LINE_1[:-1] + "7", LINE_2, 4, "checksum '7'; expected '8'"),
        (LINE_1, LINE_2[:-1] + "5", 5, "checksum '5'; expected '4'"),
        (LINE_1, OTHER_2, 5, "line 2 is of '44714'; expected '25544'"),
        (LINE_1, changed(LINE_2, 52, "18.20000000"), 4, "SGP4 error 6 at its epoch"),
        (changed(LINE_1, 18, " 8"), LINE_2, 4, "epoch year ' 8'"),
        (changed(LINE_1, 18, "  "), LINE_2, 4, "epoch year '  '"),
    ],
)
def test_a_broken_set_is_listed_with_its_line_and_reason_and_the_good_one_loads(
    line_1: str, line_2: str, line: int, reason: str
) -> None:
    bad = only_bad(tle(OTHER_1, OTHER_2, NAME, line_1, line_2))

    assert bad.line == line
    assert reason in bad.reason


@pytest.mark.parametrize(
    ("lines", "bad"),
    [
        ((NAME, LINE_1, "OTHER"), [(2, "line 1 without a line 2")]),
        ((LINE_2,), [(1, "line 2 without a line 1")]),
        ((NAME, LINE_1), [(2, "line 1 without a line 2")]),
        (("<html>", "ANOTHER"), [(1, "neither an element line nor a name")]),
        ((LINE_1, LINE_1, LINE_2), [(1, "line 1 without a line 2")]),
        (
            ("1 xx", "1 yy", "1 zz", "1 ww", NAME, LINE_1, LINE_2),
            [(line, "line 1 without a line 2") for line in (1, 2, 3, 4)],
        ),
        (
            ("1 xx", "1 yy", LINE_1, LINE_2),
            [(line, "line 1 without a line 2") for line in (1, 2)],
        ),
        (
            ("1 xx", "2 xx", "2 yy"),
            [(1, "4 characters; expected 69"), (3, "line 2 without a line 1")],
        ),
    ],
)
def test_a_missing_line_costs_its_own_satellite_and_no_other(
    lines: tuple[str, ...], bad: list[tuple[int, str]]
) -> None:
    catalogue = read_catalogue(tle(*lines, OTHER_1, OTHER_2))

    assert 44714 in catalogue.asset_id
    assert [row.line for row in catalogue.bad] == [line for line, _ in bad]
    for row, (_, reason) in zip(catalogue.bad, bad, strict=True):
        assert reason in row.reason


def test_a_broken_message_is_listed_with_its_place_and_reason_and_the_good_ones_load() -> None:
    catalogue = from_messages(omm(NORAD_CAT_ID=1), omm(ECCENTRICITY=1.0), omm(NORAD_CAT_ID=3))

    assert catalogue.asset_id.tolist() == [1, 3]
    assert catalogue.bad == (
        BadRow(2, "STARLINK-38244", "eccentricity is 1; expected from 0 up to but not 1"),
    )


def test_what_is_no_message_at_all_is_listed_too() -> None:
    catalogue = from_messages(omm(), 5, None, ["x"])

    assert [(row.line, row.reason) for row in catalogue.bad] == [
        (place, "not an object; expected an OMM") for place in (2, 3, 4)
    ]


def test_a_row_of_csv_that_is_cut_short_is_listed_with_its_line() -> None:
    cut = as_csv(omm(), omm(NORAD_CAT_ID=7)).rsplit(b",", 9)[0]

    bad = only_bad(b"\n\n" + cut)

    assert bad.line == 5
    assert "is missing" in bad.reason


@pytest.mark.parametrize("row", [b'"' + b"x" * 200_000, b'"ISS,25544,'])
def test_a_row_of_csv_no_reader_can_go_on_with_costs_no_other(row: bytes) -> None:
    before, heading_and = as_csv(omm()), as_csv(omm(NORAD_CAT_ID=7)).split(b"\r\n", 1)

    catalogue = read_catalogue(before + row + b"\r\n" + heading_and[1])

    assert catalogue.asset_id.tolist() == [7, 100_534]
    assert [(bad.line, bad.reason[:23]) for bad in catalogue.bad] == [
        (3, "CSV that cannot be read")
    ]


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("EPOCH", '"1600-01-01T00:00:00"', "EPOCH is in 1600"),
        ("EPOCH", '"9999-12-31T23:59:59"', "EPOCH is in 9999"),
        ("NORAD_CAT_ID", "9" * 5000, "NORAD_CAT_ID is 'inf'"),
        ("BSTAR", "1e308", "cannot place"),
        ("MEAN_MOTION", "1e-300", "0.01 or more"),
        ("MEAN_MOTION", "1e300", "SGP4"),
        ("INCLINATION", "1e308", "inclination is 1e+308"),
    ],
)
def test_a_message_with_a_value_out_of_all_bounds_costs_no_other(
    key: str, value: str, reason: str
) -> None:
    odd = json.dumps(omm(NORAD_CAT_ID=7) | {key: "@"}).replace('"@"', value)

    catalogue = read_catalogue(f"[{json.dumps(omm())}, {odd}]".encode())

    assert catalogue.asset_id.tolist() == [100_534]
    assert reason in catalogue.bad[0].reason


@pytest.mark.parametrize("value", ["[" * 900 + "]" * 900, '"\\ud800\\u001b[31m"', "7", "true"])
def test_a_name_of_any_kind_costs_no_other_and_can_be_printed(value: str) -> None:
    odd = json.dumps(omm(NORAD_CAT_ID=7, OBJECT_NAME=0)).replace('": 0,', f'": {value},', 1)

    catalogue = read_catalogue(f"[{json.dumps(omm())}, {odd}, {value}]".encode())

    assert catalogue.asset_id.tolist() == [7, 100_534]
    assert all(name.isprintable() for name in catalogue.names)


def test_of_two_sets_of_one_satellite_the_newer_wins_and_the_other_is_listed() -> None:
    newer = changed(LINE_1, 20, "151")
    data = tle(NAME, LINE_1, LINE_2, "NEWER", newer, LINE_2, "AGAIN", newer, LINE_2)

    catalogue = read_catalogue(data)

    assert catalogue.names == ("NEWER",)
    assert [(row.line, row.text) for row in catalogue.bad] == [(2, NAME), (8, "AGAIN")]
    assert {row.reason for row in catalogue.bad} == {
        "catalogue number 25544 again: line 5 has it with the same or a newer epoch"
    }


# Files that are no catalogue


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "a file that begins ''"),
        (b"No GP data found\r\n", "a file that begins 'No GP data found'"),
        (b"\x00\xff\xfe\x89PNG", "a file that begins"),
        (b"[{", "JSON that cannot be read"),
        (b"[" * 100_000, "JSON that cannot be read"),
        (b'{"omm": []}', "JSON with no lists of objects; expected a list of OMM"),
        (b'{"a": [{}], "b": [{}]}', "JSON with 2 lists of objects; expected a list of OMM"),
        (b"[]", "no satellite could be read; 0 bad rows"),
        (
            tle(LINE_1),
            "no satellite could be read; 1 bad row, the first at line 1: line 1 without",
        ),
        (
            tle(*["1 xx"] * 5),
            "no satellite could be read; 5 bad rows, the first at line 1: line 1 without",
        ),
    ],
)
def test_a_file_without_a_satellite_is_refused_with_what_it_is(data: bytes, complaint: str) -> None:
    with pytest.raises(BadInput) as refusal:
        read_catalogue(data)

    assert str(refusal.value).startswith(complaint)
    assert refusal.value.field == "catalogue"


@given(st.integers(0, len(LINE_1 + LINE_2)), st.integers(0, 255))
def test_any_one_byte_changed_loses_at_most_the_satellite_it_is_in(place: int, byte: int) -> None:
    data = bytearray(tle(LINE_1, LINE_2, OTHER_1, OTHER_2))
    data[place] = byte

    catalogue = read_catalogue(bytes(data))

    assert 44714 in catalogue.asset_id
    assert len(catalogue) == 2 or catalogue.bad


# Segments


def test_direct_to_cell_is_told_by_altitude_and_the_rest_by_the_nearest_inclination() -> None:
    inclination_deg = np.array([43.0, 53.2, 70.0, 97.6, 43.0, 53.0, 70.0, 33.0, 42.9])
    altitude_km = np.array([480.0, 545.0, 570.0, 465.0, 355.0, 399.9, 350.0, 500.0, 400.0])

    segments = segment_of(load("2026"), inclination_deg=inclination_deg, altitude_km=altitude_km)

    assert segments.tolist() == [
        "sl-43", "sl-53", "sl-70", "sl-97", "sl-dtc", "sl-dtc", "sl-70", "sl-43", "sl-43",
    ]  # fmt: skip
