"""Versions of keys on a real daemon: made, replaced, ended, and in a race with signatures."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from signward import errors
from signward.v1 import resources_pb2 as resources
from signward.v1 import sign_service_pb2 as pb

from tests.running.homes import Home
from tests.running.keys import create, sign_request
from tests.running.process import PATIENT, Daemon
from tests.running.waiting import eventually

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
    with Daemon(home, *PATIENT) as daemon, daemon.client() as client:
        key = create(client, "k")
        before = client.sign_raw("k", b"m")
        rotation = client.rotate_key("k", request_id="r1", etag=key.etag)
        assert _states(rotation.key) == {2: PRIMARY, 1: GRACE}
        assert rotation.previous_version.HasField("grace_end_time")
        assert client.rotate_key("k", request_id="r1", etag=key.etag) == rotation
    with Daemon(home, *PATIENT) as daemon, daemon.client() as client:
        assert client.get_key("k") == rotation.key
        assert client.sign_raw("k", b"m", version=1).raw == before.raw
        now = client.sign_raw("k", b"m")
        assert now.version == 2
        fingerprint = rotation.version.public_key.fingerprint
        assert client.sign_raw("k", b"m", expected_fingerprint=fingerprint).raw == now.raw
        assert client.check_key("k").problems == []


def test_a_version_without_grace_signs_nothing_at_once_and_still_verifies(home: Home) -> None:
    with Daemon(home, *PATIENT) as daemon, daemon.client() as client:
        create(client, "k")
        answer = client.sign_raw("k", b"m")
        rotation = client.rotate_key("k", grace_period=timedelta(0))
        assert _states(rotation.key) == {2: PRIMARY, 1: RETIRED}
        assert _reason(lambda: client.sign_raw("k", b"m", version=1)) == "KEY_VERSION_RETIRED"
        verdict = client.verify_raw("k", b"m", answer.raw.signature)
        assert (verdict.valid, verdict.version) == (True, 1)
        old = rotation.previous_version.public_key
        assert client.get_public_key("k", version=1).public_key == old

        def sign() -> object:
            return client.sign_raw("k", b"m", expected_fingerprint=old.fingerprint)

        assert _reason(sign) == "FINGERPRINT_MISMATCH"


def test_a_grace_ends_when_it_says_and_only_gets_shorter(home: Home) -> None:
    with Daemon(home, *PATIENT) as daemon, daemon.client() as client:
        create(client, "k")
        rotation = client.rotate_key("k", grace_period=timedelta(hours=1))
        end = rotation.previous_version.grace_end_time.ToDatetime(UTC)
        later = end + timedelta(seconds=1)
        assert _reason(lambda: client.end_grace("k", 1, at=later)) == "FIELD_INVALID"
        soon = datetime.now(UTC) + timedelta(seconds=5)
        shortened = client.end_grace("k", 1, at=soon)
        assert _states(shortened) == {2: PRIMARY, 1: GRACE}
        assert client.sign_raw("k", b"m", version=1).version == 1
        assert eventually(lambda: _states(client.get_key("k")) == {2: PRIMARY, 1: RETIRED})
        assert datetime.now(UTC) >= soon
        assert _reason(lambda: client.sign_raw("k", b"m", version=1)) == "KEY_VERSION_RETIRED"
        retirements = 'signward_schedule_steps_total{step="retirement"}'  # which change the key too
        assert eventually(lambda: daemon.metric(retirements) == 1)
        client.rotate_key("k", grace_period=timedelta(hours=1))
        assert _states(client.end_grace("k", 2)) == {3: PRIMARY, 2: RETIRED, 1: RETIRED}
        assert _states(client.end_grace("k", 2)) == {3: PRIMARY, 2: RETIRED, 1: RETIRED}


def test_a_planned_destruction_is_taken_back_as_retired(home: Home) -> None:
    with Daemon(home, *PATIENT) as daemon, daemon.client() as client:
        create(client, "k")
        assert _reason(lambda: client.schedule_destroy_key_version("k", 1)) == "KEY_VERSION_PRIMARY"
        client.rotate_key("k")
        planned = client.schedule_destroy_key_version("k", 1, wait=timedelta(days=7))
        assert planned.state == SCHEDULED
        assert client.schedule_destroy_key_version("k", 1) == planned
        assert _reason(lambda: client.sign_raw("k", b"m", version=1)) == "KEY_VERSION_DESTROYED"
        assert client.restore_key_version("k", 1).state == RETIRED
        assert _reason(lambda: client.restore_key_version("k", 1)) == "KEY_VERSION_NOT_SCHEDULED"
        assert _reason(lambda: client.sign_raw("k", b"m", version=1)) == "KEY_VERSION_RETIRED"


def test_all_versions_are_listed_page_by_page(home: Home) -> None:
    with Daemon(home, *PATIENT) as daemon, daemon.client() as client:
        create(client, "k")
        for _ in range(11):
            client.rotate_key("k")
        assert [v.version for v in client.get_key("k").versions] == list(range(12, 2, -1))
        shown = list(client.list_key_versions("k", page_size=5))
        assert [v.version for v in shown] == list(range(12, 0, -1))
        assert len({v.public_key.fingerprint for v in shown}) == 12


def test_s16_rotations_in_a_race_with_signatures(home: Home) -> None:
    """Each answer verifies under the version that it names; only rotations lose."""
    with Daemon(home, *PATIENT) as daemon, daemon.client() as client:
        create(client, "k")
        done = threading.Event()
        with ThreadPoolExecutor(6) as pool:
            signers = [pool.submit(_sign_until, daemon, done, n) for n in range(3)]
            rotators = [pool.submit(_rotate, daemon, 8, n) for n in range(3)]
            outcomes = [outcome for each in rotators for outcome in each.result()]
            done.set()
            answers = [answer for each in signers for answer in each.result()]
        versions = {v.version: v for v in client.list_key_versions("k")}
        won = outcomes.count("OK")
        assert set(outcomes) <= {"OK", "ETAG_MISMATCH"}
        assert len(versions) == won + 1 > 8
        assert len({v.public_key.fingerprint for v in versions.values()}) == won + 1
        assert Counter(v.state for v in versions.values())[PRIMARY] == 1
        for message, number, signature in answers:
            public = Ed25519PublicKey.from_public_bytes(versions[number].public_key.raw)
            public.verify(signature, message)
        assert len(answers) > 20
        assert len({number for _, number, _ in answers}) > 1  # they did race
        assert client.check_key("k").problems == []


def _rotate(daemon: Daemon, times: int, worker: int) -> list[str]:
    """Rotate so often, every other time without grace; return what came of it."""
    outcomes = []
    with daemon.client() as client:
        for number in range(times):
            grace = timedelta(0) if (number + worker) % 2 else None
            try:
                client.rotate_key("k", grace_period=grace)
                outcomes.append("OK")
            except errors.Aborted as error:
                outcomes.append(error.reason)
    return outcomes


def _sign_until(
    daemon: Daemon, done: threading.Event, worker: int
) -> list[tuple[bytes, int, bytes]]:
    """Sign, alone and in batches; return messages, versions and signatures."""
    answers = []
    with daemon.client() as client:
        number = 0
        while not done.is_set() and number < 2_000:
            message = f"{worker} {number}".encode()
            if worker:
                found: Sequence[object] = [client.sign_raw("k", message)]
            else:
                found = client.sign_batch([sign_request("k", message)] * 8)
            for each in found:
                assert isinstance(each, pb.SignResponse), each
                answers.append((message, each.version, each.raw.signature))
            number += 1
    return answers
