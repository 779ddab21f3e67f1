"""What a real daemon does to keys by itself, with clocks that a test sets."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from signward import Client, SignwardError
from signward.v1 import resources_pb2 as resources

from tests.running.clocks import WITH_CLOCKS, Clocks
from tests.running.homes import Home
from tests.running.keys import create
from tests.running.process import UNMEASURED, Daemon
from tests.running.waiting import eventually

pytestmark = pytest.mark.integration

DAY = timedelta(days=1)
PRIMARY = resources.KEY_VERSION_STATE_PRIMARY
GRACE = resources.KEY_VERSION_STATE_GRACE
RETIRED = resources.KEY_VERSION_STATE_RETIRED
PLANNED = resources.KEY_VERSION_STATE_DESTROY_SCHEDULED
DESTROYED = resources.KEY_VERSION_STATE_DESTROYED


@pytest.fixture
def clocks(tmp_path: Path) -> Clocks:
    return Clocks(tmp_path / "clocks")


@contextmanager
def served(home: Home, clocks: Clocks, **variables: str) -> Iterator[tuple[Daemon, Client]]:
    """Run a daemon on these clocks; give it and its administrator, who may sign as well."""
    home.permit('permit (principal == Identity::"cn:admin", action, resource);', "all.cedar")
    with (
        Daemon(home, command=WITH_CLOCKS, **clocks.variables, **variables) as daemon,
        daemon.client("admin") as admin,
    ):
        yield daemon, admin


def stored(home: Home, key: str) -> dict[int, int]:
    """Return the states of a key's versions, as the store has them."""
    with closing(sqlite3.connect(f"file:{home.store}?mode=ro", uri=True)) as connection:
        rows = connection.execute("SELECT version, state FROM key_versions WHERE key_id=?", [key])
        return dict(rows.fetchall())


def reason(call: Callable[[], object]) -> str:
    try:
        call()
    except SignwardError as error:
        return error.reason
    return ""


def records(client: Client, event: str) -> list[dict[str, Any]]:
    """Return the records of an event."""
    return [json.loads(record.record) for record in client.admin.list_audit_records(event=event)]


def pass_time(client: Client, clocks: Clocks, duration: timedelta) -> None:
    """Let time pass, and the store be confirmed again, whose lease has ended meanwhile."""
    clocks.pass_time(duration)
    assert eventually(lambda: reason(lambda: client.sign_raw("k", b"m")) == "")


def sealed(home: Home) -> dict[int, bytes]:
    with closing(sqlite3.connect(f"file:{home.store}?mode=ro", uri=True)) as connection:
        rows = connection.execute("SELECT version, sealed FROM materials WHERE key_id='k'")
        return dict(rows.fetchall())


def failed_attempts(daemon: Daemon) -> list[str]:
    """Return the numbers of failed attempts, which there are for each reason."""
    return [line for line in daemon.metrics() if line.startswith("signward_schedule_errors_total")]


def test_a_grace_ends_by_itself(home: Home, clocks: Clocks) -> None:
    # The lease of the store outlasts what passes here: nothing has to be tried again.
    with served(home, clocks, SIGNWARD_STORE__LEASE="1m") as (daemon, client):
        create(client, "k")
        client.rotate_key("k", grace_period=timedelta(seconds=3))
        assert client.sign_raw("k", b"m", version=1).version == 1
        next_step = 'signward_schedule_next_timestamp_seconds{step="retirement"}'
        assert eventually(lambda: daemon.metric(next_step) > clocks.now().timestamp() - 5)
        pass_time(client, clocks, timedelta(seconds=3))
        assert reason(lambda: client.sign_raw("k", b"m", version=1)) == "KEY_VERSION_RETIRED"
        assert eventually(lambda: stored(home, "k") == {1: RETIRED, 2: PRIMARY})
        assert client.sign_raw("k", b"m").version == 2
        assert eventually(lambda: daemon.metric(next_step) == 0)
        assert daemon.metric('signward_schedule_steps_total{step="retirement"}') == 1
        assert failed_attempts(daemon) == []
        (announced,), (ended,) = records(client, "scheduled"), records(client, "retired")
    for record in (announced, ended):
        assert (record["key"], record["version"]) == ("k", 1)
    assert announced["details"]["step"] == "retirement"
    assert announced["seq"] < ended["seq"]


