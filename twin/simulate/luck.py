"""Luck that anyone can draw again: random numbers by name instead of by turn.

Each draw is a function of (seed, purpose, asset, tick) and of nothing drawn before it, so removing
an asset changes no other's luck, and two branches of a what-if share theirs.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from twin.arrays import UInt32Array
from twin.physics.kernel import kernel

Words = tuple[np.uint64, np.uint64, np.uint64, np.uint64]

# numba turns uint64 mixed with int64 into float64: every constant below has its type.
_MULTIPLIER_0: Final = np.uint64(0xD2511F53)
_MULTIPLIER_1: Final = np.uint64(0xCD9E8D57)
_KEY_STEP_0: Final = np.uint64(0x9E3779B9)
_KEY_STEP_1: Final = np.uint64(0xBB67AE85)
_LOW_32: Final = np.uint64(0xFFFFFFFF)
_WORD: Final = np.uint64(32)
TO_UNIT: Final = 2.0**-32
"""A word times this is a number from 0 up to but not 1."""


@kernel
def draw(seed: int, purpose: int, asset: int, tick: int) -> Words:
    """Four independent words, each uniform over 0 to 2**32 - 1.

    ``seed`` and ``tick`` are any int64, ``purpose`` and ``asset`` any uint32. One purpose has
    these four words per asset and tick and no more; what needs a fifth takes a second purpose.
    """
    key, step = np.uint64(seed), np.uint64(tick)
    return philox(
        np.uint64(purpose) & _LOW_32,
        np.uint64(asset) & _LOW_32,
        step & _LOW_32,
        step >> _WORD,
        key & _LOW_32,
        key >> _WORD,
    )


@kernel
def philox(
    c0: np.uint64, c1: np.uint64, c2: np.uint64, c3: np.uint64, k0: np.uint64, k1: np.uint64
) -> Words:
    """Philox4x32-10: a counter of four words under a key of two, each below 2**32, as uint64.

    Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC11; checked
    against the known answers of its Random123 library.
    """
    for _ in range(10):
        product_0 = _MULTIPLIER_0 * c0
        product_1 = _MULTIPLIER_1 * c2
        c0 = (product_1 >> _WORD) ^ c1 ^ k0
        c2 = (product_0 >> _WORD) ^ c3 ^ k1
        c1 = product_1 & _LOW_32
        c3 = product_0 & _LOW_32
        k0 = (k0 + _KEY_STEP_0) & _LOW_32
        k1 = (k1 + _KEY_STEP_1) & _LOW_32
    return c0, c1, c2, c3


@kernel
def uniform(word: np.uint64) -> float:
    """A word as a number from 0 up to but not 1."""
    return word * TO_UNIT


@kernel
def triangular(word: np.uint64, other_word: np.uint64) -> float:
    """Noise of two words: mean 0, strictly between -1 and 1, standard deviation 0.408."""
    return (float(word) - float(other_word)) * TO_UNIT


@kernel
def _fill_words(
    seed: int, purpose: int, assets: UInt32Array, tick: int, words: UInt32Array
) -> None:
    """One row of four words per asset."""
    for row in range(assets.size):
        words[row, 0], words[row, 1], words[row, 2], words[row, 3] = draw(
            seed, purpose, assets[row], tick
        )


def draws(seed: int, *, purpose: int, assets: UInt32Array, tick: int) -> UInt32Array:
    """The words of many assets at one tick, shape ``(n, 4)``."""
    words = np.empty((assets.size, 4), dtype=np.uint32)
    _fill_words(seed, purpose, assets, tick, words)
    return words
