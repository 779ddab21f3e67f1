"""The client's calls about versions of keys."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from signward import errors
from signward.v1 import key_service_pb2 as pb
from signward.v1 import resources_pb2 as resources

from tests.fakes.statuses import status


def test_rotate_key_makes_a_request_id_of_its_own(daemon, client):
    daemon.add_key("k")
    for _ in range(2):
        client.rotate_key("k")
    first, second = daemon.calls("RotateKey")
    assert first.request_id
    assert first.request_id != second.request_id
    assert not first.HasField("grace_period")


def test_rotate_key_sends_what_is_given_and_gives_both_versions(daemon, client):
    old = daemon.add_key("k").versions[0].public_key
    answer = client.rotate_key("k", grace_period=timedelta(0), etag="1", request_id="r")
    assert (answer.version.version, answer.previous_version.version) == (2, 1)
    assert answer.previous_version.public_key == old
    assert answer.version.public_key != old
    [request] = daemon.calls("RotateKey")
    assert request.HasField("grace_period")
    assert (request.request_id, request.etag, request.grace_period.seconds) == ("r", "1", 0)


def test_a_rotation_is_repeated_with_its_request_id(daemon, client):
    daemon.add_key("k")
    daemon.plan("RotateKey", status("UNAVAILABLE", "STORE_UNAVAILABLE", "Not now."))
    assert client.rotate_key("k").version.version == 2
    first, second = daemon.calls("RotateKey")
    assert first == second


def test_a_rotation_that_lost_is_aborted(daemon, client):
    daemon.add_key("k")
    with pytest.raises(errors.Aborted):
        client.rotate_key("k", etag="0")
    assert len(daemon.calls("RotateKey")) == 1


def test_activate_key_version(daemon, client):
    daemon.add_key("k")
    client.rotate_key("k")
    key = client.activate_key_version("k", 1, grace_period=timedelta(days=1))
    assert key.primary_version == 1
    [request] = daemon.calls("ActivateKeyVersion")
    assert (request.version, request.grace_period.seconds) == (1, 86_400)


def test_end_grace_names_one_version_and_its_end(daemon, client):
    daemon.add_key("k")
    end = datetime(2027, 1, 1, tzinfo=UTC)
    client.end_grace("k", 1)
    client.end_grace("k", 1, at=end, etag="2")
    at_once, later = daemon.calls("UpdateKey")
    for request in (at_once, later):
        assert list(request.update_mask.paths) == ["grace_end_time"]
        assert request.grace_version == 1
    assert not at_once.HasField("grace_end_time")
    assert (later.grace_end_time.ToDatetime(UTC), later.etag) == (end, "2")


def test_a_time_without_a_zone_is_refused(daemon, client):
    with pytest.raises(ValueError, match="time zone"):
        client.end_grace("k", 1, at=datetime(2027, 1, 1))  # noqa: DTZ001
    assert daemon.seen == []


def test_list_key_versions_reads_pages_only_as_they_are_needed(daemon, client):
    daemon.add_key("k")
    for _ in range(4):
        client.rotate_key("k")
    versions = client.list_key_versions("k", page_size=2)
    assert next(versions).version == 5
    assert len(daemon.calls("ListKeyVersions")) == 1
    assert [version.version for version in versions] == [4, 3, 2, 1]
    assert len(daemon.calls("ListKeyVersions")) == 3


def test_destruction_is_planned_and_taken_back(daemon, client):
    daemon.add_key("k")
    client.rotate_key("k")
    planned = client.schedule_destroy_key_version("k", 1, wait=timedelta(days=7))
    assert planned.state == resources.KEY_VERSION_STATE_DESTROY_SCHEDULED
    client.schedule_destroy_key_version("k", 1)
    first, second = daemon.calls("ScheduleDestroyKeyVersion")
    assert (first.wait.seconds, second.HasField("wait")) == (7 * 86_400, False)
    kept = client.restore_key_version("k", 1)
    assert kept.state == resources.KEY_VERSION_STATE_RETIRED
    assert not kept.HasField("destroy_time")


def test_check_key(daemon, client):
    daemon.add_key("k")
    assert not client.check_key("k").problems
    daemon.problems = [pb.KeyProblem(version=1, aspect=pb.KEY_ASPECT_STATE, message="Lost.")]
    [problem] = client.check_key("k").problems
    assert (problem.version, problem.message) == (1, "Lost.")


def test_a_schedule_of_rotations_is_set_and_reset(daemon, client):
    daemon.add_key("k")
    key = client.update_key("k", rotation_period=timedelta(days=90))
    assert key.rotation_period.seconds == 90 * 86_400
    client.update_key("k", reset=["rotation_period"])
    given, reset = daemon.calls("UpdateKey")
    assert list(given.update_mask.paths) == list(reset.update_mask.paths) == ["rotation_period"]
    assert not reset.HasField("rotation_period")
