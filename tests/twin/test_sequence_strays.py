"""Words that no seal and no order accounts for: none waits for ever, and all are accounted for."""

from __future__ import annotations

import random
from collections.abc import Iterator

import msgspec
import pytest

from tests.twin import words
from tests.twin.test_sequence import chained, contents, head_of, interleaved, sequenced
from twin import heard, sealing, sequence
from twin.events import StreamAbsent, fact
from twin.identity import Identity
from twin.observations import Observation, Observed, Quarantine, Sealed, Silence
from twin.records import Record
from twin.sequence import Head, Sequencer
from twin.summaries import Summary

GAP_COUNT, UNSEALED_COUNT = 20, 60
TICKS_COUNT = 40
DISORDER_COUNT = 42
"""How far ``interleaved`` moves a word at most."""


@pytest.fixture(autouse=True)
def short_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test's log is short; what the bounds are changes nothing but how soon they are met."""
    monkeypatch.setattr(sequence, "GAP_MAX_COUNT", GAP_COUNT)
    monkeypatch.setattr(sequence, "UNSEALED_MAX_COUNT", UNSEALED_COUNT)


def strays() -> list[Observation]:
    """One of each kind that nothing else brings into a record."""
    lying = msgspec.structs.replace(
        words.quarantine("any", sequence=1), identity=Identity("w", 0, "seals/0", 7)
    )
    return [
        words.assumption("over-a-gap", sequence=3, source="operator"),
        words.assumption("unsealed", sequence=1, source="w", stream="notes"),
        words.assumption("unsealed-over-a-gap", sequence=4, source="w", stream="notes"),
        words.quarantine("seals", sequence=9),
        lying,
        words.summary("unsealed-shard", sequence=2, tick=1),
        words.seal({"s": 10**12}, tick=TICKS_COUNT, source="never-registered"),
        words.seal({}, tick=10**6, source="never-registered"),
    ]


def with_strays(luck: random.Random, story: list[Observation]) -> list[Observation]:
    """The story with strays in its first third, so that its end is far behind them."""
    placed = [(place + 1.0, word) for place, word in enumerate(story)]
    placed += [(luck.uniform(1, len(story) / 3), word) for word in strays()]
    return [word for _, word in sorted(placed, key=lambda pair: pair[0])]


def accounted(records: list[Record]) -> Iterator[Identity]:
    for record in records:
        yield from (event.identity for event in record.content.events)
        yield from (frame.identity for frame in record.provenance.frames)
        yield from (frame.identity for frame in record.provenance.late)
        yield from (entry.identity for entry in record.provenance.quarantined)


def named(word: Observation) -> Identity:
    match word:
        case Sealed():
            return Identity(word.source, word.epoch, "sealed-ticks", word.tick_ns)
        case Quarantine():
            return word.identity
        case Summary():
            return word.frame.identity
    assert isinstance(word, Observed)
    return word.event.identity


@pytest.mark.parametrize("seed", range(25))
def test_every_stray_is_in_one_record_and_the_log_is_needed_no_further(seed: int) -> None:
    luck = random.Random(seed)
    log = interleaved(luck, with_strays(luck, words.story(luck, ticks_count=TICKS_COUNT)))

    records = sequenced(log)

    assert len(records) == TICKS_COUNT
    assert {named(word) for word in strays()} <= set(accounted(records))
    at_most_open = UNSEALED_COUNT + DISORDER_COUNT
    assert records[-1].inputs.observations_offset > len(log) - at_most_open
    assert records[-1].inputs.ends == tuple(sorted(records[-1].inputs.ends))


@pytest.mark.parametrize("seed", range(25))
def test_strays_change_nothing_of_what_is_sealed(seed: int) -> None:
    luck = random.Random(500 + seed)
    story = words.story(luck, ticks_count=TICKS_COUNT)
    ours = {named(word) for word in strays()}

    found = sequenced(interleaved(luck, with_strays(luck, story)))

    def sealed_only(record: Record) -> Record:
        events = [e for e in record.content.events if e.identity not in ours]
        events = [e for e in events if e.kind != "StreamAbsent"]
        content = msgspec.structs.replace(record.content, events=tuple(events))
        return msgspec.structs.replace(record, content=content)

    assert contents([sealed_only(record) for record in found]) == contents(sequenced(story))


