"""Real launch logs, against the filing and the catalogue; and every way a row can be broken."""

from __future__ import annotations

import csv
import json
from collections import Counter
from typing import Any

import pytest

from tests.shared_data import shared_file
from twin.baseline import load
from twin.errors import BadInput
from twin.simulate.launch import Launch, Load
from twin.simulate.launch_log import LaunchLog, read_launch_log
from twin.units import instant_text

GCAT = "launches/gcat_falcon9_2010_20251128.csv"
PAST = "launches/ll2_us_past_20260702_20260822_merged.json"
UPCOMING = "launches/ll2_upcoming_us_20260822.json"
FILED = load("2026")

ROW = {
    "Launch_Tag": "2025-245",
    "Launch_JD": "2460978.19",
    "Launch_Date": "2025-10-29",
    "LV_Type": "Falcon 9",
    "Flight_ID": "xxx/B1083.15 F556",
    "Flight": "Starlink-321",
    "Mission": "Starlink Group 10-37",
    "FlightCode": "V2MO 10-37",
    "Launch_Site": "CC",
    "Launch_Pad": "LC40",
    "LaunchCode": "OS",
    "Group": "C",
    "Simple_Orbit": "LEO",
    "Payload_Mass": "16675.0",
    "Inc": "53.16",
    "General_Launch_Payload_Type": "Starlink",
}
LL2: dict[str, Any] = {
    "id": "ad501ebd-a357-4305-90c1-c46c6feb2ecf",
    "name": "Falcon 9 Block 5 | Starlink Group 10-49",
    "net": "2026-08-25T05:49:00Z",
    "missionName": "Starlink Group 10-49",
    "missionType": "Communications",
    "program": "Starlink",
    "details": "A batch of 29 satellites for the Starlink mega-constellation.",
    "statusAbbrev": "Go",
    "rocket": "Falcon 9 Block 5",
    "orbitAbbrev": "LEO",
    "padName": "Space Launch Complex 40",
    "location": "Cape Canaveral SFS, FL, USA",
}


def real(name: str) -> LaunchLog:
    return read_launch_log(shared_file(name).read_bytes())


def gcat(*rows: dict[str, str]) -> bytes:
    """Rows as GCAT's CSV."""
    lines = [",".join(ROW), *(",".join(f'"{value}"' for value in row.values()) for row in rows)]
    return "\n".join(lines).encode()


def one(**changes: str) -> Launch:
    (launch,) = read_launch_log(gcat(ROW | changes)).launches
    return launch


def why_bad(**changes: str) -> str:
    """The reason a row changed like this is not read, beside a good one."""
    log = read_launch_log(gcat(ROW, ROW | {"Launch_Tag": "2025-246"} | changes))
    (bad,) = log.bad
    assert bad.line == 3
    return bad.reason


def ll2(**changes: Any) -> Launch:
    (launch,) = read_launch_log(json.dumps([LL2 | changes]).encode()).launches
    return launch


def test_every_row_of_the_real_table_loads() -> None:
    log = real(GCAT)

    assert len(log.launches) == FILED.number("launch.falcon9.flights-gcat_count") == 569
    assert log.bad == log.others == ()


@pytest.mark.parametrize("year", ["2023", "2024"])
def test_the_launches_of_a_year_are_those_of_the_filing(year: str) -> None:
    flown = [each for each in real(GCAT).launches if instant_text(each.net_ns)[:4] == year]

    internal_count = sum(launch.is_internal for launch in flown)
    # The table has no Falcon Heavy, which the filing counts among its customers' launches.
    heavy_count = FILED.number(f"cadence.fy{year}.falcon-heavy_count")
    assert len(flown) + heavy_count == FILED.number(f"cadence.fy{year}.falcon_count")
    assert internal_count == FILED.number(f"cadence.fy{year}.falcon-internal_count")
    customer_count = len(flown) - internal_count + heavy_count
    assert customer_count == FILED.number(f"cadence.fy{year}.falcon-customer_count")


def test_what_failed_is_what_the_baseline_counts() -> None:
    log = real(GCAT)

    failed = [instant_text(each.net_ns)[:10] for each in log.launches if each.outcome == "failure"]
    partial = [instant_text(each.net_ns)[:10] for each in log.launches if each.outcome == "partial"]
    assert failed == ["2015-06-28", "2016-09-01", "2024-07-12"]
    assert len(failed) == FILED.number("launch.falcon9.losses-gcat_count")
    assert partial == ["2012-10-08"]


def test_mass_to_orbit_is_near_the_filed_one() -> None:
    flown = [each for each in real(GCAT).launches if instant_text(each.net_ns)[:4] == "2024"]

    internal_kg = sum(each.payload_kg or 0.0 for each in flown if each.is_internal)
    assert internal_kg == pytest.approx(FILED.number("cadence.fy2024.mass-internal_kg"), rel=0.07)


