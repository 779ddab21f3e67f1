"""kill -9 between any two steps of a rotation, a destruction and a scheduled rotation.

What was answered holds, what was begun is the old state or the new one, and what has its time
is done after the next start, once.
"""

from __future__ import annotations

import json
import random
import signal
import sqlite3
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Protocol

import pytest
from signward import Client, SignwardError
from signward.audit.verifier_keys import parse_verifier_key
from signward.audit.verifying import verify_log
from signward.v1 import resources_pb2 as resources

from tests.running.clocks import Clocks
from tests.running.dying import DYING, Fuse
from tests.running.homes import Home
from tests.running.keys import create
from tests.running.process import UNMEASURED, Daemon
from tests.running.waiting import eventually

pytestmark = pytest.mark.integration

HOUR, WEEK = timedelta(hours=1), timedelta(days=7)
PRIMARY = resources.KEY_VERSION_STATE_PRIMARY
GRACE = resources.KEY_VERSION_STATE_GRACE
DESTROYED = resources.KEY_VERSION_STATE_DESTROYED
ROUNDS = 10
ONE_LOOK = 1.5  # seconds that a look of the schedules, and what it does, takes at most


class Bench:
    """A home whose daemon dies at a step, and is started again."""

    def __init__(self, home: Home, folder: Path) -> None:
        self.home = home
        self.fuse, self.clocks = Fuse(folder / "fuse"), Clocks(folder / "clocks")
        self.places: list[str] = []  # at which a daemon has died
        home.permit('permit (principal == Identity::"cn:admin", action, resource);', "all.cedar")

    @contextmanager
    def served(self) -> Iterator[tuple[Daemon, Client]]:
        """Run a daemon; that it dies of the fuse is no failure."""
        self.fuse.renew()
        variables = self.fuse.variables | self.clocks.variables | UNMEASURED
        daemon = Daemon(self.home, command=DYING, **variables)
        try:
            with daemon.client("admin", timeout=10) as client:
                yield daemon, client
            code, died_at = daemon.stop(), self.fuse.ended_at
            assert code == (-signal.SIGKILL if died_at else 0)
            self.places += [died_at] if died_at else []
        finally:
            daemon.kill()

    def wait(self, daemon: Daemon, is_done: Callable[[], bool]) -> None:
        """Wait until the daemon has died, or done what it was to do and all that belongs to it."""
        assert eventually(lambda: daemon.process.poll() is not None or is_done())
        with suppress(subprocess.TimeoutExpired):
            daemon.process.wait(ONE_LOOK)
        self.fuse.set(0)

    def states(self) -> dict[int, int]:
        """Return the states of the versions, as the store has them."""
        with closing(sqlite3.connect(f"file:{self.home.store}?mode=ro", uri=True)) as connection:
            rows = connection.execute("SELECT version, state FROM key_versions WHERE key_id='k'")
            return dict(rows.fetchall())

    def sealed(self) -> dict[int, bytes]:
        with closing(sqlite3.connect(f"file:{self.home.store}?mode=ro", uri=True)) as connection:
            rows = connection.execute("SELECT version, sealed FROM materials WHERE key_id='k'")
            return dict(rows.fetchall())


def whole(client: Client, primary: int) -> None:
    """See that everything is there, and signs: the primary version, and each one in grace."""
    assert client.check_key("k").problems == []
    versions = {version.version: version for version in client.list_key_versions("k")}
    assert set(versions) == set(range(1, primary + 1))
    assert client.sign_raw("k", b"m").version == primary
    for number, version in versions.items():
        if version.state in (PRIMARY, GRACE):
            signature = client.sign_raw("k", b"m", version=number).raw.signature
            assert client.verify_raw("k", b"m", signature, version=number).valid


def announced(client: Client, step: str) -> set[int]:
    """Return the versions of which a record says beforehand what happens to them."""
    found = client.admin.list_audit_records(event="scheduled", key="k")
    records = [json.loads(record.record) for record in found]
    return {record["version"] for record in records if record["details"]["step"] == step}


class Work(Protocol):
    """Something that a daemon may die of, and what must be so afterwards."""

    def begin(self, bench: Bench, daemon: Daemon, client: Client, number: int, steps: int) -> None:
        """Light the fuse and have it done, for the version of this number."""
        ...

    def check(self, bench: Bench, client: Client, number: int) -> None:
        """See that it was done or is done now, once and wholly; another daemon runs now."""
        ...


