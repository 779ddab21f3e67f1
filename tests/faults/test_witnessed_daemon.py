"""A witness beside a real daemon: over kills and restarts, and against a thief with its key."""

from __future__ import annotations

import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from signward.audit.checkpoints import Checkpoint, parse_checkpoint, split_checkpoints
from signward.audit.cosignatures import verify_cosignature
from signward.audit.folder import list_folder
from signward.audit.reading import read_bodies
from signward.audit.verifier_keys import VerifierKey, parse_verifier_key
from signward.audit.verifying import verify_log
from signward_server.core.startup import ExitCode

from tests.fakes.audit_log import LogWriter
from tests.running.homes import PATIENCE, ROOT, Home, environment
from tests.running.ports import free_port
from tests.running.process import Daemon, serve_and_fail

pytestmark = pytest.mark.integration

_MAIN = (sys.executable, "-c", "from signward.cli import main; main()")
_PORT = free_port()
_FLAGS = ("--set", f"listen.tcp=127.0.0.1:{_PORT}")


class _Witness:
    """Witness processes beside a home, with one key and state."""

    def __init__(self, home: Home, folder: Path) -> None:
        clients = home.path / "clients"
        self.state, self.out = folder / "state", folder / "out"
        self._variables = {
            "SIGNWARD_TARGET": f"localhost:{_PORT}",
            "SIGNWARD_CA": str(clients / "ca.crt"),
            "SIGNWARD_CERT": str(clients / "admin.crt"),
            "SIGNWARD_KEY": str(clients / "admin.key"),
        }
        key = str(folder / "w.key")
        made = self._run("audit", "witness-key", "w", key)
        self.key = parse_verifier_key(made.communicate(timeout=PATIENCE)[0].decode())
        self._arguments = (
            "audit", "witness", "--key", str(home.path / "audit.pub"), "--state", str(self.state),
            "--cosign-key", key, "--out", str(self.out), "--interval", "0s",
        )  # fmt: skip

    def _run(self, *arguments: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [*_MAIN, *arguments],
            cwd=ROOT,
            env=environment(**self._variables),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def start(self) -> subprocess.Popen[bytes]:
        return self._run(*self._arguments)

    def once(self) -> tuple[int, str]:
        process = self._run(*self._arguments, "--once")
        said = process.communicate(timeout=PATIENCE)[1].decode()
        return process.returncode, said

    def seen(self) -> Checkpoint:
        """Return what it shows, which is what it remembers."""
        checkpoint = parse_checkpoint(self.out.read_bytes())
        verify_cosignature(checkpoint, self.key)
        return checkpoint

    def sees(self, size: int) -> bool:
        return self.out.exists() and self.seen().size >= size


@pytest.fixture
def witness(home: Home, tmp_path: Path) -> _Witness:
    return _Witness(home, tmp_path)


@pytest.fixture
def following(witness: _Witness) -> Iterator[subprocess.Popen[bytes]]:
    process = witness.start()
    yield process
    process.kill()
    process.communicate(timeout=PATIENCE)


def _eventually(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def _sign(daemon: Daemon, count: int) -> int:
    """Make signatures; return the size that a log has at least which holds them all."""
    with daemon.client() as bot:
        if not list(bot.list_keys()):
            bot.create_key("k", custody=1, algorithm=1, purpose=1)
        return max(bot.sign_raw("k", b"m").audit_sequence for _ in range(count)) + 1


def test_it_follows_a_daemon_that_is_killed_and_started_again(
    home: Home, witness: _Witness, following: subprocess.Popen[bytes]
) -> None:
    for _ in range(2):
        with Daemon(home, *_FLAGS) as daemon:
            size = _sign(daemon, 20)
            _eventually(lambda size=size: witness.sees(size))
            daemon.kill()
    following.send_signal(signal.SIGTERM)
    said = following.communicate(timeout=PATIENCE)[1].decode()
    assert following.returncode == 0
    assert "answers again" in said
    with Daemon(home, *_FLAGS):
        assert witness.once()[0] == 0
    key = parse_verifier_key((home.path / "audit.pub").read_text())
    assert verify_log(home.path / "audit", key, processes=1).intact


class _Stolen:
    """The daemon's checkpoint key, in the hands of somebody who can write to its disk."""

    def __init__(self, home: Home) -> None:
        private = load_pem_private_key((home.path / "audit.key").read_bytes(), None)
        assert isinstance(private, Ed25519PrivateKey)
        self.verifier: VerifierKey = parse_verifier_key((home.path / "audit.pub").read_text())
        self.sign = private.sign


def _rewrite(home: Home, size: int, change: Callable[[bytes], bytes]) -> None:
    """Write the log anew, as its daemon would have written another history."""
    folder = home.path / "audit"
    bodies = [change(body) for _, body in read_bodies(list_folder(folder))][:size]
    shutil.rmtree(folder)
    stolen = _Stolen(home)
    forged = LogWriter(folder, stolen.verifier.name)
    forged.pair = stolen  # type: ignore[assignment]
    forged.add_bodies(bodies)
    forged.checkpoint()
    for path in (folder, *folder.iterdir()):
        path.chmod(0o700 if path.is_dir() else 0o600)


def _forget(home: Home) -> None:
    """Have the home know nothing of itself, as whoever writes to folder and store can."""
    (home.path / "instance").unlink()
    with closing(sqlite3.connect(home.store)) as store, store:
        store.execute("DELETE FROM homes")


@pytest.mark.parametrize(
    ("keeps", "kind"), [(10_000, "rewritten"), (12, "rolled-back")], ids=["changed", "shortened"]
)
def test_s36_a_log_rewritten_with_a_stolen_checkpoint_key_is_detected_and_named(
    home: Home, witness: _Witness, keeps: int, kind: str
) -> None:
    with Daemon(home, *_FLAGS) as daemon:
        _sign(daemon, 30)
        assert witness.once()[0] == 0
    before = witness.seen()
    _rewrite(home, keeps, lambda body: body.replace(b'"cn:bot"', b'"cn:eve"'))
    key = parse_verifier_key((home.path / "audit.pub").read_text())
    assert verify_log(home.path / "audit", key, processes=1).intact  # by itself it is a sound log
    refused = serve_and_fail(home, *_FLAGS)
    assert refused.code == ExitCode.NOT_ADOPTED  # the home knows what it was
    _forget(home)
    with Daemon(home, *_FLAGS) as daemon:
        _sign(daemon, 5 if kind == "rewritten" else 1)
        code, said = witness.once()
    assert code == 1
    assert f"NOT COSIGNED, {kind}: " in said
    assert witness.seen() == before
    [evidence] = witness.state.parent.glob("state.evidence-*")
    known, shown = (parse_checkpoint(note) for _, note in split_checkpoints(evidence.read_bytes()))
    assert known == before
    assert shown.origin == before.origin
