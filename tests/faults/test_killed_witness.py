"""kill -9 of a witness: it never cosigns two histories, and forgets none that it has shown."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from signward.audit.checkpoints import Checkpoint, parse_checkpoint, split_checkpoints
from signward.audit.cosignatures import verify_cosignature
from signward.audit.witness_keys import WitnessKey, make_witness_key

from tests.fakes.certificates import Authority
from tests.fakes.daemon import FakeDaemon
from tests.fakes.spine.audit_log import FakeAuditLog

pytestmark = pytest.mark.integration

_ROUNDS = 3
_PATIENCE = 60.0
_MAIN = "from signward.cli import main; main()"
# Kills the process just before, or after, the n-th call of a function by which state is written.
_KILLING = """
import os, pathlib, signal, sys
owner = {"os": os, "Path": pathlib.Path}[sys.argv.pop(1)]
name, after, left = sys.argv.pop(1), sys.argv.pop(1) == "after", [int(sys.argv.pop(1))]
original = getattr(owner, name)

def killing(*arguments, **options):
    left[0] -= 1
    if left[0] == 0 and not after:
        os.kill(os.getpid(), signal.SIGKILL)
    answer = original(*arguments, **options)
    if left[0] == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return answer

setattr(owner, name, killing)
"""


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[FakeDaemon]:
    authority = Authority(tmp_path)
    authority.issue("witness", x509.UniformResourceIdentifier("spiffe://test/witness"))
    daemon = FakeDaemon(authority, authority.issue("server", *FakeDaemon.server_names()), None)
    yield daemon
    daemon.stop()


class _Witness:
    """Runs witnesses of one key and state, and keeps what they have shown."""

    def __init__(self, folder: Path, daemon: FakeDaemon) -> None:
        self.daemon = daemon
        self.state = folder / "state"
        self.key: WitnessKey = make_witness_key("w")
        self.shown: list[Checkpoint] = []
        self._folder = folder
        self._file = folder / "w.key"
        self._file.touch(0o600)
        self._file.write_text(self.key.text())

    def start(self, *options: str, code: str = "", kill: tuple[str, ...] = ()) -> subprocess.Popen:
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
            "SIGNWARD_TARGET": self.daemon.target,
            "SIGNWARD_CA": str(self._folder / "ca.pem"),
            "SIGNWARD_CERT": str(self._folder / "witness.pem"),
            "SIGNWARD_KEY": str(self._folder / "witness.key"),
        }
        arguments = (
            "audit", "witness", "--key", str(self.daemon.log.key), "--state", str(self.state),
            "--cosign-key", str(self._file), "--interval", "0s", *options,
        )  # fmt: skip
        return subprocess.Popen(
            [sys.executable, "-c", code + _MAIN, *kill, *arguments],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def once(self, **how: object) -> tuple[int, str]:
        """Look once; return the exit code and what was said."""
        process = self.start("--once", **how)  # type: ignore[arg-type]
        return self.end(process)

    def end(self, process: subprocess.Popen) -> tuple[int, str]:
        out, said = process.communicate(timeout=_PATIENCE)
        whole = out[: out.rfind(b"\n\n") + 2] if b"\n\n" in out else b""
        for _, note in split_checkpoints(whole):
            if note.count(b"\n") < 6:  # not written to its end
                continue
            checkpoint = parse_checkpoint(note)
            verify_cosignature(checkpoint, self.key.verifier)
            self.shown.append(checkpoint)
        return process.returncode, said.decode()

    def known(self) -> Checkpoint:
        return parse_checkpoint(self.state.read_bytes())


@pytest.fixture
def witness(tmp_path: Path, daemon: FakeDaemon) -> _Witness:
    return _Witness(tmp_path, daemon)


def _forged(size: int, shared: int = 0) -> FakeAuditLog:
    """Return another history, signed with the same key, that begins with so many true records."""
    log = FakeAuditLog()
    for number in range(size):
        log.append(**({} if number < shared else {"note": "forged"}))
    return log


def test_it_never_cosigns_two_histories_over_kill_9(witness: _Witness, daemon: FakeDaemon) -> None:
    honest, ended = daemon.log, threading.Event()
    honest.append()

    def grow() -> None:
        while not ended.wait(0.003):
            honest.append()

    growing = threading.Thread(target=grow)
    growing.start()
    chance = random.Random(5)  # noqa: S311 -- of the test
    try:
        for _ in range(_ROUNDS):
            process = witness.start()
            assert process.stdout is not None
            process.stdout.readline()  # of the first note; the rest of it stays to be read
            time.sleep(chance.uniform(0, 0.4))
            process.send_signal(signal.SIGKILL)
            assert witness.end(process)[0] == -signal.SIGKILL
            known = witness.known()
            assert all(shown.size <= known.size for shown in witness.shown)
            daemon.log = _forged(known.size + chance.choice([-1, 0, 7]), shared=known.size - 1)
            code, said = witness.once()
            assert (code, "NOT COSIGNED" in said) == (1, True)
            daemon.log = honest
    finally:
        ended.set()
        growing.join()
    assert witness.once()[0] == 0
    assert len({shown.size for shown in witness.shown}) > _ROUNDS
    for shown in witness.shown:
        assert shown.root == honest.root(shown.size)


@pytest.mark.parametrize(
    ("kill", "remembered"),
    [
        (("os", "fsync", "before", "1"), 5),
        (("Path", "replace", "before", "1"), 5),
        (("Path", "replace", "after", "1"), 9),
        (("os", "fsync", "before", "2"), 9),
        (("os", "fsync", "after", "2"), 9),
    ],
)
def test_what_it_shows_it_remembers_wherever_it_is_killed(
    witness: _Witness, daemon: FakeDaemon, kill: tuple[str, ...], remembered: int
) -> None:
    for _ in range(5):
        daemon.log.append()
    assert witness.once()[0] == 0
    for _ in range(4):
        daemon.log.append()
    assert witness.once(code=_KILLING, kill=kill)[0] == -signal.SIGKILL
    assert [shown.size for shown in witness.shown] == [5]
    assert witness.known().size == remembered
    daemon.log = _forged(12, shared=5)
    code, _ = witness.once()
    assert code == (0 if remembered == 5 else 1)  # nobody has seen nine from it
    assert all(s.root == daemon.log.root(s.size) for s in witness.shown[1:])


def test_one_key_has_one_witness_at_a_time(witness: _Witness, daemon: FakeDaemon) -> None:
    daemon.log.append()
    first = witness.start()
    assert first.stdout is not None
    first.stdout.readline()
    code, said = witness.once()
    assert code == 2
    assert "in use by another witness" in said
    first.send_signal(signal.SIGTERM)
    assert witness.end(first)[0] == 0
    assert witness.once()[0] == 0
