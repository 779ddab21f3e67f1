"""Versions of keys on a real daemon: made, replaced, ended, and in a race with signatures."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from signward import errors
from signward.v1 import resources_pb2 as resources

from tests.running.homes import Home
from tests.running.keys import create
from tests.running.process import Daemon

pytestmark = pytest.mark.integration

PRIMARY = resources.KEY_VERSION_STATE_PRIMARY
GRACE = resources.KEY_VERSION_STATE_GRACE
RETIRED = resources.KEY_VERSION_STATE_RETIRED
SCHEDULED = resources.KEY_VERSION_STATE_DESTROY_SCHEDULED


def _states(key: resources.Key) -> dict[int, int]:
    return {version.version: version.state for version in key.versions}


def _reason(call: Callable[[], object]) -> str:
    with pytest.raises(errors.SignwardError) as raised:
        call()
    return str(raised.value.reason)


def test_a_rotated_key_signs_with_both_versions_and_after_a_restart(home: Home) -> None:
    with Daemon(home) as daemon, daemon.client() as client:
        key = create(client, "k")
        before = client.sign_raw("k", b"m")
        rotation = client.rotate_key("k", request_id="r1", etag=key.etag)
        assert _states(rotation.key) == {2: PRIMARY, 1: GRACE}
        assert rotation.previous_version.HasField("grace_end_time")
        assert client.rotate_key("k", request_id="r1", etag=key.etag) == rotation
    with Daemon(home) as daemon, daemon.client() as client:
        assert client.get_key("k") == rotation.key
        assert client.sign_raw("k", b"m", version=1).raw == before.raw
        now = client.sign_raw("k", b"m")
        assert now.version == 2
        fingerprint = rotation.version.public_key.fingerprint
        assert client.sign_raw("k", b"m", expected_fingerprint=fingerprint).raw == now.raw
        assert client.check_key("k").problems == []
