"""Sound element sets in both forms, and the means to spoil them."""

from __future__ import annotations

from typing import Any

LINE_1 = "1 25544U 98067A   26150.51748228  .00011776  00000+0  21767-3 0  9998"
LINE_2 = "2 25544  51.6337  27.5746 0007245 114.7080 245.4664 15.49496548569014"
OMM: dict[str, Any] = {
    "OBJECT_NAME": "STARLINK-38244",
    "OBJECT_ID": "2026-200A",
    "EPOCH": "2026-10-01T22:11:24.452448",
    "MEAN_MOTION": 15.7759124,
    "ECCENTRICITY": 0.00032284,
    "INCLINATION": 70.0006,
    "RA_OF_ASC_NODE": 102.5417,
    "ARG_OF_PERICENTER": 274.4885,
    "MEAN_ANOMALY": 85.5946,
    "EPHEMERIS_TYPE": 0,
    "CLASSIFICATION_TYPE": "U",
    "NORAD_CAT_ID": 100534,
    "ELEMENT_SET_NO": 999,
    "REV_AT_EPOCH": 469,
    "BSTAR": 0.00066694375,
    "MEAN_MOTION_DOT": 0.00112611,
    "MEAN_MOTION_DDOT": 0,
}


def signed(line: str) -> str:
    """The line with the checksum it ought to have."""
    total = sum(int(c) if c.isdigit() else c == "-" for c in line[:68])
    return f"{line[:68]}{total % 10}"


def changed(line: str, start: int, text: str) -> str:
    """The line with other text at a place, and the right checksum."""
    return signed(line[:start] + text + line[start + len(text) :])


def omm(**changes: Any) -> dict[str, Any]:
    """A sound message, with changes; None takes the key out."""
    return {key: value for key, value in (OMM | changes).items() if value is not None}
