"""The log as the other parts of the daemon see it."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest
from signward.audit.checkpoints import parse_checkpoint, verify_checkpoint
from signward.audit.merkle import leaf_hash
from signward.audit.proofs import check_consistency, check_inclusion
from signward.audit.records import decode_record
from signward_server.audit.log import Log
from signward_server.core.audit_events import AuditEvent
from signward_server.core.errors import AuditUnavailable, FieldInvalid

from tests.fakes.audit_logs import ORIGIN, LogHome, an_entry, events_of


@pytest.fixture
def home(tmp_path: Path) -> LogHome:
    return LogHome(tmp_path / "audit")


@pytest.mark.parametrize("durability", ["group", "sync", "async"])
def test_what_is_recorded_can_be_read_and_verified(home: LogHome, durability: str) -> None:
    with home.opened(durability=durability) as log:
        receipts = [log.record(an_entry()) for _ in range(10)]
        assert [(receipt.log, receipt.sequence) for receipt in receipts] == [
            (ORIGIN, sequence) for sequence in range(10)
        ]
        log.checkpoint()
        records = [decode_record(body) for body in log.records(0, 100)]
        assert [record.seq for record in records] == list(range(10))
        assert records[3].identity == "cn:bot"
        assert records[3].intent == {"amount": 12, "market": "BTC-USD", "side": "buy"}
    assert home.verified().proved == 10


@pytest.mark.parametrize("durability", ["group", "sync"])
def test_s37_a_record_is_in_the_file_when_its_receipt_is_there(
    home: LogHome, durability: str
) -> None:
    path = home.place.folder.segment(0)
    with home.opened(durability=durability) as log:
        for number in range(5):
            log.record(an_entry(request_id=f"r-{number}"))
            assert f'"request_id":"r-{number}"'.encode() in path.read_bytes()


@pytest.mark.parametrize("durability", ["group", "sync", "async"])
def test_s35_what_is_announced_is_in_the_file_at_once(home: LogHome, durability: str) -> None:
    path = home.place.folder.segment(0)
    with home.opened(durability=durability) as log:
        for number in range(20):
            log.authorised(an_entry(request_id=f"r-{number}"))
            assert f'"request_id":"r-{number}"'.encode() in path.read_bytes()


def test_a_batch_is_recorded_in_one_write_with_numbers_in_a_row(home: LogHome) -> None:
    with home.opened() as log:
        log.record(an_entry())
        receipts = log.record_all([an_entry() for _ in range(64)])
        assert [receipt.sequence for receipt in receipts] == list(range(1, 65))
        assert log.record_all([]) == []


def test_many_threads_get_numbers_of_their_own(home: LogHome) -> None:
    seen: list[int] = []

    def work(log: Log) -> None:
        seen.extend([log.record(an_entry()).sequence for _ in range(200)])

    with home.opened() as log:
        threads = [threading.Thread(target=work, args=(log,)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(seen) == list(range(1600))
    assert home.verified().proved == 1600


def test_a_checkpoint_covers_whatever_was_recorded_before(home: LogHome) -> None:
    with home.opened() as log:
        for number in range(1, 4):
            log.record(an_entry())
            checkpoint = parse_checkpoint(log.checkpoint())
            verify_checkpoint(checkpoint, home.key.verifier)
            assert checkpoint.size == number
        assert log.verifier_key == str(home.key.verifier)


def test_proofs_hold_against_checkpoints(home: LogHome) -> None:
    with home.opened() as log:
        checkpoints = []
        for _ in range(7):
            log.record_all([an_entry(), an_entry()])
            checkpoints.append(parse_checkpoint(log.checkpoint()))
        last = checkpoints[-1]
        for sequence, body in enumerate(log.records(0, 100)):
            proof = log.inclusion(sequence, last.size)
            check_inclusion(sequence, last.size, leaf_hash(body), last.root, proof)
        for each in checkpoints:
            proof = log.consistency(each.size, last.size)
            check_consistency(each.size, last.size, each.root, last.root, proof)
        for sequence, size in ((0, 15), (14, 14), (-1, 3), (3, 3)):
            with pytest.raises(FieldInvalid):
                log.inclusion(sequence, size)
        for first, second in ((3, 15), (5, 4), (-1, 4)):
            with pytest.raises(FieldInvalid):
                log.consistency(first, second)


def test_authorised_is_an_event_of_its_own(home: LogHome) -> None:
    with home.opened() as log:
        log.authorised(an_entry())
        log.record(an_entry())
        assert events_of(log) == ["authorised", "signature"]


def test_a_note_is_recorded_with_its_details(home: LogHome) -> None:
    with home.opened() as log:
        log.note(AuditEvent.STARTED, {"version": "1.2", "workers": 1})
        record = json.loads(log.records(0, 1)[0])
        assert (record["event"], record["details"]) == ("started", {"version": "1.2", "workers": 1})


def test_readers_wait_for_what_is_yet_to_come(home: LogHome) -> None:
    with home.opened() as log:
        assert not log.wait(0, 0.01)
        found: list[bool] = []
        reader = threading.Thread(target=lambda: found.append(log.wait(0, 5.0)))
        reader.start()
        log.record(an_entry())
        reader.join()
        assert found == [True]
        assert log.wait(0, 0.0)


def test_reading_begins_and_ends_where_it_is_asked_to(home: LogHome) -> None:
    with home.opened() as log:
        log.record_all([an_entry() for _ in range(1500)])
        for start in (0, 1, 255, 256, 257, 900, 1499):
            bodies = log.records(start, 300)
            numbers = [json.loads(body)["seq"] for body in bodies]
            assert numbers == list(range(start, min(start + 300, 1500)))
        assert log.records(1500, 5) == []
        assert log.size == 1500


def test_nothing_is_recorded_after_the_end(home: LogHome) -> None:
    with home.opened() as log:
        pass
    with pytest.raises(AuditUnavailable):
        log.record(an_entry())
    with pytest.raises(AuditUnavailable):
        log.ensure_available()
    assert not log.healthy()
    log.failed(an_entry("POLICY_DENIED"))
    log.unauthenticated("10.0.0.1", "IDENTITY_UNKNOWN")
    log.note(AuditEvent.STOPPED, {})


def test_no_entry_and_no_call_is_kept(home: LogHome) -> None:
    import gc
    import weakref

    from tests.fakes.spine.call import FakeCall

    with home.opened() as log:
        call = FakeCall()
        known = weakref.ref(call)
        log.record(an_entry(call=call))
        log.failed(an_entry("POLICY_DENIED", call=call))
        del call
        gc.collect()
        assert known() is None
