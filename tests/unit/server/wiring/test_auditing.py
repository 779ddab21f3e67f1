"""The audit log as its section says."""

from contextlib import ExitStack

import pytest
from signward_server.config import load
from signward_server.core.clock import SystemClock
from signward_server.core.startup import AuditRefused
from signward_server.home.auditing import write_audit
from signward_server.wiring.auditing import open_audit, start_uploading

from tests.fakes.audit_logs import events_of
from tests.fakes.meter import FakeMeter


def section(tmp_path, *flags):
    file = tmp_path / "signward.toml"
    file.write_text("")
    return load(file, environment={}, flags=flags).audit


def test_its_beginning_and_its_end_are_recorded(tmp_path):
    made = section(tmp_path, "audit.origin=signward/1", "audit.durability=sync")
    write_audit(made.folder, made.checkpoint_key, made.origin)
    for events in (["started"], ["started", "stopped", "started"]):
        with ExitStack() as opened:
            log, _ = open_audit(made, SystemClock(), FakeMeter(), None, opened)
            assert (log.name, events_of(log)) == ("signward/1", events)
            assert not log.is_quick
            assert log.healthy()
            assert log.alive
        assert not log.alive


def test_without_a_name_it_says_what_to_do(tmp_path):
    with ExitStack() as opened, pytest.raises(AuditRefused, match="signward audit init"):
        open_audit(section(tmp_path), SystemClock(), FakeMeter(), None, opened)


def test_uploads_begin_where_they_are_asked_for(tmp_path):
    with ExitStack() as opened:
        assert start_uploading(section(tmp_path), opened) is None
        made = section(tmp_path, "audit.origin=signward/1", 'audit.upload=["true"]')
        write_audit(made.folder, made.checkpoint_key, made.origin)
        uploader = start_uploading(made, opened)
        log, _ = open_audit(made, SystemClock(), FakeMeter(), uploader, opened)
        assert log.size == 1
        assert uploader._process is not None
    assert uploader._process is None
