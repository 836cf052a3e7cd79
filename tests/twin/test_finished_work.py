"""Work that is done: what it held is free in the next tick, live as after a restart."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from msgspec.structs import replace

from tests.one_process import small_twin
from tests.twin.telling import granted_qty, same
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


def test_work_with_the_name_of_work_that_is_done_begins_anew(tmp_path: Path) -> None:
    with small_twin(tmp_path) as one:
        one.run(1)
        one.tell(SHORT)
        (first,) = one.run(1)
        one.run(1)
        one.tell(replace(SHORT, work_flop=1e30))
        *_, second, third = one.run(2)

    progress = [each.twin.work["public"] for each in (first, second, third)]
    done = [int(work.progress[work.ids.index("short"), 0]) for work in progress]
    assert done[0] == done[1] == done[2] - done[1]


def test_a_twin_read_back_has_the_market_it_had_and_goes_on_with_it(tmp_path: Path) -> None:
    with small_twin(tmp_path) as one:
        one.run(1)
        one.tell(SHORT)
        folded = one.run(5)

    for each, after in pairwise(folded):
        again = decode_twin(encode_twin(each.twin))

        assert same(again.market, each.twin.market)
        assert evolve(again, after.entry.record).outcomes == after.outcomes


def test_a_twin_read_back_after_work_was_done_folds_on_to_the_same_hash(tmp_path: Path) -> None:
    with small_twin(tmp_path) as one:
        one.run(1)
        one.tell(SHORT)
        done, after, *_ = one.run(3)

    again = evolve(decode_twin(encode_twin(done.twin)), after.entry.record).twin

    assert SliceHashes().state_hash(again.tick_ns, again.slices()) == after.hash