@pytest.mark.parametrize("seed", range(50))
def test_crashes_redelivery_and_a_zombie_decide_the_same_about_strays(seed: int) -> None:
    luck = random.Random(2000 + seed)
    log = interleaved(luck, with_strays(luck, words.story(luck, ticks_count=TICKS_COUNT)))

    journal = crashing(luck, log)

    assert contents(chained(journal)) == contents(sequenced(log))


@pytest.mark.parametrize("seed", range(20))
def test_two_sources_of_which_one_falls_silent_decide_the_same_after_a_crash(seed: int) -> None:
    """Silence decided for one while the other's tick is open, absent words, and a return."""
    luck = random.Random(3000 + seed)
    first = words.story(luck, ticks_count=8, source="a")
    second = words.story(luck, ticks_count=8, source="b")
    lost = luck.randrange(3, len(second) - 1)
    mixed = interleaved(luck, [*second[:lost], *second[lost + 1 :]])
    log = [*interleaved(luck, first), *mixed]
    for _ in range(12):
        log += [Silence("b", 1), Silence("a", 1), second[lost]]
    log = [words.registration("a"), words.registration("b"), *log]
    straight = log_with_numbered_silences(log)

    journal = crashing(luck, straight)

    assert contents(chained(journal)) == contents(sequenced(straight))


def crashing(luck: random.Random, log: list[Observation]) -> list[bytes]:
    """What is on the journal after six crashes; a process thought dead may go on as well."""
    journal: list[bytes] = []
    zombie: Sequencer | None = None
    machine, offset = Sequencer(Head()), 0
    crashes = sorted(luck.sample(range(len(log)), 6))
    while offset < len(log):
        for one in (machine, zombie):
            if one is not None:
                journal += [stored for _, stored in one.accept(log[offset], offset=offset)]
        offset += 1
        if crashes and offset > crashes[0]:
            crashes.pop(0)
            zombie = machine if luck.random() < 0.5 else None
            machine = Sequencer(head_of(journal))
            offset = machine.head.inputs.observations_offset
    return journal


def log_with_numbered_silences(log: list[Observation]) -> list[Observation]:
    """Each silence says which record it comes after, as the wall clock's word does."""
    machine, numbered = Sequencer(Head()), []
    for offset, word in enumerate(log):
        if isinstance(word, Silence):
            word = msgspec.structs.replace(word, after_number=machine.head.number)
        list(machine.accept(word, offset=offset))
        numbered.append(word)
    return numbered


def ticking(count: int, *, first: int = 1) -> list[Observation]:
    return [words.seal({"operations": 1}, tick=tick) for tick in range(first, first + count)]


def test_a_gap_of_an_unpaced_source_is_declared_absent_in_one_event() -> None:
    over_a_gap = words.assumption("late", sequence=10**12, source="operator")

    records = sequenced([words.registration(), over_a_gap, *ticking(GAP_COUNT + 5)])

    (holding,) = [r for r in records if over_a_gap.event in r.content.events]
    (absent,) = [fact(e) for e in holding.content.events if e.kind == "StreamAbsent"]
    assert absent == StreamAbsent("operator", 1, "ledger", 1, 10**12 - 1)
    assert len(records[-1].inputs.absent) < heard.ABSENT_KEPT_COUNT


def test_a_gap_that_is_filled_in_time_is_none() -> None:
    first, second = (words.assumption(f"a{n}", sequence=n, source="operator") for n in (1, 2))

    records = sequenced([words.registration(), second, *ticking(3), first, *ticking(2, first=4)])

    (holding,) = [r for r in records if second.event in r.content.events]
    assert first.event in holding.content.events
    assert holding.number == 4


def test_a_word_that_was_declared_absent_and_comes_is_a_fact_of_the_open_tick() -> None:
    first, second = (words.assumption(f"a{n}", sequence=n, source="operator") for n in (1, 2))
    closed = ticking(GAP_COUNT + 5)

    records = sequenced(
        [words.registration(), second, *closed, first, *ticking(1, first=len(closed) + 1)]
    )

    assert first.event in records[-1].content.events


