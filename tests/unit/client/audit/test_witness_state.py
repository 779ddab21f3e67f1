from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from signward.audit.checkpoints import parse_checkpoint, sign_checkpoint
from signward.audit.replacing import replace_file
from signward.audit.verifier_keys import KeyType
from signward.audit.witness_state import StateError, WitnessState, sole_user

from tests.fakes.audit_log import KeyPair, cosigned

LOG, WITNESS = KeyPair("signward/log"), KeyPair("w", KeyType.COSIGNATURE)


def _note(size: int = 5, log: KeyPair = LOG) -> bytes:
    return sign_checkpoint(log.verifier, log.sign, size, bytes([size]) * 32)


@pytest.fixture
def state(tmp_path: Path) -> WitnessState:
    return WitnessState(tmp_path / "state")


def test_nothing_is_known_before_anything_was_seen(state: WitnessState) -> None:
    assert state.load(LOG.verifier, WITNESS.verifier) is None


def test_what_was_cosigned_is_known_again(state: WitnessState) -> None:
    for size in (5, 9):
        note = cosigned(_note(size), WITNESS)
        state.store(note)
        assert state.load(LOG.verifier, WITNESS.verifier) == parse_checkpoint(note)
    assert [path.name for path in state.path.parent.iterdir()] == ["state"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"garbage",
        _note(),  # by no witness
        cosigned(_note(), KeyPair("w2", KeyType.COSIGNATURE)),
        cosigned(_note(log=KeyPair("signward/other")), WITNESS),
        cosigned(_note(), WITNESS).replace(b"\n5\n", b"\n4\n"),
        cosigned(_note(), WITNESS)[:-20],
    ],
)
def test_a_state_that_is_not_ones_own_is_never_taken_for_none(
    state: WitnessState, content: bytes
) -> None:
    state.path.write_bytes(content)
    with pytest.raises(StateError):
        state.load(LOG.verifier, WITNESS.verifier)


def test_the_state_is_on_the_disk_before_it_takes_its_place(
    state: WitnessState, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def syncing(descriptor: int) -> None:
        done.append("sync " + Path(f"/proc/self/fd/{descriptor}").readlink().name)
        fsync(descriptor)

    def replacing(path: Path, target: Path) -> Path:
        done.append(f"rename {path.name} {target.name}")
        return replace(path, target)

    monkeypatch.setattr(os, "fsync", syncing)
    monkeypatch.setattr(Path, "replace", replacing)
    state.store(b"note")
    assert done == [
        "sync .state.new",
        "rename .state.new state",
        f"sync {state.path.parent.name}",
    ]


def test_what_a_killed_process_left_is_in_nobodys_way(tmp_path: Path) -> None:
    (tmp_path / ".state.new").write_bytes(b"half")
    replace_file(tmp_path / "state", b"whole")
    assert (tmp_path / "state").read_bytes() == b"whole"
    assert [path.name for path in tmp_path.iterdir()] == ["state"]


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "precious").write_bytes(b"precious")
    (tmp_path / "state").symlink_to("precious")
    replace_file(tmp_path / "state", b"new")
    assert (tmp_path / "precious").read_bytes() == b"precious"


def test_a_file_that_cannot_be_written_stays_what_it_was(
    state: WitnessState, monkeypatch: pytest.MonkeyPatch
) -> None:
    state.store(b"old")

    def failing(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(OSError, match="No space left"):
        state.store(b"new")
    assert state.path.read_bytes() == b"old"


def test_evidence_is_kept_once_and_beside_the_state(state: WitnessState) -> None:
    first = state.keep_evidence(b"a\n", b"b\n")
    assert state.keep_evidence(b"a\n", b"b\n") == first
    assert first.read_bytes() == b"a\n\nb\n\n"
    assert first.name.startswith("state.evidence-")
    assert state.keep_evidence(b"a\n", b"c\n") != first


def test_a_key_has_one_user_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("key")
    code = "import sys, pathlib\nfrom signward.audit.witness_state import sole_user\n"
    code += "with sole_user(pathlib.Path(sys.argv[1])): print('in')"
    command = [sys.executable, "-c", code, str(path)]
    environment = os.environ | {"PYTHONPATH": "client"}

    def other() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=60, check=False
        )

    with sole_user(path):
        refused = other()
        with pytest.raises(StateError, match="in use by another witness"), sole_user(path):
            pass
    assert refused.returncode != 0
    assert "in use by another witness" in refused.stderr
    assert other().stdout == "in\n"
