"""Names for the array types that cross rooms."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Float32Array = NDArray[np.float32]
RealArray = Float32Array | FloatArray
IntArray = NDArray[np.int64]
UInt32Array = NDArray[np.uint32]
UInt8Array = NDArray[np.uint8]
BoolArray = NDArray[np.bool_]
AnyArray = NDArray[Any]


def frozen(array: NDArray[Any]) -> NDArray[Any]:
    """The same array, refusing writes from here on: a value of the fold never changes."""
    array.setflags(write=False)
    return array
