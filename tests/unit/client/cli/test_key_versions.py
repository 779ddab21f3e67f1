"""``signward key ...``, as far as it is about versions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from signward.v1 import key_service_pb2 as pb


@pytest.fixture
def rotated(daemon, run):
    """A key with two versions."""
    daemon.add_key("k")
    assert run("key", "rotate", "k").code == 0
    return daemon.keys["k"].key


def test_rotate_shows_both_versions(daemon, run):
    old = daemon.add_key("k").versions[0].public_key
    outcome = run("key", "rotate", "k", "--grace-period", "0s", "--etag", "1", "--request-id", "r")
    assert outcome.code == 0
    [request] = daemon.calls("RotateKey")
    assert (request.request_id, request.etag) == ("r", "1")
    assert request.HasField("grace_period")
    new = daemon.keys["k"].key.versions[0].public_key
    lines = [line.split() for line in outcome.stdout.splitlines()]
    assert lines[0] == ["new", "2,", "primary"]
    assert lines[3] == ["previous", "1,", "grace", "until", "2030-01-01T00:00:00Z"]
    assert [lines[at][-1] for at in (2, 5)] == [new.fingerprint.hex(), old.fingerprint.hex()]


def test_rotate_as_json(daemon, run):
    daemon.add_key("k")
    answer = run("key", "rotate", "k", "--json").json
    assert answer["version"]["version"] == 2
    assert answer["previousVersion"]["graceEndTime"] == "2030-01-01T00:00:00Z"


def test_a_rotation_that_lost_says_to_read_again(daemon, run):
    daemon.add_key("k")
    outcome = run("key", "rotate", "k", "--etag", "0")
    assert outcome.code == 5
    assert "read the key again" in outcome.stderr


def test_versions_are_a_table(rotated, run):
    lines = run("key", "versions", "k").stdout.splitlines()
    assert lines[0].split() == ["VERSION", "STATE", "MADE", "ENDS", "FINGERPRINT"]
    assert [line.split()[:2] for line in lines[1:]] == [["2", "primary"], ["1", "grace"]]
    assert "2030-01-01T00:00:00Z" in lines[2]
    assert rotated.versions[1].public_key.fingerprint.hex() in lines[2]


def test_versions_as_json_up_to_a_limit(daemon, rotated, run):
    found = run("key", "versions", "k", "--json", "--limit", "1").json
    assert [version["version"] for version in found] == [2]
    assert daemon.calls("ListKeyVersions")[0].page_size == 1


def test_activate(daemon, rotated, run):
    outcome = run("key", "activate", "k", "1", "--grace-period", "1d")
    assert outcome.code == 0
    [request] = daemon.calls("ActivateKeyVersion")
    assert (request.version, request.grace_period.seconds) == (1, 86_400)


def test_end_grace_at_once_and_later(daemon, rotated, run):
    assert run("key", "end-grace", "k", "1").code == 0
    assert run("key", "end-grace", "k", "1", "--after", "1h").code == 0
    at_once, later = daemon.calls("UpdateKey")
    assert not at_once.HasField("grace_end_time")
    left = later.grace_end_time.ToDatetime(UTC) - datetime.now(UTC)
    assert timedelta(minutes=59) < left <= timedelta(hours=1)


def test_destroy_and_restore(daemon, rotated, run):
    outcome = run("key", "destroy", "k", "1", "--wait", "7d")
    assert outcome.code == 0
    assert "destroy-scheduled for 2030-01-01T00:00:00Z" in outcome.stdout
    assert daemon.calls("ScheduleDestroyKeyVersion")[0].wait.seconds == 7 * 86_400
    assert "retired" in run("key", "restore", "k", "1").stdout
    assert run("key", "restore", "k", "1", "--json").json["version"] == 1


def test_the_primary_version_is_not_destroyed_and_it_says_what_to_do(rotated, run):
    outcome = run("key", "destroy", "k", "2")
    assert outcome.code == 5
    assert "signward key rotate" in outcome.stderr


@pytest.mark.parametrize("command", ["activate", "end-grace", "destroy", "restore"])
@pytest.mark.parametrize("version", ["0", "-1", "x"])
def test_a_version_is_a_number_from_1(daemon, run, command, version):
    assert run("key", command, "k", "--", version).code == 2
    assert daemon.seen == []


def test_a_sound_key(daemon, run):
    daemon.add_key("k")
    outcome = run("key", "check", "k")
    assert (outcome.code, outcome.stdout) == (0, "k is sound\n")


def test_a_key_that_is_not_sound_has_an_exit_code(daemon, run):
    daemon.add_key("k")
    daemon.problems = [
        pb.KeyProblem(
            version=3,
            aspect=pb.KEY_ASPECT_PUBLIC_KEY,
            expected="aa",
            found="bb",
            message="Put it back.",
        )
    ]
    outcome = run("key", "check", "k")
    assert outcome.code == 1
    row = outcome.stdout.splitlines()[1]
    assert row.split() == ["3", "public-key", "aa", "bb", "Put", "it", "back."]
    assert run("key", "check", "k", "--json").json["problems"][0]["version"] == 3


def test_a_schedule_of_rotations(daemon, run):
    daemon.add_key("k")
    shown = run("key", "update", "k", "--rotation-period", "90d").stdout
    assert "rotation period" in shown
    assert "90d" in shown
    run("key", "update", "k", "--reset", "rotation-period")
    assert [list(call.update_mask.paths) for call in daemon.calls("UpdateKey")] == [
        ["rotation_period"],
        ["rotation_period"],
    ]
    run(
        "key", "create", "n", "--algorithm", "ed25519", "--purpose", "raw",
        "--rotation-period", "30d",
    )  # fmt: skip
    assert daemon.calls("CreateKey")[0].rotation_period.seconds == 30 * 86_400
