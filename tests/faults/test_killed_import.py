"""kill -9 between any two steps of an import: the key is there, whole, or another try makes it."""

from __future__ import annotations

import hashlib
import random
import signal
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from signward import Client, SignwardError
from signward.audit.verifier_keys import parse_verifier_key
from signward.audit.verifying import verify_log
from signward.sealing import sealer
from signward.v1 import resources_pb2 as resources

from tests.running.clocks import Clocks
from tests.running.dying import DYING, Fuse
from tests.running.homes import PATIENCE, Home
from tests.running.process import UNMEASURED, Daemon

pytestmark = pytest.mark.integration

ED, RAW = resources.ALGORITHM_ED25519, resources.PURPOSE_RAW
EVERYTHING = 'permit (principal == Identity::"cn:admin", action, resource);'


def secret(name: str) -> bytes:
    return hashlib.sha256(f"killed {name}".encode()).digest()


def public_key(name: str) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(secret(name)).public_key().public_bytes_raw()


class Bench:
    """A home whose daemon dies at a step of an import, and is started again."""

    def __init__(self, home: Home, folder: Path) -> None:
        self.home = home
        self.fuse, self.clocks = Fuse(folder / "fuse"), Clocks(folder / "clocks")
        self.places: list[str] = []  # at which a daemon has died
        home.permit(EVERYTHING, "all.cedar")

    @contextmanager
    def served(self) -> Iterator[tuple[Daemon, Client]]:
        """Run a daemon; that it dies is no failure."""
        self.fuse.set(0)
        variables = self.fuse.variables | self.clocks.variables | UNMEASURED
        daemon = Daemon(self.home, command=DYING, **variables)
        try:
            with daemon.client("admin", timeout=10) as client:
                yield daemon, client
        finally:
            daemon.kill()

    def bring(self, daemon: Daemon, client: Client, name: str, steps: int) -> bool:
        """Import a key and light the fuse when it is sealed; return whether that was answered."""
        seal = sealer(secret(name))

        def sealed(recipient: bytes, info: bytes) -> bytes:
            self.fuse.set(steps)
            return seal(recipient, info)

        answered = True
        try:
            client.import_key(name, sealed, algorithm=ED, purpose=RAW)
        except SignwardError:
            answered = False
            assert daemon.process.wait(PATIENCE) == -signal.SIGKILL
            self.places.append(self.fuse.ended_at)
        self.fuse.set(0)
        return answered

    def see(self, client: Client, name: str, *, answered: bool) -> None:
        """See that the key is there, whole, or can be made now."""
        names = {key.id for key in client.list_keys()}
        assert name in names or not answered
        if name not in names:
            client.import_key(name, sealer(secret(name)), algorithm=ED, purpose=RAW)
        assert client.get_key(name).versions[0].public_key.raw == public_key(name)
        assert client.check_key(name).problems == []
        signature = client.sign_raw(name, b"m").raw.signature
        Ed25519PrivateKey.from_private_bytes(secret(name)).public_key().verify(signature, b"m")

    def count(self, table: str) -> int:
        with closing(sqlite3.connect(f"file:{self.home.store}?mode=ro", uri=True)) as connection:
            (number,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608
            return int(number)


def rounds(home: Home, folder: Path, fuses: Iterable[int]) -> list[str]:
    """Have a daemon die at each of these steps; return which ones these were."""
    bench, before = Bench(home, folder), ("", True)
    made = 0
    for made, steps in enumerate((*fuses, 0)):
        with bench.served() as (daemon, client):
            if made:
                bench.see(client, before[0], answered=before[1])
                assert bench.count("keys") == bench.count("materials") == made
                assert bench.count("key_versions") == made
            if steps:
                name = f"k{made}"
                before = name, bench.bring(daemon, client, name, steps)
            else:
                assert daemon.stop() == 0
    key = parse_verifier_key((home.path / "audit.pub").read_text().strip())
    report = verify_log(home.path / "audit", key)
    assert report.intact, report.findings
    return bench.places


@pytest.mark.timeout(300)
def test_s23_a_kill_between_any_two_steps_of_an_import(home: Home, tmp_path: Path) -> None:
    died_at = rounds(home, tmp_path, range(1, 20, 2))
    assert len(died_at) >= 7, died_at


@pytest.mark.soak
@pytest.mark.timeout(3000)
def test_s23_a_kill_between_any_two_steps_of_an_import_soak(home: Home, tmp_path: Path) -> None:
    chance = random.Random(20261121)  # noqa: S311 -- steps to die at, not secrets
    assert rounds(home, tmp_path, [chance.randint(1, 18) for _ in range(200)])
