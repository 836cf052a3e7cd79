"""Which partition a key belongs to: the same answer as Kafka's default partitioner."""

from __future__ import annotations

from aiokafka.partitioner import murmur2  # type: ignore[import-untyped]  # it ships no types


def partition_for(key: bytes, partitions: int) -> int:
    """The partition of a key, 0 … partitions-1; equal keys stay together, in their order.

    It is Java Kafka's placing, so a log keeps its layout when it moves between the adapters.
    Source: org.apache.kafka.common.utils.Utils.murmur2, sign bit cleared.
    """
    return int(murmur2(key) & 0x7FFFFFFF) % partitions