def test_satellites_on_board_are_those_the_catalogue_saw() -> None:
    rows = csv.DictReader(
        shared_file("derived/starlink_launch_batches_from_tle.csv").read_text("utf-8").splitlines()
    )
    seen = {
        f"20{row['intl_launch'][:2]}-{row['intl_launch'][2:]}": (
            int(row["n_sats_ever_catalogued_in_window"]),
            int(row["n_dtc_names"]),
        )
        for row in rows
    }
    # Of earlier launches some satellites were gone before the archive begins.
    recent = [each for each in real(GCAT).launches if instant_text(each.net_ns) > "2025-05"]
    internal = [each for each in recent if each.is_internal]

    others = {
        each.launch_id: (counts(each), seen[each.launch_id])
        for each in internal
        if counts(each) != seen[each.launch_id]
    }

    assert len(internal) == 77
    assert others == {"2025-093": ((28, 0), (27, 0))}


def counts(launch: Launch) -> tuple[int, int]:
    """Satellites on board, and those of them for direct-to-cell."""
    mobile = sum(each.satellites_count for each in launch.loads if each.segment == "sl-dtc")
    return launch.satellites_count, mobile


def test_boosters_fly_again_one_flight_at_a_time() -> None:
    flights: dict[str, list[int]] = {}
    for launch in real(GCAT).launches:
        if launch.booster_id:
            flights.setdefault(launch.booster_id, []).append(launch.flight_count)

    assert all(it == list(range(it[0], it[0] + len(it))) for it in flights.values())
    # Two of them flew on a Falcon Heavy first.
    assert [booster for booster, it in flights.items() if it[0] > 1] == ["B1052", "B1086"]
    assert max(it[-1] for it in flights.values()) == 31


def test_the_group_of_a_starlink_launch_tells_its_segment_as_its_orbit_does() -> None:
    rows = csv.DictReader(shared_file(GCAT).read_text("utf-8").splitlines())
    missions = {row["Launch_Tag"]: row["Mission"] for row in rows}
    by_orbit = {each.launch_id: each for each in real(GCAT).launches if each.is_internal}

    for launch_id, launch in by_orbit.items():
        by_group = ll2(missionName=missions[launch_id]).loads
        if by_group and launch.loads:
            assert by_group[0].segment == launch.loads[0].segment, missions[launch_id]


def test_what_flew_and_what_is_to_fly_load_from_launch_library() -> None:
    past, upcoming = real(PAST), real(UPCOMING)

    assert len(past.launches) + len(past.others) == 26
    assert len(upcoming.launches) + len(upcoming.others) == 227
    assert past.bad == upcoming.bad == ()
    assert {each.outcome for each in past.launches} == {"success"}
    assert {each.outcome for each in upcoming.launches} == {None}
    rockets = Counter(each.vehicle for each in past.launches)
    falcon_count = FILED.number("cadence.ll2-summer-2026.falcon_count")
    assert rockets == {"falcon9": falcon_count, "starship": 1}
    assert len(upcoming.launches) == 128


def test_a_real_log_opens_in_the_hour_of_a_launch() -> None:
    for name in (GCAT, PAST, UPCOMING):
        log = real(name)
        next_ns = min(each.net_ns for each in log.launches if each.net_ns >= log.opening_ns)
        assert 0 <= next_ns - log.opening_ns < 3600 * 10**9


def test_a_row_of_the_table_says_all_this() -> None:
    assert one() == Launch(
        launch_id="2025-245",
        vehicle="falcon9",
        site="slc-40",
        customer="spacex",
        orbit="LEO",
        net_ns=1_761_755_616 * 10**9,
        payload_kg=16675.0,
        loads=(Load("sl-53", 29),),
        booster_id="B1083",
        flight_count=15,
        liftoff_ns=1_761_755_616 * 10**9,
        outcome="success",
    )


@pytest.mark.parametrize(
    ("code", "mass_kg", "loads"),
    [
        ("V2M  9-7  (13 DTC,7 Ku)", "17590", (Load("sl-53", 7), Load("sl-dtc", 13))),
        ("V2M  13-1  (21 Ku)+2NRO?", "16930", (Load("sl-53", 21),)),
        ("L8  (58)", "15000", (Load("sl-53", 58),)),
        ("V2MO 12-19", "18230", (Load("sl-53", 10), Load("sl-dtc", 13))),
        ("V2MO 11-30", "16100", (Load("sl-53", 28),)),
        ("V2MO 10-23", "15685", (Load("sl-53", 27),)),
        ("V2MO 10-23", "", ()),
        ("-", "16790", ()),
    ],
)
def test_satellites_are_counted_in_the_code_or_by_their_mass(
    code: str, mass_kg: str, loads: tuple[Load, ...]
) -> None:
    assert one(FlightCode=code, Payload_Mass=mass_kg).loads == loads


def test_the_reconnaissance_satellites_of_a_customer_join_their_own_segment() -> None:
    launch = one(FlightCode="NRO PA07 (22)", Group="CX/G", General_Launch_Payload_Type="Military")

    assert (launch.customer, launch.loads) == ("us-government", (Load("shield-nro", 22),))
    assert one(FlightCode="NRO PA11 (xx)", General_Launch_Payload_Type="Military").loads == ()


