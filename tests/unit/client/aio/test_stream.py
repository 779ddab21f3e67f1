"""The signing stream for asyncio: answers in any order, bounds, closing and breaking."""

from __future__ import annotations

import asyncio
import gc
import threading
import time

import pytest
from signward import errors, raw_request
from signward.aio import SignStream
from signward.v1 import sign_service_pb2 as pb
from signward.v1.sign_service_pb2_grpc import SignServiceStub

from tests.fakes.daemon_state import abort
from tests.fakes.statuses import status
from tests.running.waiting import until

WAIT = 5.0


@pytest.fixture
def key(daemon):
    daemon.add_key("k")
    return daemon


def ask(number: int = 0) -> pb.SignRequest:
    return raw_request("k", b"%d" % number)


def narrow(client, limit: int) -> SignStream:
    return SignStream(
        SignServiceStub(client.channel).SignStream,
        timeout=None,
        item_timeout=WAIT,
        max_in_flight=limit,
        ready=client._renewal.ready,
    )


def test_a_stream_signs_like_single_calls(key, run):
    async def work(client):
        async with client.stream() as stream:
            assert await stream.sign(ask(1)) == await client.sign(ask(1))

    run(work)


def test_a_thousand_items_from_four_tasks(key, client, run):
    async def work(twin):
        async def some(stream, start):
            futures = [await stream.send(ask(n)) for n in range(start, start + 250)]
            return await asyncio.gather(*futures)

        async with twin.stream() as stream:
            return await asyncio.gather(*[some(stream, n * 250) for n in range(4)])

    found = run(work)
    for number in (0, 499, 999):
        assert found[number // 250][number % 250] == client.sign(ask(number))


def test_answers_out_of_order_find_their_items(key, client, run):
    def backwards(items, context):
        held = list(items)
        yield from (key.answer(item) for item in reversed(held))

    key.on_stream = backwards

    async def work(twin):
        async with twin.stream() as stream:
            futures = [await stream.send(ask(n)) for n in range(10)]
            await stream.half_close()
            done, _ = await asyncio.wait(futures, return_when=asyncio.FIRST_COMPLETED)
            assert futures[0] not in done
            assert [future.id for future in futures] == list(range(1, 11))
            return await asyncio.gather(*futures)

    assert run(work) == [client.sign(ask(n)) for n in range(10)]


def test_a_bad_item_fails_alone(key, run):
    async def work(client):
        async with client.stream() as stream:
            bad = await stream.send(raw_request("missing", b"m"))
            good = await stream.send(ask(), timeout=2.0)
            with pytest.raises(errors.NotFound):
                await bad
            assert (await good).raw.signature

    run(work)


def test_send_waits_while_the_stream_is_full(key, run):
    key.gate = threading.Event()

    async def work(client):
        async with narrow(client, 2) as stream:
            for number in range(2):
                await stream.send(ask(number))
            third = asyncio.create_task(stream.send(ask(2)))
            await asyncio.sleep(0.1)
            assert not third.done()
            key.gate.set()
            assert (await (await third)).raw.signature

    run(work)


def test_a_send_that_is_cancelled_leaves_its_place(key, run):
    key.gate = threading.Event()

    async def work(client):
        async with narrow(client, 1) as stream:
            first = await stream.send(ask())
            waiting = asyncio.create_task(stream.send(ask(1)))
            await asyncio.sleep(0.05)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            key.gate.set()
            await first
            assert (await stream.sign(ask(2))).raw.signature

    run(work)


def test_an_item_that_nobody_awaits_any_more_harms_none(key, run):
    key.gate = threading.Event()

    async def work(client):
        async with client.stream() as stream:
            first = await stream.send(ask())
            first.cancel()
            key.gate.set()
            assert (await stream.sign(ask(1))).raw.signature

    run(work)


def test_an_item_without_an_answer_in_time_is_deadline_exceeded(key, run, monkeypatch):
    monkeypatch.setattr("signward.aio.stream.GRACE", 0.05)
    key.on_stream = lambda items, context: (key.answer(i) for i in items if i.id > 1)

    async def work(client):
        stream = client.stream()
        with pytest.raises(errors.DeadlineExceeded):
            await stream.sign(ask(), timeout=0.05)
        stream.cancel()

    run(work)


def test_closing_waits_and_then_cancels(key, run):
    key.gate = threading.Event()

    async def work(client):
        stream = client.stream()
        future = await stream.send(ask())
        await stream.close(0.1)
        with pytest.raises(errors.DeadlineExceeded):
            await future
        with pytest.raises(errors.Cancelled, match="closed on this side"):
            await stream.send(ask())

    run(work)
    key.gate.set()


def test_an_exception_in_the_context_cancels_what_is_outstanding(key, run):
    key.gate = threading.Event()

    async def work(client):
        futures = []

        async def fail_with_an_item_outstanding():
            async with client.stream() as stream:
                futures.append(await stream.send(ask()))
                raise KeyError

        with pytest.raises(KeyError):
            await fail_with_an_item_outstanding()
        with pytest.raises(errors.Cancelled):
            await futures[0]

    start = time.monotonic()
    run(work)
    assert time.monotonic() - start < 4
    key.gate.set()


def test_a_broken_stream_fails_all_and_says_nothing_to_the_loop(key, run):
    def refuse(items, context):
        next(items)
        next(items)
        abort(context, status("UNAVAILABLE", "SHUTTING_DOWN"))
        yield

    key.on_stream = refuse
    said = []

    async def work(client):
        asyncio.get_running_loop().set_exception_handler(lambda _loop, what: said.append(what))
        stream = client.stream()
        first, second = await stream.send(ask()), await stream.send(ask(1))
        with pytest.raises(errors.Unavailable, match="SHUTTING_DOWN"):
            await first
        del second
        gc.collect()
        with pytest.raises(errors.Unavailable, match="SHUTTING_DOWN"):
            await stream.send(ask())

    run(work)
    assert said == []


def test_an_answer_to_nothing_breaks_the_stream(key, run):
    def invent(items, context):
        for item in items:
            answer = key.answer(item)
            answer.id += 1
            yield answer

    key.on_stream = invent

    async def work(client):
        stream = client.stream()
        future = await stream.send(ask())
        with pytest.raises(errors.Internal, match="not in flight"):
            await future
        with pytest.raises(errors.Internal, match="not in flight"):
            await stream.send(ask())

    run(work)


def test_closing_the_client_ends_its_streams(key, run):
    key.gate = threading.Event()

    async def work(client):
        stream = client.stream()
        future = await stream.send(ask())
        await client.close()
        with pytest.raises(errors.Cancelled):
            await future

    run(work)
    key.gate.set()


def test_a_stream_has_the_time_that_it_is_given(key, run):
    key.gate = threading.Event()

    async def work(client):
        stream = client.stream(timeout=0.1)
        with pytest.raises(errors.DeadlineExceeded):
            await (await stream.send(ask()))

    run(work)
    key.gate.set()


@pytest.mark.parametrize("limit", [0, 257])
def test_the_bound_lies_between_1_and_256(run, limit):
    async def work(client):
        with pytest.raises(ValueError, match="between 1 and 256"):
            narrow(client, limit)

    run(work)


def test_the_stream_goes_on_over_a_new_connection(key, run):
    async def work(client):
        async with client.stream() as stream:
            await stream.sign(ask())
            await client.reconnect()
            await stream.sign(ask(1))
            await until(lambda: len(stream._running) == 1)  # the old one ends with its answers
        return client.reconnections

    assert run(work) == 1
    assert len({seen.peer for seen in key.seen if seen.method == "SignStream"}) == 2


def test_what_is_in_flight_is_answered_over_the_old_connection(key, run):
    key.gate = threading.Event()

    async def work(client):
        async with client.stream() as stream:
            before = [await stream.send(ask(n)) for n in range(2)]
            await client.reconnect()
            after = await stream.send(ask(2))
            assert len(stream._running) == 2
            key.gate.set()
            for future in (*before, after):
                assert (await future).raw.signature

    run(work)


def test_a_stream_whose_call_was_ended_goes_on_over_a_newer_connection(key, run):
    ended = threading.Event()

    def once(items, context):
        if not ended.is_set():
            next(items)
            ended.set()
            abort(context, status("UNAUTHENTICATED", "CERTIFICATE_REVOKED"))
        yield from (key.answer(item) for item in items)

    key.on_stream = once

    async def work(client):
        async with client.stream() as stream:
            with pytest.raises(errors.Unauthenticated):
                await stream.sign(ask())
            with pytest.raises(errors.Unauthenticated):
                await stream.sign(ask())
            await client.reconnect()
            assert (await stream.sign(ask())).raw.signature

    run(work)
