"""Which partitions of a group are this worker's: a fair share, held by claims on files.

Beside the log stands ``<log>.owners/<group>/<topic>/``: a claimed file for each living member and
one for each owned partition. Partition p belongs to member p mod n, in the order of joining; who
has it keeps the claim until its work is committed, so a partition never has two owners.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from pathlib import Path
from urllib.parse import quote

from streams.log.ownership import Claim, Membership, join, members, try_claim
from streams.log.port import TopicPartition


class Shares:
    """The claims of one worker in one group; its methods touch files and return at once."""

    def __init__(self, log_path: Path, group: str) -> None:
        self._root = log_path.with_name(log_path.name + ".owners") / quote(group, safe="")
        self._memberships: dict[str, Membership] = {}
        self._claims: dict[TopicPartition, Claim] = {}

    @property
    def held(self) -> set[TopicPartition]:
        """The partitions owned now."""
        return set(self._claims)

    def subscribe(self, topics: Set[str]) -> None:
        """Become a member for each of these topics, and for no other."""
        for topic in self._memberships.keys() - topics:
            self._memberships.pop(topic).leave()
        for topic in sorted(topics - self._memberships.keys()):
            self._memberships[topic] = join(self._directory(topic) / "members")

    def fair(self, partitions: Mapping[str, int]) -> set[TopicPartition]:
        """What should be owned, given how many partitions each subscribed topic has."""
        share: set[TopicPartition] = set()
        for topic, membership in self._memberships.items():
            alive = members(self._directory(topic) / "members")
            mine = range(alive.index(membership.name), partitions.get(topic, 0), len(alive))
            share.update((topic, partition) for partition in mine)
        return share

    def take(self, wanted: Iterable[TopicPartition]) -> set[TopicPartition]:
        """Claim what is free of ``wanted``; what another still holds is left out."""
        taken: set[TopicPartition] = set()
        for topic, partition in sorted(wanted):
            claim = try_claim(self._directory(topic) / f"{partition}.lock")
            if claim is not None:
                self._claims[topic, partition] = claim
                taken.add((topic, partition))
        return taken

    def release(self, partitions: Iterable[TopicPartition]) -> None:
        """Let others have these."""
        for place in partitions:
            self._claims.pop(place).release()

    def close(self) -> None:
        """Leave the group: every claim is free when this returns."""
        self.subscribe(set())
        self.release(self.held)

    def _directory(self, topic: str) -> Path:
        return self._root / quote(topic, safe="")
