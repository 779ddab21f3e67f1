"""The key of checkpoints, in a file of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from signward.audit.checkpoints import parse_checkpoint, verify_checkpoint
from signward_server.audit.checkpoint_key import CheckpointKey, new_origin, new_private_key
from signward_server.core.startup import AuditRefused


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "audit.key"
    path.write_bytes(new_private_key())
    path.chmod(0o600)
    return path


def test_what_it_signs_verifies(file: Path) -> None:
    key = CheckpointKey.load("signward/1", file)
    checkpoint = parse_checkpoint(key.checkpoint(7, b"\x01" * 32))
    verify_checkpoint(checkpoint, key.verifier)
    assert (checkpoint.origin, checkpoint.size, checkpoint.root) == ("signward/1", 7, b"\x01" * 32)


def test_origins_differ() -> None:
    assert len({new_origin() for _ in range(100)}) == 100


@pytest.mark.parametrize("mode", [0o644, 0o660, 0o604, 0o602])
def test_s36_a_key_that_others_reach_is_refused(file: Path, mode: int) -> None:
    file.chmod(mode)
    with pytest.raises(AuditRefused, match=r"chmod"):
        CheckpointKey.load("signward/1", file)


def test_what_is_no_ed25519_key_is_refused(file: Path) -> None:
    other = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    locked = serialization.load_pem_private_key(new_private_key(), None).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"secret"),
    )
    for content in (b"", b"garbage", other, locked):
        file.write_bytes(content)
        with pytest.raises(AuditRefused, match="no Ed25519 key"):
            CheckpointKey.load("signward/1", file)


def test_a_missing_key_says_what_to_do(file: Path) -> None:
    file.unlink()
    with pytest.raises(AuditRefused, match="signward audit init"):
        CheckpointKey.load("signward/1", file)
    file.mkdir()
    with pytest.raises(AuditRefused):
        CheckpointKey.load("signward/1", file)
