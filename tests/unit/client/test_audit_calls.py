"""Reading the audit log, against a fake daemon."""

from __future__ import annotations

import datetime as dt
import threading

import pytest
from signward import AuditTail, Client, RetryPolicy, errors
from signward.audit.checkpoints import parse_checkpoint, verify_checkpoint
from signward.audit.merkle import leaf_hash
from signward.audit.proofs import check_consistency, check_inclusion

from tests.fakes.spine.audit_log import FakeAuditLog
from tests.fakes.statuses import status
from tests.running.waiting import eventually

WHEN = dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)
WANTED = {"identity": "cn:bot", "key": "k", "outcome": "OK", "event": "signature"}


@pytest.fixture
def log(daemon):
    for number in range(7):
        daemon.log.append(identity="cn:bot" if number % 2 else "cn:other", outcome="OK", key="k")
    return daemon.log


@pytest.fixture
def quick(daemon, credentials):
    """A client that does not wait between attempts."""
    waits = []
    policy = RetryPolicy(attempts=3, sleep=waits.append)
    with Client(daemon.target, credentials, retries=policy) as client:
        yield client, waits


def once(condition, act):
    """Do something on another thread, as soon as something holds."""

    def work():
        assert eventually(condition)
        act()

    threading.Thread(target=work, daemon=True).start()


def test_a_checkpoint_can_be_verified(client, log):
    answer = client.admin.get_checkpoint()
    checkpoint = parse_checkpoint(answer.checkpoint)
    verify_checkpoint(checkpoint, log.key)
    assert (checkpoint.size, checkpoint.root) == (answer.size, answer.root_hash) == (7, log.root(7))


def test_list_reads_pages_only_as_they_are_needed(daemon, client, log):
    found = client.admin.list_audit_records(1, page_size=3)
    assert daemon.calls("ListAuditRecords") == []
    assert next(found).sequence == 1
    assert len(daemon.calls("ListAuditRecords")) == 1
    assert [record.sequence for record in found] == [2, 3, 4, 5, 6]
    assert [request.page_token for request in daemon.calls("ListAuditRecords")] == ["", "4"]


def test_a_page_with_nothing_in_it_is_not_the_end(client, log):
    found = client.admin.list_audit_records(identity="cn:bot", page_size=1)
    assert [record.sequence for record in found] == [1, 3, 5]


def test_what_is_wanted_is_sent(daemon, client):
    until = WHEN + dt.timedelta(hours=1)
    list(client.admin.list_audit_records(**WANTED, since=WHEN, until=until))
    tail = client.admin.tail_audit_records(5, **WANTED, since=WHEN)
    once(lambda: tail.has_begun, tail.close)
    assert list(tail) == []
    for method, ends in (("ListAuditRecords", until), ("TailAuditRecords", None)):
        [request] = daemon.calls(method)
        assert {name: getattr(request.filter, name) for name in WANTED} == WANTED
        assert request.filter.since.ToDatetime(dt.UTC) == WHEN
        assert request.filter.HasField("until") == (ends is not None)
    assert request.start == 5


def test_a_time_without_a_zone_is_ambiguous(daemon, client):
    for call in (client.admin.list_audit_records, client.admin.tail_audit_records):
        with pytest.raises(ValueError, match="time zone"):
            call(since=WHEN.replace(tzinfo=None))
        with pytest.raises(ValueError, match="time zone"):
            call(until=WHEN.replace(tzinfo=None))
    assert daemon.seen == []


def test_proofs_hold(client, log):
    answer = client.admin.prove_inclusion(3)
    leaf = leaf_hash(answer.record.record)
    check_inclusion(3, answer.tree_size, leaf, log.root(7), answer.hashes)
    assert client.admin.prove_inclusion(3, tree_size=4).tree_size == 4
    answer = client.admin.prove_consistency(3)
    check_consistency(3, 7, log.root(3), log.root(7), answer.hashes)
    assert client.admin.prove_consistency(3, second_size=5).tree_size == 5


def test_a_tail_waits_for_the_next_record(daemon, client, log):
    with client.admin.tail_audit_records() as tail:
        assert isinstance(tail, AuditTail)
        assert not tail.has_begun
        once(lambda: tail.has_begun, log.append)
        assert next(tail).sequence == 7
        assert (tail.has_begun, tail.next_sequence) == (True, 8)
    assert list(tail) == []