class Rotation:
    """A rotation that a caller asks for, and asks for again."""

    def begin(self, bench: Bench, daemon: Daemon, client: Client, number: int, steps: int) -> None:
        if number == 1:
            create(client, "k")
        bench.fuse.set(steps)
        answered = True
        try:
            client.rotate_key("k", request_id=f"r{number}")
        except SignwardError:
            answered = False
        bench.wait(daemon, lambda: answered)
        assert bench.states()[number] in ((GRACE,) if answered else (PRIMARY, GRACE))

    def check(self, bench: Bench, client: Client, number: int) -> None:
        rotation = client.rotate_key("k", request_id=f"r{number}")
        assert rotation.version.version == number + 1
        assert rotation.previous_version.version == number
        assert client.rotate_key("k", request_id=f"r{number}") == rotation


class ScheduledRotation:
    """A rotation whose time has come."""

    def begin(self, bench: Bench, daemon: Daemon, client: Client, number: int, steps: int) -> None:
        if number == 1:
            client.create_key(
                "k",
                algorithm=resources.ALGORITHM_ED25519,
                purpose=resources.PURPOSE_RAW,
                rotation_period=HOUR,
                grace_period=10 * HOUR,
            )
        bench.fuse.set(steps)
        bench.clocks.pass_time(HOUR)
        bench.wait(daemon, lambda: bench.states().get(number + 1) == PRIMARY)
        assert max(bench.states()) <= number + 1

    def check(self, bench: Bench, client: Client, number: int) -> None:
        assert eventually(lambda: bench.states().get(number + 1) == PRIMARY)
        assert number in announced(client, "rotation")


class Destruction:
    """A planned destruction whose time has come."""

    def begin(self, bench: Bench, daemon: Daemon, client: Client, number: int, steps: int) -> None:
        if number == 1:
            create(client, "k")
        client.rotate_key("k", grace_period=timedelta(0))
        client.schedule_destroy_key_version("k", number, wait=WEEK)
        self._sealed = bench.sealed()[number]
        bench.fuse.set(steps)
        bench.clocks.pass_time(WEEK)
        bench.wait(daemon, lambda: bench.states()[number] == DESTROYED)
        assert (number in bench.sealed()) == (bench.states()[number] != DESTROYED)

    def check(self, bench: Bench, client: Client, number: int) -> None:
        assert eventually(lambda: bench.states()[number] == DESTROYED)
        assert bench.sealed().keys() == {number + 1}
        assert number in announced(client, "destruction")
        assert eventually(lambda: not self._is_left(bench.home))

    def _is_left(self, home: Home) -> bool:
        files = [file.read_bytes() for file in home.store.parent.iterdir()]
        return any(self._sealed[16:48] in content for content in files)


WORKS = {"rotation": Rotation, "scheduled rotation": ScheduledRotation, "destruction": Destruction}


def rounds(work: Work, home: Home, folder: Path, fuses: Sequence[int]) -> list[str]:
    """Have a daemon die at each of these steps; return which ones these were."""
    bench = Bench(home, folder)
    for number, steps in enumerate((*fuses, 0), 1):
        with bench.served() as (daemon, client):
            if number > 1:
                work.check(bench, client, number - 1)
                whole(client, number)
            if steps:
                work.begin(bench, daemon, client, number, steps)
    key = parse_verifier_key((home.path / "audit.pub").read_text().strip())
    report = verify_log(home.path / "audit", key)
    assert report.intact, report.findings
    return bench.places


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", WORKS)
def test_a_kill_between_any_two_steps(name: str, home: Home, tmp_path: Path) -> None:
    died_at = rounds(WORKS[name](), home, tmp_path, range(1, 20, 2))
    assert len(set(died_at)) >= ROUNDS - 3, died_at


@pytest.mark.soak
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("name", WORKS)
def test_a_kill_between_any_two_steps_soak(
    name: str, new_home: Callable[[], Home], tmp_path: Path
) -> None:
    chance = random.Random(20261121)  # noqa: S311 -- steps to die at, not secrets
    for turn in range(10):
        (folder := tmp_path / str(turn)).mkdir()
        fuses = [chance.randint(1, 24) for _ in range(20)]
        assert rounds(WORKS[name](), new_home(), folder, fuses)
