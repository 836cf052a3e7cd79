"""What earlier code wrote reads the same today: a journal hash for hash, a frame sum for sum."""

from __future__ import annotations

import msgspec

from tests.golden_journal import GOLDEN, GoldenFrame, GoldenJournal
from tests.twin.frames import REF
from twin.evolve import evolve
from twin.frames import decode_frame
from twin.hashing import FOLD_VERSION, SliceHashes
from twin.observe import observe
from twin.records import Chain
from twin.snapshot import decode_twin, encode_twin
from twin.state import Twin


def test_the_golden_journal_folds_to_the_hashes_it_was_written_with() -> None:
    golden = msgspec.msgpack.decode((GOLDEN / "journal.msgpack").read_bytes(), type=GoldenJournal)
    chain, twin, hashes = Chain(), Twin(), []

    for stored in golden.records:
        record = chain.accept(stored)
        assert record is not None
        twin = evolve(twin, record).twin
        hashes.append(SliceHashes().state_hash(twin.tick_ns, twin.slices()))

    assert golden.fold_version == FOLD_VERSION, "run python -m tests.golden_journal"
    assert hashes == golden.hashes, "the fold moved: raise FOLD_VERSION, make the journal anew"


def test_a_twin_read_back_after_every_tick_folds_to_the_same_hashes() -> None:
    golden = msgspec.msgpack.decode((GOLDEN / "journal.msgpack").read_bytes(), type=GoldenJournal)
    chain, twin, hashes = Chain(), Twin(), []

    for stored in golden.records:
        record = chain.accept(stored)
        assert record is not None
        twin = evolve(decode_twin(encode_twin(twin)), record).twin
        hashes.append(SliceHashes().state_hash(twin.tick_ns, twin.slices()))

    assert hashes == golden.hashes


def test_the_golden_frame_is_observed_as_it_was() -> None:
    golden = msgspec.msgpack.decode((GOLDEN / "frame.msgpack").read_bytes(), type=GoldenFrame)

    assert observe(decode_frame(golden.body), REF).matrix == golden.matrix
