from __future__ import annotations

import dataclasses

import pytest
from signward_server.core.keys import VersionState

from tests.fakes.spine.world import World

STATES = (VersionState.RETIRED, VersionState.PRIMARY, VersionState.PENDING)


def test_a_version_is_found_by_its_number_and_the_primary_one_by_zero() -> None:
    key = World().key(versions=STATES)
    assert [v.version for v in key.versions] == [3, 2, 1]
    assert key.version(0) == key.version(2)
    assert key.version(3).state is VersionState.PENDING  # type: ignore[union-attr]
    assert key.version(4) is None


def test_the_etag_changes_with_the_revision() -> None:
    key = World().key()
    assert dataclasses.replace(key, revision=key.revision + 1).etag != key.etag


def test_a_snapshot_cannot_be_changed() -> None:
    key = World().key()
    with pytest.raises(dataclasses.FrozenInstanceError):
        key.owner = "cn:thief"  # type: ignore[misc]