def test_rounding_does_not_carry_a_launch_into_the_next_day() -> None:
    launch = one(Launch_JD="2460374.5", Launch_Date="2024-03-04")

    assert instant_text(launch.net_ns) == "2024-03-04T23:59:59Z"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"Launch_JD": "2460900.19"}, "expected the same day in both"),
        ({"Launch_JD": "soon"}, "Launch_JD='soon'; expected a number"),
        ({"Launch_JD": ""}, "no Launch_JD"),
        ({"Launch_JD": "inf"}, "Launch_JD='inf'"),
        ({"Launch_Date": "2025-13-01"}, "Launch_Date='2025-13-01'"),
        ({"LaunchCode": "??"}, "expected OS, DS85, OF or OE"),
        ({"Payload_Mass": "-5"}, "Payload_Mass=-5.0"),
        ({"Payload_Mass": "nan"}, "expected a number"),
        ({"LV_Type": "-"}, "without Launch_Tag or LV_Type"),
        ({"Launch_Tag": "2025-245"}, "launch 2025-245 again"),
    ],
)
def test_a_bad_row_is_listed_with_its_line_and_reason(changes: dict[str, str], reason: str) -> None:
    assert reason in why_bad(**changes)


def test_a_row_that_breaks_off_is_bad_and_one_that_goes_on_is_not() -> None:
    log = read_launch_log(gcat(ROW) + b",and,more\n2025-247,2460980.36\n")

    assert len(log.launches) == 1
    assert [(row.line, row.text) for row in log.bad] == [(3, "2025-247 ")]


def test_a_launch_to_come_has_a_date_and_no_outcome() -> None:
    firm, soft = ll2(), ll2(statusAbbrev="TBD", padName="Unknown Pad")

    assert (firm.outcome, firm.liftoff_ns, firm.is_net_firm) == (None, None, True)
    assert (firm.site, firm.loads) == ("slc-40", (Load("sl-53", 29),))
    assert (soft.site, soft.is_net_firm) == ("cape-canaveral-sfs", False)


@pytest.mark.parametrize(
    ("changes", "vehicle", "customer", "site"),
    [
        ({"missionName": "Crew-13", "program": "International Space Station"}, "dragon", "nasa", 0),
        ({"rocket": "Falcon Heavy", "program": "Artemis"}, "falcon-heavy", "nasa", 0),
        ({"program": "", "missionType": "Government/Top Secret"}, "falcon9", "us-government", 0),
        ({"program": "", "agencies": [{"abbrev": "NASA"}]}, "falcon9", "nasa", 0),
        ({"program": "", "agencies": [None]}, "falcon9", "enterprise", 0),
        (
            {"rocket": "Starship V3", "program": "", "missionType": "Test Flight"}
            | {"padName": "Orbital Launch Pad 2"},
            "starship",
            "spacex",
            "starbase-2",
        ),
        (
            {"rocket": "Starship", "program": "", "padName": "Launch Complex 39A Starship Pad"},
            "starship",
            "enterprise",
            "lc-39a-starship",
        ),
    ],
)
def test_vehicle_customer_and_site_follow_from_the_text(
    changes: dict[str, Any], vehicle: str, customer: str, site: str | int
) -> None:
    launch = ll2(**changes)

    assert (launch.vehicle, launch.customer) == (vehicle, customer)
    assert launch.site == (site or "slc-40")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"statusAbbrev": "Perhaps"}, "statusAbbrev='Perhaps'; expected one of Success"),
        ({"net": "soon"}, "net='soon'"),
        ({"net": None}, "net=''"),
        ({"rocket": 9}, "rocket=9; expected text"),
        ({"rocket": ""}, "no rocket"),
        ({"id": ""}, "without an id"),
        ({"id": LL2["id"]}, "again: an earlier row has it"),
    ],
)
def test_a_bad_object_is_listed_with_its_place_and_reason(
    changes: dict[str, Any], reason: str
) -> None:
    log = read_launch_log(json.dumps({"launches": [LL2, LL2 | {"id": "b"} | changes]}).encode())

    (bad,) = log.bad
    assert len(log.launches) == 1
    assert bad.line == 2
    assert reason in bad.reason


def test_what_is_no_object_is_listed_too() -> None:
    (bad,) = read_launch_log(json.dumps([LL2, 7]).encode()).bad

    assert (bad.line, bad.text, bad.reason) == (2, "7", "not an object; expected a launch")


@pytest.mark.parametrize(
    ("data", "given"),
    [
        (b"", "expected GCAT's heading"),
        (b"a,b\n1,2\n", "expected GCAT's heading"),
        (b"[", "JSON that cannot be read"),
        (b'{"results": []}', "without a list of launches"),
        (b"[]", "no launch of the group"),
        (json.dumps([LL2 | {"rocket": "Electron"}]).encode(), "no launch of the group"),
        (gcat(ROW | {"LaunchCode": "x"}), "1 bad rows, the first at line 2"),
        (b"\xff\xfe\x00", "expected GCAT's heading"),
    ],
)
def test_a_file_without_launches_is_refused(data: bytes, given: str) -> None:
    with pytest.raises(BadInput, match=given):
        read_launch_log(data)
