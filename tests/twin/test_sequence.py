"""The sequencer: one outcome, whatever the order, the repeats, the crashes and the zombies."""

from __future__ import annotations

import random

import pytest

from tests.twin import words
from twin.events import fact
from twin.observations import Observation, Silence
from twin.records import Chain, Content, Record, decode_record
from twin.sequence import Head, Sequencer


def sequenced(observations: list[Observation]) -> list[Record]:
    machine = Sequencer(Head())
    return [
        record
        for offset, observation in enumerate(observations)
        for record, _ in machine.accept(observation, offset=offset)
    ]


def contents(records: list[Record]) -> list[tuple[int, Content]]:
    return [(record.tick_ns, record.content) for record in records]


def interleaved(luck: random.Random, story: list[Observation]) -> list[Observation]:
    """The same words as workers would deliver them: out of order and some of them again."""
    keyed = [(place + luck.uniform(0, 12), word) for place, word in enumerate(story)]
    again = [(at + luck.uniform(0, 30), word) for at, word in keyed if luck.random() < 0.15]
    return [word for _, word in sorted(keyed + again, key=lambda pair: pair[0])]


@pytest.mark.parametrize("seed", range(150))
def test_any_interleaving_of_the_same_words_gives_the_same_contents(seed: int) -> None:
    luck = random.Random(seed)
    story = words.story(luck, ticks_count=12)

    straight = sequenced(story)
    shuffled = sequenced(interleaved(luck, story))

    assert len(straight) == 12
    assert contents(shuffled) == contents(straight)


@pytest.mark.parametrize("seed", range(100))
def test_crashes_redelivery_and_a_zombie_leave_one_chain_with_the_same_contents(seed: int) -> None:
    luck = random.Random(1000 + seed)
    story = words.story(luck, ticks_count=12)
    log = interleaved(luck, story)

    journal: list[bytes] = []
    zombie: Sequencer | None = None
    machine, offset = Sequencer(Head()), 0
    while offset < len(log):
        for _, stored in machine.accept(log[offset], offset=offset):
            journal.append(stored)
        if zombie is not None:
            # The process thought dead goes on and appends the same places again.
            journal += [stored for _, stored in zombie.accept(log[offset], offset=offset)]
        offset += 1
        if luck.random() < 0.05:
            zombie = machine if luck.random() < 0.5 else None
            machine = Sequencer(head_of(journal))
            offset = machine.head.inputs.observations_offset

    accepted = chained(journal)
    assert contents(accepted) == contents(sequenced(story))


def chained(journal: list[bytes]) -> list[Record]:
    chain = Chain()
    return [record for stored in journal if (record := chain.accept(stored)) is not None]


def head_of(journal: list[bytes]) -> Head:
    chain, head = Chain(), Head()
    for stored in journal:
        record = chain.accept(stored)
        if record is not None:
            head = Head(record.number, record.tick_ns, chain.head, record.inputs)
    return head


def test_two_paced_sources_close_a_tick_together() -> None:
    first = words.story(random.Random(1), ticks_count=6, source="a")
    second = words.story(random.Random(2), ticks_count=6, source="b")
    registrations = [first.pop(0), second.pop(0)]

    one_after_the_other = sequenced([*registrations, *first, *second])
    in_turns = sequenced(
        [*registrations, *(w for pair in zip(first, second, strict=False) for w in pair)]
    )

    assert len(one_after_the_other) == 6
    assert contents(in_turns)[:2] == contents(one_after_the_other)[:2]


def test_a_repeated_word_is_counted_and_changes_nothing() -> None:
    story = words.story(random.Random(3), ticks_count=3)

    records = sequenced([word for word in story for _ in range(2)])

    assert contents(records) == contents(sequenced(story))
    repeats = sum(n for r in records for _, n in r.provenance.duplicate_count_by_source)
    assert repeats == len(story) - 1  # The last seal closes its tick before it is repeated.


def test_the_same_name_with_other_contents_is_kept_aside_and_the_first_holds() -> None:
    first = words.summary("s", sequence=1, tick=1, count=5)
    other = words.summary("s", sequence=1, tick=1, count=7)

    records = sequenced(
        [words.registration(), first, other, words.seal({"operations": 1, "s": 1}, tick=1)]
    )

    assert records[0].provenance.frames == (first.frame,)
    assert [q.digest for q in records[0].provenance.quarantined] == [other.frame.digest]
    assert records[0].provenance.quarantined[0].reason.startswith("conflict")


def test_a_frame_of_another_tick_is_listed_as_late_and_not_counted() -> None:
    story = [
        words.registration(),
        words.summary("s", sequence=1, tick=1),
        words.seal({"operations": 1, "s": 1}, tick=1),
        words.summary("s", sequence=2, tick=1),
        words.seal({"operations": 1, "s": 2}, tick=2),
    ]

    records = sequenced(story)

    assert records[1].content.totals.keys == ()
    assert [ref.identity.sequence for ref in records[1].provenance.late] == [2]


def test_patience_with_a_missing_word_declares_it_absent_and_takes_it_as_late_afterwards() -> None:
    absent = words.summary("s", sequence=1, tick=1)
    story = [
        words.registration(),
        words.seal({"operations": 1, "s": 1}, tick=1),
        Silence(source="w", epoch=1),
        absent,
        words.summary("s", sequence=2, tick=2),
        words.seal({"operations": 1, "s": 2}, tick=2),
    ]

    records = sequenced(story)

    assert "StreamAbsent" in [event.kind for event in records[0].content.events]
    assert records[1].provenance.late == (absent.frame,)
    assert records[1].content.totals.array()[0, 1, 0] == 1


def test_a_silent_source_lapses_and_is_waited_for_again_when_it_returns() -> None:
    a, b = {"operations": 1}, {"operations": 1}
    story = [
        words.registration("a"),
        words.registration("b"),
        words.seal(a, tick=1, source="a"),
        words.seal(b, tick=1, source="b"),
        words.seal(a, tick=2, source="a"),
        Silence(source="b", epoch=1),
        words.seal(a, tick=3, source="a"),
        words.seal(b, tick=2, source="b"),
        words.seal(a, tick=4, source="a"),
        words.seal(b, tick=3, source="b"),
        words.seal(b, tick=4, source="b"),
    ]

    records = sequenced(story)

    kinds = [[e.kind for e in record.content.events] for record in records]
    assert kinds[1:] == [["SourceLapsed"], [], ["SourceReturned"]]
    assert [pace.source for pace in records[-1].inputs.paced] == ["a", "b"]


def test_an_unpaced_word_joins_the_next_tick_to_close() -> None:
    story = words.story(random.Random(4), ticks_count=2)
    late_fact = words.assumption("late", sequence=1, source="operator")

    records = sequenced([*story[:-1], late_fact, story[-1]])

    names = [fact(e).name for e in records[1].content.events if e.kind == "AssumptionSet"]
    assert "late" in names


def test_every_record_chains_on_to_the_one_before() -> None:
    machine, journal = Sequencer(Head()), []
    for offset, word in enumerate(words.story(random.Random(5), ticks_count=4)):
        journal += [stored for _, stored in machine.accept(word, offset=offset)]

    decoded = [decode_record(stored, number=n + 1) for n, stored in enumerate(journal)]

    assert [d.record.previous for d in decoded[1:]] == [d.digest for d in decoded[:-1]]
    assert [d.record.start_ns for d in decoded[1:]] == [d.record.tick_ns for d in decoded[:-1]]
