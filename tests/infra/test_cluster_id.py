"""The identity of a new cluster can be given to the broker's tools, whatever was drawn."""

from __future__ import annotations

import base64
import uuid

import pytest

from infra.kafka.broker import cluster_id


@pytest.mark.parametrize("first", range(0, 256, 4))
def test_no_identity_begins_like_an_option(first: int) -> None:
    spelt = cluster_id(uuid.UUID(bytes=bytes((first, *range(15)))))
    assert spelt[0].isalpha(), spelt
    # The broker reads back 128 bits of base64 without padding.
    assert base64.urlsafe_b64decode(spelt + "==")[1:] == bytes(range(15))


def test_two_clusters_differ() -> None:
    assert cluster_id(uuid.uuid4()) != cluster_id(uuid.uuid4())
