"""A home with a small log in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.audit_log import KeyPair, LogWriter, cosigned


@pytest.fixture
def log(tmp_path: Path) -> LogWriter:
    """Records 0 to 6 in one segment, 7 to 9 in another; two denials; checkpoints of 3, 7, 10."""
    home = tmp_path / "home"
    home.mkdir()
    writer = LogWriter(home / "audit")
    writer.add(3)
    home.joinpath("old").write_bytes(writer.checkpoint())
    writer.add(2, identity="apikey:bot", key="desk-1", method="/signward.v1.SignService/Sign")
    writer.add(2, event="administration", outcome="OK", key="")
    writer.checkpoint()
    writer.rotate()
    writer.add(2, outcome="POLICY_DENIED")
    writer.add(1, identity="cn:a\x1b[31m", note="\u202e")
    writer.checkpoint()
    home.joinpath("audit.pub").write_text(f"{writer.key}\n")
    return writer


@pytest.fixture
def home(log: LogWriter) -> Path:
    return log.folder.parent


@pytest.fixture
def witness(log: LogWriter, home: Path) -> KeyPair:
    """One that has cosigned the newest checkpoint, which is in the file ``seen``."""
    from signward.audit.verifier_keys import KeyType

    pair = KeyPair("example.org/witness", KeyType.COSIGNATURE)
    home.joinpath("seen").write_bytes(cosigned(log.note, pair))
    return pair
