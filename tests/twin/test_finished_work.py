"""Work that is done: what it held is free in the next tick, live as after a restart."""

from __future__ import annotations

from pathlib import Path

from tests.one_process import small_twin
from tests.twin.telling import granted_qty
from twin.events import WorkloadSubmitted
from twin.evolve import evolve
from twin.hashing import SliceHashes
from twin.snapshot import decode_twin, encode_twin

SHORT = WorkloadSubmitted("short", "training", 1_000, 1e18, 0)


def test_work_that_is_done_holds_no_accelerators_any_more(tmp_path: Path) -> None:
    with small_twin(tmp_path) as one:
        one.run(1)
        one.tell(SHORT)
        folded = one.run(4)

    held = [granted_qty(each.twin.market, "workload/short") for each in folded]
    assert held == [1_000, 0, 0, 0]


def test_a_twin_read_back_after_work_was_done_folds_on_to_the_same_hash(tmp_path: Path) -> None:
    with small_twin(tmp_path) as one:
        one.run(1)
        one.tell(SHORT)
        done, after, *_ = one.run(3)

    again = evolve(decode_twin(encode_twin(done.twin)), after.entry.record).twin

    assert SliceHashes().state_hash(again.tick_ns, again.slices()) == after.hash