def test_a_seal_of_too_many_words_closes_its_tick_and_is_not_followed() -> None:
    story = [
        words.registration(),
        words.summary("s", sequence=1, tick=1),
        words.seal({"operations": 1, "s": 10**12}, tick=1),
        words.summary("s", sequence=2, tick=2),
        words.seal({"operations": 1, "s": 2}, tick=2),
    ]

    records = sequenced(story)

    (aside,) = records[0].provenance.quarantined
    assert f"at most {sealing.ADVANCE_MAX_COUNT}" in aside.reason
    assert [e.kind for e in records[0].content.events] == ["Quarantined"]
    assert [f.identity.sequence for f in records[1].provenance.late] == [1]
    assert [f.identity.sequence for f in records[1].provenance.frames] == [2]


def test_a_seal_of_as_many_words_as_it_may_name_costs_no_more_than_one() -> None:
    last = {"operations": 1, "s": sealing.ADVANCE_MAX_COUNT - 1}

    records = sequenced([words.registration(), words.seal(last, tick=1), Silence("w", 1)])

    kinds = [e.kind for e in records[0].content.events]
    assert kinds.count("StreamAbsent") == 1
    assert len(records[0].inputs.absent) == heard.ABSENT_KEPT_COUNT


def test_what_is_absent_is_forgotten_once_its_stream_is_far_ahead() -> None:
    machine = Sequencer(Head())
    ahead = heard.ABSENT_KEPT_COUNT + 2
    story = [
        words.registration(),
        words.seal({"operations": 1, "s": 1}, tick=1),
        Silence("w", 1),
        *(words.summary("s", sequence=n, tick=2) for n in range(2, ahead + 1)),
        words.seal({"operations": 1, "s": ahead}, tick=2),
    ]

    records = [
        record
        for offset, word in enumerate(story)
        for record, _ in machine.accept(word, offset=offset)
    ]

    assert [len(record.inputs.absent) for record in records] == [1, 0]


def test_a_registration_delivered_again_paces_nothing_anew() -> None:
    first = words.registration()
    second = words.registration(epoch=2, starts=2)
    story = [first, *ticking(2), second, first, words.seal({"operations": 1}, tick=3, epoch=2)]

    records = sequenced(story)

    assert len(records) == 3
    assert [(pace.source, pace.epoch) for pace in records[-1].inputs.paced] == [("w", 2)]


def test_a_lower_epoch_that_was_never_heard_of_is_not_waited_for() -> None:
    story = [words.registration(epoch=2), words.registration()]

    records = sequenced([*story, words.seal({"operations": 1}, tick=1, epoch=2)])

    assert [pace.epoch for pace in records[0].inputs.paced] == [2]


def test_a_registration_without_a_readable_start_begins_whenever_it_seals() -> None:
    story = [words.registration(starts_at="soon"), words.seal({"operations": 1}, tick=7)]

    records = sequenced(story)

    assert [record.tick_ns for record in records] == [words.START_NS + 7 * words.TICK_NS]


def test_seals_of_an_epoch_that_ended_are_put_aside() -> None:
    story = [
        words.registration(),
        words.seal({"operations": 1}, tick=1),
        words.seal({"operations": 1, "s": 5}, tick=2),
        words.registration(epoch=2, starts=2),
        words.seal({"operations": 1}, tick=3, epoch=2),
    ]
    machine = Sequencer(Head())

    records = [
        record
        for offset, word in enumerate(story)
        for record, _ in machine.accept(word, offset=offset)
    ]

    assert [q.identity.stream for q in records[-1].provenance.quarantined] == ["sealed-ticks"]
    assert machine.needed_offset == len(story)


def test_an_old_seal_delivered_again_does_not_make_a_lapsed_source_return() -> None:
    old = words.seal({"operations": 1}, tick=1, source="b")
    story = [
        words.registration("a"),
        words.registration("b"),
        words.seal({"operations": 1}, tick=1, source="a"),
        old,
        words.seal({"operations": 1}, tick=2, source="a"),
        Silence("b", 1),
        old,
        words.seal({"operations": 1}, tick=3, source="a"),
    ]

    records = sequenced(story)

    assert [pace.source for pace in records[-1].inputs.lapsed] == ["b"]
    assert len(records) == 3
