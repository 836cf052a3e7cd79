"""The whole twin as bytes, so that an instant far back needs no fold from the beginning.

A snapshot is sound when its state, read back, has the hash it was stored with.
"""

from __future__ import annotations

from typing import Any, get_origin

import msgspec
import numpy as np
import zstandard
from msgspec.structs import replace

from twin.arrays import frozen
from twin.business.market import Market
from twin.errors import BadInput
from twin.fold.closing import with_market
from twin.hashing import FOLD_VERSION
from twin.state import Twin

_MAX_BYTES = 1024**3


class _Stored(msgspec.Struct, frozen=True, array_like=True):
    fold_version: int
    twin: Twin


class _Versioned(msgspec.Struct, frozen=True, array_like=True):
    fold_version: int
    rest: msgspec.Raw


def encode_twin(twin: Twin) -> bytes:
    """A twin as compressed MessagePack; arrays are int64, little-endian, with their shape.

    Without its market, which is in no hash: whoever reads it back makes it anew from what is.
    """
    hashed = replace(twin, market=Market())
    return zstandard.compress(_ENCODER.encode(_Stored(FOLD_VERSION, hashed)), 3)


def decode_twin(body: bytes) -> Twin:
    """The twin in some bytes; ``BadInput`` when they are damaged or of another fold version."""
    try:
        plain = zstandard.ZstdDecompressor().decompress(body, max_output_size=_MAX_BYTES)
        version = _VERSION.decode(plain).fold_version
        if version != FOLD_VERSION:
            raise BadInput(f"a snapshot of fold version {version}", expected=f"{FOLD_VERSION}")
        return with_market(_DECODER.decode(plain).twin)
    except (zstandard.ZstdError, msgspec.MsgspecError, IndexError, ValueError) as error:
        raise BadInput(
            f"a snapshot that cannot be read ({error})", expected="a sound one"
        ) from None


def _encode_array(value: object) -> object:
    if isinstance(value, np.ndarray):
        return (value.shape, value.astype("<i8", copy=False).tobytes())
    raise TypeError(f"a twin holds no {type(value).__name__}")


def _decode_array(kind: type, value: Any) -> object:
    if (get_origin(kind) or kind) is np.ndarray:
        shape, data = value
        return frozen(np.frombuffer(data, dtype="<i8").reshape(shape))
    raise TypeError(f"a twin holds no {kind}")


_VERSION = msgspec.msgpack.Decoder(_Versioned)
_ENCODER = msgspec.msgpack.Encoder(enc_hook=_encode_array)
_DECODER: msgspec.msgpack.Decoder[_Stored] = msgspec.msgpack.Decoder(
    _Stored, dec_hook=_decode_array
)
