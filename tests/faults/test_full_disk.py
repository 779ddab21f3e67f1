"""A disk that fills up under a running daemon: errors, nothing lost, and well again after."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from signward import Client, ServingStatus, SignwardError

from tests.running.homes import Home
from tests.running.keys import create, sign_request
from tests.running.process import Daemon
from tests.running.waiting import eventually

pytestmark = pytest.mark.integration

SERVICES = ("", "signward.v1.SignService", "signward.v1.KeyService")
UNAVAILABLE = {"STORE_UNAVAILABLE", "AUDIT_UNAVAILABLE"}
"""Whichever notices first that the disk is full; both do where they share it."""


class LimitedFiles:
    """No file of the process may grow beyond what the store's log has (RLIMIT_FSIZE)."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon

    def fill(self) -> None:
        journal = Path(f"{self._daemon.home.store}-wal")
        self._limit(str(max(journal.stat().st_size, 1)))

    def free(self) -> None:
        self._limit("unlimited")

    def _limit(self, size: str) -> None:
        command = ["prlimit", "--pid", str(self._daemon.pid), f"--fsize={size}:unlimited"]
        subprocess.run(command, check=True, timeout=20)


class FullFilesystem:
    """Every byte of the file system is taken."""

    def __init__(self, folder: Path) -> None:
        self._filler = folder / "filler"

    def fill(self) -> None:
        with self._filler.open("wb", buffering=0) as file:
            for size in (4096, 1):
                try:
                    while file.write(b"x" * size):
                        pass
                except OSError:
                    continue

    def free(self) -> None:
        self._filler.unlink()


def health(client: Client) -> set[ServingStatus]:
    return {client.health(service) for service in SERVICES}


def survive(daemon: Daemon, disk: LimitedFiles | FullFilesystem) -> None:
    """Fill the disk, see that nothing is promised, free it, and see that all is well."""
    with daemon.client() as client:
        made = [f"before-{n}" for n in range(3)]
        for name in made:
            create(client, name)
        assert daemon.probe("/readyz") == 200
        disk.fill()
        refused = refused_creations(client)
        assert daemon.probe("/livez") == 200
        assert eventually(lambda: daemon.probe("/readyz") == 503)
        assert health(client) == {ServingStatus.NOT_SERVING}
        with pytest.raises(SignwardError) as raised:
            client.sign(sign_request("before-0", request_id="r1"))
        assert raised.value.reason in UNAVAILABLE
        with pytest.raises(SignwardError) as raised:
            client.disable_key("before-0")
        assert raised.value.reason in UNAVAILABLE
        disk.free()
        assert eventually(lambda: daemon.probe("/readyz") == 200)
        assert health(client) == {ServingStatus.SERVING}
        listed = {key.id for key in client.list_keys(page_size=500)}
        assert listed.isdisjoint(refused)
        made += [key for key in listed if key.startswith("full-")]
        for name in refused:  # the same ids are free
            create(client, name)
        client.sign(sign_request("before-0", request_id="r1"))
    assert daemon.stop() == 0
    with Daemon(daemon.home) as again, again.client() as client:
        for name in [*made, *refused]:
            assert client.sign(sign_request(name)).version == 1


def refused_creations(client: Client) -> list[str]:
    """Make keys until the disk takes no more; return the ids that were refused."""
    refused: list[str] = []
    reasons = set()
    for number in range(400):
        try:
            create(client, f"full-{number}")
        except SignwardError as error:
            reasons.add(error.reason)
            refused.append(f"full-{number}")
            if len(refused) == 3:
                break
    assert reasons <= UNAVAILABLE
    return refused


def test_files_that_cannot_grow(home: Home) -> None:
    daemon = Daemon(home)
    try:
        survive(daemon, LimitedFiles(daemon))
    finally:
        daemon.kill()


@contextmanager
def mounted(folder: Path) -> Iterator[None]:
    """Mount a small file system in memory, which takes root."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=2m,mode=0700", "tmpfs", str(folder)]
    done = subprocess.run(command, check=False, capture_output=True, timeout=20)
    if done.returncode != 0:
        pytest.skip(f"this machine mounts nothing for us: {done.stderr.decode().strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True, timeout=20)


def test_a_full_file_system(pristine: Home, shelf: Path) -> None:
    folder = shelf / "small"
    with mounted(folder):
        home = pristine.copy(folder / "h")
        daemon = Daemon(home)
        try:
            survive(daemon, FullFilesystem(folder))
        finally:
            daemon.kill()