def test_a_planned_destruction_leaves_no_trace_of_the_key(home: Home, clocks: Clocks) -> None:
    with served(home, clocks) as (_, client):
        create(client, "k")
        client.rotate_key("k", grace_period=timedelta(0))
        client.schedule_destroy_key_version("k", 1, wait=timedelta(days=7))
        material = sealed(home)
        pass_time(client, clocks, 5 * DAY)
        assert client.restore_key_version("k", 1).state == RETIRED
        client.schedule_destroy_key_version("k", 1, wait=timedelta(days=7))
        pass_time(client, clocks, 7 * DAY - timedelta(minutes=1))
        assert eventually(lambda: len(records(client, "scheduled")) == 1)
        assert stored(home, "k") == {1: PLANNED, 2: PRIMARY}
        pass_time(client, clocks, timedelta(minutes=1))
        assert eventually(lambda: stored(home, "k") == {1: DESTROYED, 2: PRIMARY})
        assert sealed(home).keys() == {2}

        def traces() -> bool:
            files = [path.read_bytes() for path in home.store.parent.iterdir()]
            return any(material[1][16:48] in content for content in files)

        assert eventually(lambda: not traces())
        assert material[2] in home.store.read_bytes()
        assert reason(lambda: client.restore_key_version("k", 1)) == "KEY_VERSION_DESTROYED"
        assert client.check_key("k").problems == []
        assert client.sign_raw("k", b"m").version == 2
        (destroyed,) = records(client, "destroyed")
    assert (destroyed["key"], destroyed["version"]) == ("k", 1)


def test_a_key_with_a_rotation_period_is_rotated(home: Home, clocks: Clocks) -> None:
    with served(home, clocks) as (daemon, client):
        client.create_key(
            "k",
            algorithm=resources.ALGORITHM_ED25519,
            purpose=resources.PURPOSE_RAW,
            rotation_period=90 * DAY,
            grace_period=30 * DAY,
        )
        keys = 'signward_schedule_keys{step="rotation"}'
        assert eventually(lambda: daemon.metric(keys) == 1)
        for primary, states in (
            (2, {1: GRACE, 2: PRIMARY}),
            (3, {1: RETIRED, 2: GRACE, 3: PRIMARY}),
        ):
            pass_time(client, clocks, 90 * DAY)
            assert eventually(lambda wanted=states: stored(home, "k") == wanted)  # type: ignore[misc]
            assert client.sign_raw("k", b"m").version == primary
            assert client.sign_raw("k", b"m", version=primary - 1).version == primary - 1
        rotated = records(client, "rotated")
    assert [(record["version"], record["details"]) for record in rotated] == [
        (2, {"previous": 1}),
        (3, {"previous": 2}),
    ]


def test_s13_an_older_clock_resurrects_nothing_while_it_runs_or_after_kill_9(
    home: Home, clocks: Clocks
) -> None:
    with served(home, clocks, **UNMEASURED) as (daemon, client):
        create(client, "k")
        pass_time(client, clocks, 20 * DAY)  # certificates are not valid before they were made
        client.rotate_key("k", grace_period=5 * DAY)
        client.rotate_key("k", grace_period=timedelta(hours=1))
        pass_time(client, clocks, timedelta(hours=1))
        assert reason(lambda: client.sign_raw("k", b"m", version=2)) == "KEY_VERSION_RETIRED"
        clocks.step_wall(-6 * DAY)
        assert reason(lambda: client.sign_raw("k", b"m", version=2)) == "KEY_VERSION_RETIRED"
        assert client.sign_raw("k", b"m", version=1).version == 1
        assert eventually(lambda: daemon.metric("signward_clock_steps_total") == 1)
        pass_time(client, clocks, 5 * DAY)
        assert reason(lambda: client.sign_raw("k", b"m", version=1)) == "KEY_VERSION_RETIRED"
        daemon.kill()
    clocks.step_wall(-8 * DAY)
    with served(home, clocks) as (daemon, client):
        for version in (1, 2):
            assert (
                reason(lambda number=version: client.sign_raw("k", b"m", version=number))  # type: ignore[misc]
                == "KEY_VERSION_RETIRED"
            )
        assert client.sign_raw("k", b"m").version == 3
        assert daemon.metric("signward_clock_steps_total") == 1
        assert len(records(client, "clock_stepped")) == 2


def test_s13_a_clock_that_runs_ahead_destroys_and_rotates_nothing(
    home: Home, clocks: Clocks
) -> None:
    with served(home, clocks) as (daemon, client):
        client.create_key(
            "k",
            algorithm=resources.ALGORITHM_ED25519,
            purpose=resources.PURPOSE_RAW,
            rotation_period=20 * DAY,
        )
        client.rotate_key("k", grace_period=timedelta(0))
        client.schedule_destroy_key_version("k", 1, wait=7 * DAY)
        clocks.step_wall(25 * DAY)
        assert eventually(lambda: daemon.metric("signward_clock_steps_total") == 1)
        assert eventually(lambda: len(records(client, "clock_stepped")) == 1)
        assert client.restore_key_version("k", 1).state == RETIRED
        assert stored(home, "k") == {1: RETIRED, 2: PRIMARY}