def test_a_tail_ends_for_whoever_waits_when_it_is_closed(client, log):
    tail = client.admin.tail_audit_records(0)
    once(lambda: tail.next_sequence == 7, threading.Timer(0.1, tail.close).start)
    assert [record.sequence for record in tail] == list(range(7))


def test_a_tail_goes_on_where_it_was_after_its_connection_has_ended(daemon, quick, log):
    client, waits = quick
    with client.admin.tail_audit_records(5) as tail:
        assert [next(tail).sequence, next(tail).sequence] == [5, 6]
        daemon.plan("TailAuditRecords", *[status("UNAVAILABLE", "SHUTTING_DOWN")] * 2)
        log.append()
        log.append()
        assert [next(tail).sequence, next(tail).sequence] == [7, 8]
    starts = [request.start for request in daemon.calls("TailAuditRecords")]
    assert starts[0] == 5
    assert starts[-1] in {7, 8}
    assert len(waits) == 2


def test_a_tail_gives_up_after_so_many_failures(daemon, quick):
    client, waits = quick
    daemon.plan("TailAuditRecords", *[status("UNAVAILABLE", "SHUTTING_DOWN", retry_after=9.0)] * 3)
    with pytest.raises(errors.Unavailable) as caught:
        next(client.admin.tail_audit_records(0))
    assert caught.value.reason == "SHUTTING_DOWN"
    assert waits == [9.0, 9.0]


def test_a_tail_that_is_refused_is_not_tried_again(daemon, quick):
    client, waits = quick
    daemon.plan("TailAuditRecords", status("PERMISSION_DENIED", "POLICY_DENIED"))
    with pytest.raises(errors.PermissionDenied):
        next(client.admin.tail_audit_records(0))
    assert waits == []


@pytest.mark.parametrize(
    ("method", "call"),
    [
        ("GetCheckpoint", lambda admin: admin.get_checkpoint()),
        ("ListAuditRecords", lambda admin: next(admin.list_audit_records())),
        ("GetAuditProof", lambda admin: admin.prove_inclusion(0)),
        ("GetAuditProof", lambda admin: admin.prove_consistency(1)),
    ],
)
def test_no_call_is_made_twice(daemon, client, method, call):
    daemon.plan(method, status("UNAVAILABLE", "AUDIT_UNAVAILABLE", retry_after=0.0))
    with pytest.raises(errors.Unavailable):
        call(client.admin)
    assert len(daemon.calls(method)) == 1


@pytest.fixture
def other(daemon):
    """The log of another worker."""
    other = daemon.others["signward/0123456789abcdef/worker-1"] = FakeAuditLog(
        "signward/0123456789abcdef/worker-1"
    )
    for _ in range(5):
        other.append(outcome="OK", key="w")
    return other


def test_a_named_log_is_asked_for(daemon, client, log, other):
    assert client.admin.get_checkpoint(log=other.name).size == 5
    assert [record.log for record in client.admin.list_audit_records(log=other.name)] == [
        other.name
    ] * 5
    assert client.admin.prove_inclusion(1, log=other.name).tree_size == 5
    assert client.admin.prove_consistency(1, log=other.name).tree_size == 5
    with client.admin.tail_audit_records(4, log=other.name) as tail:
        assert next(tail).log == other.name
    with pytest.raises(errors.InvalidArgument):
        client.admin.get_checkpoint(log="elsewhere")


def test_a_list_goes_on_in_the_log_that_it_began_in(daemon, client, log, other):
    found = client.admin.list_audit_records(page_size=3)
    begun = next(found).log
    daemon.log, daemon.others = other, {log.name: log}  # another worker answers
    assert {record.log for record in found} == {begun}
    assert [request.log for request in daemon.calls("ListAuditRecords")] == ["", begun, begun]


def test_a_tail_goes_on_in_the_log_that_it_began_in(daemon, quick, log, other):
    client, _ = quick
    with client.admin.tail_audit_records(6) as tail:
        assert next(tail).log == log.name
        daemon.log, daemon.others = other, {log.name: log}
        daemon.plan("TailAuditRecords", status("UNAVAILABLE", "SHUTTING_DOWN"))
        assert eventually(lambda: not daemon.planned["TailAuditRecords"])
        log.append()
        assert (next(tail).log, tail.next_sequence) == (log.name, 8)
    asked = [request.log for request in daemon.calls("TailAuditRecords")]
    assert (asked[0], asked[-1]) == ("", log.name)
