"""Real daemons whose KEK comes from elsewhere than a file: they sign, and leave no trace of it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from signward.v1 import sign_service_pb2 as pb
from signward_server.custody.envelope import read_parameters

from tests.running.envelopes import derived_keys, root_key, secrets_in
from tests.running.homes import PATIENCE, SIGNWARD, TESTS_CEDAR, Home, environment
from tests.running.keys import create, sign_request
from tests.running.observation import ask, observed
from tests.running.process import Daemon, serve_and_fail
from tests.running.scan import find_all

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]

PASSPHRASE = b"gravel ostrich pendulum 7"


class Elsewhere(Home):
    """A home whose KEK is known to the test by another file."""

    @property
    def kek(self) -> Path:
        return self.path.with_name(f"{self.path.name}.root")


@dataclass
class Source:
    """A home, and how its daemon is started."""

    home: Home
    flags: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    folder: str = ""

    @contextmanager
    def running(self) -> Iterator[Daemon]:
        with observed(
            self.home, *self.flags, before=self.before, CREDENTIALS_DIRECTORY=self.folder
        ) as daemon:
            yield daemon


def by_passphrase(home: Home, shelf: Path) -> Source:
    """Make a home anew, by `signward init --kek passphrase`."""
    typed = shelf / "passphrase"
    typed.write_bytes(PASSPHRASE + b"\n")
    made = home.path.with_name(f"{home.path.name}-passphrase")
    with typed.open("rb") as file:
        subprocess.run(
            [*SIGNWARD, "init", str(made), "--kek", "passphrase", "--passphrase-fd", "0"],
            env=environment(),
            stdin=file,
            check=True,
            capture_output=True,
            timeout=PATIENCE,
        )
    assert not (made / "kek").exists()
    source = Elsewhere(made)
    source.configure('tcp = "127.0.0.1:7443"', 'tcp = "localhost:0"')
    source.configure('http = "127.0.0.1:7480"', 'http = "127.0.0.1:0"')
    shutil.copy(home.policies / TESTS_CEDAR, source.policies)
    parameters = read_parameters(made / "kek.passphrase")
    argon2 = Argon2id(
        salt=parameters.salt,
        length=32,
        iterations=parameters.cost.passes,
        lanes=1,
        memory_cost=parameters.cost.memory // 1024,
    )
    source.kek.write_bytes(argon2.derive(PASSPHRASE))
    return Source(source, ("--passphrase-fd", "3"), ("sh", "-c", f'exec "$@" 3<{typed}', "sh"))


def by_credential(home: Home, shelf: Path) -> Source:
    folder = shelf / "credentials"
    folder.mkdir(exist_ok=True)
    source = Elsewhere(home.path)
    home.kek.rename(folder / "signward-kek")
    (folder / "signward-kek").chmod(0o400)
    source.kek.write_bytes((folder / "signward-kek").read_bytes())
    kek = "custody.envelope.kek_source=credential", "custody.envelope.kek=signward-kek"
    return Source(source, ("--set", kek[0], "--set", kek[1]), folder=str(folder))


def by_hand_over(home: Home, shelf: Path) -> Source:
    source = Elsewhere(home.path)
    home.kek.rename(source.kek)
    shell = ("bash", "-c", f'exec "$@" 3< <(tail -c 32 {source.kek})', "bash")
    return Source(source, ("--kek-fd", "3"), shell)


@pytest.mark.parametrize("make", [by_passphrase, by_credential, by_hand_over])
def test_s20_neither_kek_nor_passphrase_is_outside_of_locked_pages(
    home: Home, shelf: Path, make: Callable[[Home, Path], Source]
) -> None:
    source = make(home, shelf)
    with source.running() as daemon:
        with daemon.client() as client:
            create(client, "ed")
            answer = client.sign(sign_request("ed"))
            assert isinstance(answer, pb.SignResponse)
        assert ask(daemon)["signatures"] == 1
        secrets = {"root of the KEK": root_key(source.home), "its end": root_key(source.home)[16:]}
        secrets |= {"passphrase": PASSPHRASE, "its begin": PASSPHRASE[:16]}
        secrets |= secrets_in(source.home)
        derived = derived_keys(source.home)
        places = find_all(daemon.pid, secrets | derived)
        for name in derived:
            (area,) = places.pop(name)
            assert area.guarded, name
        assert {name: found for name, found in places.items() if found} == {}


def test_a_wrong_passphrase_and_none_are_refused(home: Home, shelf: Path) -> None:
    source = by_passphrase(home, shelf)
    (shelf / "passphrase").write_bytes(b"gravel ostrich pendulum 8\n")
    wrong = serve_and_fail(source.home, *source.flags, command=source.before)
    assert wrong.code == 4
    assert "is not the passphrase" in wrong.said
    assert "ostrich" not in wrong.said
    none = serve_and_fail(source.home, command=("setsid", "-w"))
    assert none.code == 4
    assert "no terminal to ask for the passphrase on" in none.said
