"""One frame as it lies in the log: its bytes, or what they are."""

from __future__ import annotations

import base64
from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Path
from starlette.responses import Response

from api.asked import NoParameters
from api.described import Form
from api.house import InHouse
from api.meaning import UNITS, unit_of
from api.media import Media, json_response
from api.schemas.answers import FrameDescription
from api.shelf import FRAME_TOPICS
from api.why import spec_body
from streams.log.port import Message
from twin.errors import Poison
from twin.frames import decode_frame
from twin.identity import digest_of
from twin.limits import NAME_MAX_COUNT
from twin.units import instant_text

router = APIRouter(tags=["satellites"])

ID_MAX_COUNT: Final = 4 * NAME_MAX_COUNT

ATTRIBUTES: Final = {
    "id": ID_MAX_COUNT,
    "source": NAME_MAX_COUNT,
    "type": NAME_MAX_COUNT,
    "time": NAME_MAX_COUNT,
    "specversion": NAME_MAX_COUNT,
    "epoch": NAME_MAX_COUNT,
    "stream": NAME_MAX_COUNT,
    "sequence": NAME_MAX_COUNT,
    "digest": NAME_MAX_COUNT,
    "label": NAME_MAX_COUNT,
    "nature": NAME_MAX_COUNT,
    "schemaversion": NAME_MAX_COUNT,
    "correlationid": ID_MAX_COUNT,
    "causationid": ID_MAX_COUNT,
}
"""What a frame's CloudEvents headers may say, and how many characters of it are repeated.

A source's message is taken with names and ids up to that length. One that is not taken may carry
almost a megabyte of them, and clients give up on headers of a tenth of that.
"""

PRINTABLE: Final = "!#$&'()*+,/:;=?@[]^`{|}"
"""Characters that an HTTP header carries as they are, beside letters, digits and `-._~`."""

Topic = Annotated[
    str,
    Path(
        description="The topic of the log.",
        json_schema_extra={"enum": list(FRAME_TOPICS)},
        examples=[FRAME_TOPICS[0]],
        max_length=50,
    ),
]
Partition = Annotated[
    int, Path(ge=0, lt=2**31, description="The partition of the topic.", examples=[0])
]
Offset = Annotated[
    int, Path(ge=0, lt=2**40, description="The offset in the partition.", examples=[0])
]


class ArrowStream(Response):
    """An Arrow IPC stream."""

    media_type = Media.ARROW


_DESCRIBED: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The frame.",
        "content": {Media.JSON: {"schema": FrameDescription.model_json_schema()}},
        "headers": {
            "Content-Digest": {
                "description": "SHA-256 of the frame's bytes (RFC 9530).",
                "schema": {"type": "string"},
            },
            "ce-id": {
                "description": "The id its publisher gave the event. Its other CloudEvents "
                "attributes are headers likewise, and name the frame: source, epoch, stream, "
                "sequence.",
                "schema": {"type": "string"},
            },
        },
    }
}


@router.get(
    "/v1/frames/{topic}/{partition}/{offset}",
    summary="One frame, byte for byte",
    response_class=ArrowStream,
    responses=_DESCRIBED,
)
def frame(
    house: InHouse, topic: Topic, partition: Partition, offset: Offset, form: Form, _: NoParameters
) -> Response:
    """The Arrow stream exactly as its source sent it, with the attributes of its event as
    CloudEvents headers; its SHA-256 is the `digest` that `/v1/why` names. As `application/json`, a
    description of it: size, digest, attributes, columns and constants. A frame that nobody can read
    is answered too, so that a dead letter can be looked into.
    """
    message = house.shelf.message(topic, partition, offset)
    body = message.value or b""
    digest = digest_of(body)
    headers = {f"ce-{name}": quote(said, safe=PRINTABLE) for name, said in _said(message).items()}
    headers["Content-Digest"] = f"sha-256=:{base64.b64encode(digest).decode()}:"
    if form == Media.JSON:
        return json_response(_description(message, body, digest=digest), headers)
    return ArrowStream(body, headers=headers)


def _description(message: Message, body: bytes, *, digest: bytes) -> dict[str, Any]:
    return {
        "topic": message.topic,
        "partition": message.partition,
        "offset": message.offset,
        "sent": instant_text(message.timestamp_ns),
        "attributes": _said(message),
        "digest": digest.hex(),
        "size_bytes": len(body),
        **_contents(body),
    }


def _contents(body: bytes) -> dict[str, Any]:
    try:
        found = decode_frame(body)
    except Poison as error:
        return {"rows_count": None, "columns": {}, "as_built": {}, "unreadable": str(error)}
    return {
        "rows_count": found.rows_count,
        "columns": {name: UNITS.get(unit_of(name), "") for name in found.columns},
        "as_built": spec_body(found.spec),
        "unreadable": "",
    }


def _said(message: Message) -> dict[str, str]:
    """The attributes of the event, cut; what is not UTF-8 in them is replaced."""
    headers = dict(message.headers)
    return {
        name: headers[f"ce_{name}"].decode(errors="replace")[:max_count]
        for name, max_count in ATTRIBUTES.items()
        if f"ce_{name}" in headers
    }
