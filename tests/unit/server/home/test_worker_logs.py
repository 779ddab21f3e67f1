"""Worker logs are begun once, listed, and never begun again where one is gone."""

from __future__ import annotations

import shutil
import threading

import pytest
from signward.audit.log_list import LIST_NAME, parse_log_list
from signward.audit.whole import verify_home
from signward_server.audit.checkpoint_key import CheckpointKey
from signward_server.core.startup import AuditRefused
from signward_server.home.auditing import begin, write_audit
from signward_server.home.worker_logs import ensure_listed

ORIGIN = "signward/1"


@pytest.fixture
def folder(tmp_path):
    write_audit(tmp_path / "audit", tmp_path / "audit.key", ORIGIN)
    return tmp_path / "audit"


@pytest.fixture
def key(folder):
    return CheckpointKey.load(ORIGIN, folder.with_name("audit.key"))


def names(listed):
    return listed.folders


def test_missing_logs_are_begun_and_listed(folder, key):
    made = ensure_listed(folder, key, 2)
    assert names(made) == (".", "worker-1", "worker-2")
    assert parse_log_list((folder / LIST_NAME).read_bytes(), key.verifier) == made
    before = (folder / LIST_NAME).stat()
    assert ensure_listed(folder, key, 1) == made
    assert ensure_listed(folder, key, 0) == made
    assert (folder / LIST_NAME).stat() == before
    assert names(ensure_listed(folder, key, 3))[-1] == "worker-3"


def test_a_log_that_was_just_begun_is_signed_while_it_is_empty(folder, key):
    ensure_listed(folder, key, 1)
    log = verify_home(folder, key.verifier, processes=1).logs[1]
    assert (log.log, log.size, log.intact) == (f"{ORIGIN}/worker-1", 0, True)


def test_workers_that_start_together_make_one_list(folder, key):
    made, ready = [], threading.Barrier(4)

    def start():
        ready.wait()
        made.append(ensure_listed(folder, key, 4))

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 4
    assert set(map(names, made)) == {(".", "worker-1", "worker-2", "worker-3", "worker-4")}


def test_s36_a_listed_log_that_is_gone_is_not_begun_again(folder, key):
    ensure_listed(folder, key, 2)
    shutil.rmtree(folder / "worker-1")
    with pytest.raises(AuditRefused, match="is in the list, and gone"):
        ensure_listed(folder, key, 2)


def test_a_crash_before_the_list_is_written_is_made_good(folder, key):
    begin(folder / "worker-1", f"{ORIGIN}/worker-1")
    assert names(ensure_listed(folder, key, 1)) == (".", "worker-1")
    assert verify_home(folder, key.verifier, processes=1).logs[1].intact


def test_a_log_with_records_that_is_not_listed_is_not_taken_in(folder, key):
    ensure_listed(folder, key, 1)
    shutil.copytree(folder / "worker-1", folder / "worker-2")
    segment = next((folder / "worker-2").glob("*.log"))
    from signward.audit.framing import encode_frame
    from signward.audit.records import encode_record

    from tests.fakes.audit_log import record

    with segment.open("ab") as file:
        file.write(encode_frame(encode_record(record(0))))
    with pytest.raises(AuditRefused, match="not in the list"):
        ensure_listed(folder, key, 2)


@pytest.mark.parametrize("content", [b"", b"\xff\xff", b"signward/1/logs\n1\nsignward/1 .\n\nx\n"])
def test_a_list_that_is_none_is_refused(folder, key, content):
    (folder / LIST_NAME).write_bytes(content)
    with pytest.raises(AuditRefused, match="is none"):
        ensure_listed(folder, key, 1)


def test_s36_an_older_list_is_not_gone_on_from(folder, key):
    older = ensure_listed(folder, key, 1)
    newer = key.log_list([".", "worker-1", "worker-2"])
    _pin(folder, newer)
    (folder / LIST_NAME).write_bytes(older.note)
    with pytest.raises(AuditRefused, match="an older list was put back"):
        ensure_listed(folder, key, 2)
    assert ensure_listed(folder, key, 1) == older


def _pin(folder, listed):
    from signward.audit.framing import encode_frame
    from signward.audit.listings import details_of
    from signward.audit.records import encode_record

    from tests.fakes.audit_log import record

    body = encode_record(record(0, event="listed", details=details_of(listed, {})))
    with next(folder.glob("*.log")).open("ab") as file:
        file.write(encode_frame(body))


def test_a_folder_that_cannot_be_used_is_said(folder, key):
    shutil.rmtree(folder)
    with pytest.raises(AuditRefused, match="cannot be used"):
        ensure_listed(folder, key, 1)


def test_a_list_that_another_process_holds_is_waited_for(folder, key, monkeypatch):
    import fcntl

    monkeypatch.setattr("signward_server.home.worker_logs._PATIENCE", 0.2)
    with (folder / "logs.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(AuditRefused, match="held by another process"):
            ensure_listed(folder, key, 1)
    assert ensure_listed(folder, key, 1)
