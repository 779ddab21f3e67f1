"""Following the audit log from an event loop, against a fake daemon."""

from __future__ import annotations

import asyncio

import pytest
from signward import RetryPolicy, errors
from signward.aio import AuditTail

from tests.fakes.statuses import status
from tests.running.waiting import until

QUICK = {"retries": RetryPolicy(attempts=3, base=0.01)}


@pytest.fixture
def log(daemon):
    for _ in range(7):
        daemon.log.append(identity="cn:bot", outcome="OK", key="k")
    return daemon.log


def test_records_are_listed_and_proved(run, log):
    async def work(client):
        found = [
            record.sequence async for record in client.admin.list_audit_records(3, page_size=2)
        ]
        assert found == [3, 4, 5, 6]
        assert (await client.admin.get_checkpoint()).size == 7
        assert (await client.admin.prove_inclusion(3)).tree_size == 7

    run(work)


def test_a_tail_waits_for_the_next_record(run, log):
    async def work(client):
        async with client.admin.tail_audit_records() as tail:
            assert isinstance(tail, AuditTail)
            assert not tail.has_begun
            adding = asyncio.create_task(append_to_what_has_begun(tail))
            assert (await anext(tail)).sequence == 7
            assert (tail.has_begun, tail.next_sequence) == (True, 8)
            await adding
        assert [record async for record in tail] == []

    async def append_to_what_has_begun(tail):
        await until(lambda: tail.has_begun)
        log.append()

    run(work)


def test_a_tail_ends_for_whoever_waits_when_it_is_closed(run, log):
    async def work(client):
        tail = client.admin.tail_audit_records(0)
        closing = asyncio.create_task(close_soon(tail))
        assert [record.sequence async for record in tail] == list(range(7))
        await closing

    async def close_soon(tail):
        await until(lambda: tail.next_sequence == 7)
        await asyncio.sleep(0.1)
        await tail.close()

    run(work)


def test_a_task_that_follows_can_be_cancelled(run, log):
    async def work(client):
        tail = client.admin.tail_audit_records(7)
        waiting = asyncio.create_task(anext(tail))
        await asyncio.sleep(0.1)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    run(work)


def test_a_tail_goes_on_where_it_was_after_its_connection_has_ended(daemon, run, log):
    async def work(client):
        async with client.admin.tail_audit_records(5) as tail:
            assert [(await anext(tail)).sequence for _ in range(2)] == [5, 6]
            daemon.plan("TailAuditRecords", *[status("UNAVAILABLE", "SHUTTING_DOWN")] * 2)
            log.append()
            log.append()
            assert [(await anext(tail)).sequence for _ in range(2)] == [7, 8]

    run(work, **QUICK)


def test_a_tail_gives_up(daemon, run):
    async def work(client):
        daemon.plan("TailAuditRecords", *[status("UNAVAILABLE", "SHUTTING_DOWN")] * 3)
        with pytest.raises(errors.Unavailable, match="SHUTTING_DOWN"):
            await anext(client.admin.tail_audit_records(0))
        daemon.plan("TailAuditRecords", status("PERMISSION_DENIED", "POLICY_DENIED"))
        with pytest.raises(errors.PermissionDenied):
            await anext(client.admin.tail_audit_records(0))

    run(work, **QUICK)


def test_closing_the_client_ends_a_tail(run, log):
    async def work(client):
        waiting = asyncio.create_task(anext(client.admin.tail_audit_records(7)))
        await asyncio.sleep(0.1)
        await client.close()
        with pytest.raises(ValueError, match="closed"):
            await waiting

    run(work, **QUICK)
