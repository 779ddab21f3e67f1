"""How far store and log have come is written down while the daemon runs."""

from __future__ import annotations

import dataclasses
import logging
import time
from pathlib import Path

import pytest
from signward.audit.checkpoints import parse_checkpoint
from signward_server.core.errors import CustodyUnavailable, StoreUnavailable
from signward_server.home.instance import Instance, InstanceFile
from signward_server.home.remembering import Remembering

from tests.fakes.audit_logs import LogHome, an_entry
from tests.fakes.row_authenticator import HmacRows


class FakeStore:
    """A store's version."""

    def __init__(self) -> None:
        self.number = 4
        self.fails = False

    def version(self) -> int:
        if self.fails:
            raise StoreUnavailable
        return self.number


@pytest.fixture
def file(tmp_path: Path) -> InstanceFile:
    return InstanceFile(tmp_path / "instance", HmacRows())


@pytest.fixture
def begun(file: InstanceFile) -> Instance:
    instance = Instance(
        home="f" * 32,
        generation=2,
        starting=False,
        machine="a" * 64,
        version=4,
        log="other",
        size=0,
        root=bytes(32),
    )
    file.write(instance)
    return instance


def test_changes_are_written_as_they_come(file: InstanceFile, begun: Instance) -> None:
    store = FakeStore()
    remembering = Remembering(file, begun, store.version, lambda: b"")
    remembering.look()
    assert file.read() == begun
    store.number = 6
    remembering.look()
    assert file.read() == dataclasses.replace(begun, version=6)
    store.number = 5  # an older one was put back: that is to be noticed, not to be taken over
    remembering.look()
    store.fails = True
    remembering.look()
    remembering.stop()
    assert file.read() == dataclasses.replace(begun, version=6)


def test_what_was_signed_of_the_log_is_written_at_the_end(
    file: InstanceFile, begun: Instance, tmp_path: Path
) -> None:
    home = LogHome(tmp_path / "audit")
    with home.opened() as log:
        remembering = Remembering(file, begun, lambda: 4, lambda: log.signed)
        log.record(an_entry())
        checkpoint = parse_checkpoint(log.checkpoint())
        log.record(an_entry())
        remembering.look()
        assert file.read() == begun
        remembering.stop()
    assert file.read() == dataclasses.replace(
        begun, log=checkpoint.origin, size=1, root=checkpoint.root
    )


def test_a_thread_looks_every_second(file: InstanceFile, begun: Instance) -> None:
    store = FakeStore()
    remembering = Remembering(file, begun, store.version, lambda: b"")
    remembering.start()
    store.number = 7
    until = time.monotonic() + 20
    while file.read() == begun and time.monotonic() < until:
        time.sleep(0.05)
    remembering.stop()
    assert file.read() == dataclasses.replace(begun, version=7)


@pytest.mark.parametrize("error", [OSError(28, "full"), CustodyUnavailable()])
def test_a_home_that_takes_nothing_is_told_of_once(
    file: InstanceFile,
    begun: Instance,
    error: Exception,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def refuse(file: InstanceFile, instance: Instance) -> None:
        raise error

    remembering = Remembering(file, begun, lambda: 9, lambda: b"")
    with monkeypatch.context() as patched, caplog.at_level(logging.WARNING):
        patched.setattr(InstanceFile, "write", refuse)
        remembering.look()
        remembering.look()
    assert [record.message for record in caplog.records] == [
        "the file `instance` cannot be written: an older store would go unnoticed"
    ]
    remembering.look()
    assert file.read() == dataclasses.replace(begun, version=9)
