"""Health: who speaks, how late, and what could not be used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from twin.labels import PUBLIC
from twin.views.view import Moment, RollUp, Value, View, key, real, whole


def _rows(moment: Moment) -> Iterator[tuple[Value, ...]]:
    twin, provenance = moment.twin, moment.record.provenance
    reported = Counter(frame.identity.source for frame in provenance.frames)
    late = Counter(frame.identity.source for frame in provenance.late)
    quarantined = Counter(entry.identity.source for entry in provenance.quarantined)
    duplicates = dict(provenance.duplicate_count_by_source)
    expected_count = sum(s.shards_count for f in twin.fleets.values() for s in f.segments)
    paced = [name for name, source in twin.registry.sources.items() if source.is_paced]
    names = {*twin.registry.sources, *reported, *late, *quarantined, *duplicates}
    for name in sorted(names):
        source = twin.registry.sources.get(name)
        yield (
            PUBLIC,
            "measured",
            name,
            # Shards are not told apart by source; one paced source owns them all.
            expected_count if paced == [name] else reported[name],
            reported[name],
            moment.lag_s,
            late[name],
            duplicates.get(name, 0),
            quarantined[name],
            int(source.is_lapsed) if source is not None else 0,
        )


HEALTH = View(
    name="health",
    meaning="Who speaks to the twin, how late, and what could not be used.",
    key=(key("source", "Who says it."),),
    columns=(
        whole("shards_expected_count", RollUp.LAST, "Streams of frames that should report."),
        whole("shards_reported_count", RollUp.LAST, "Streams that did in this tick."),
        real("lag_s", RollUp.MAX, "Wall-clock delay from word to commit.", is_nullable=True),
        whole("late_count", RollUp.SUM, "Frames that came after their tick closed."),
        whole("duplicate_count", RollUp.SUM, "Repeated words that were dropped."),
        whole("quarantined_count", RollUp.SUM, "Words no one can read, kept as dead letters."),
        whole("lapsed_count", RollUp.MAX, "1 while the source is silent beyond the patience."),
    ),
    rows=_rows,
)
