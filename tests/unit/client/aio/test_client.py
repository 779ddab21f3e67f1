"""The client for asyncio against a fake daemon over mTLS."""

from __future__ import annotations

import asyncio
import threading
import time
from datetime import datetime, timedelta

import grpc
import pytest
from signward import (
    Algorithm,
    Credentials,
    Purpose,
    RetryPolicy,
    ServingStatus,
    errors,
    order_request,
    raw_request,
)
from signward.aio import Client
from signward.v1 import key_service_pb2 as pb
from signward.v1.key_service_pb2_grpc import KeyServiceStub

from tests.fakes.statuses import status

DATE = datetime(2030, 1, 1)  # noqa: DTZ001 -- that it has no zone is the test
ORDER = {"action": "order", "coin": "BTC", "is_buy": True, "sz": "0.5", "limit_px": "42000"}


def unavailable(count, **details):
    return [status("UNAVAILABLE", "STORE_UNAVAILABLE", **details)] * count


def test_it_signs_and_verifies_as_its_twin(daemon, client, run):
    daemon.add_key("k")

    async def work(twin):
        signed = await twin.sign_raw("k", b"m")
        assert signed == client.sign_raw("k", b"m")
        assert (await twin.verify_raw("k", b"m", signed.raw.signature)).valid
        order = order_request("k", timestamp=7, **ORDER)
        found = await twin.sign(order)
        assert found == await twin.sign_order("k", timestamp=7, **ORDER)
        assert (await twin.verify_order("k", order.order, found.order.signature)).valid
        assert await twin.health() is ServingStatus.SERVING
        assert (await twin.get_public_key("k")).version == 1

    run(work)


def test_keys_are_made_changed_and_listed(daemon, run):
    async def work(client):
        for number in range(5):
            await client.create_key(
                f"k{number}", algorithm=Algorithm.ALGORITHM_ED25519, purpose=Purpose.PURPOSE_RAW
            )
        key = await client.update_key("k1", labels={"a": "b"}, unlock_ttl=timedelta(seconds=3))
        assert dict(key.labels) == {"a": "b"}
        assert (await client.get_key("k1")).id == "k1"
        keys = client.list_keys(page_size=2)
        assert daemon.calls("ListKeys") == []
        assert (await anext(keys)).id == "k0"
        assert len(daemon.calls("ListKeys")) == 1
        assert [key.id async for key in keys] == ["k1", "k2", "k3", "k4"]
        await client.disable_key("k1")
        with pytest.raises(errors.FailedPrecondition, match="KEY_DISABLED"):
            await client.sign_raw("k1", b"m")
        await client.enable_key("k1")

    run(work)


def test_operators_calls_are_made(daemon, run):
    daemon.add_key("k")

    async def work(client):
        made = await client.admin.create_api_key("cn:desk", expires=timedelta(days=1))
        assert [key.id async for key in client.admin.list_api_keys()] == [made.api_key.id]
        await client.admin.revoke_api_key(made.api_key.id)
        assert await client.admin.freeze_key("k") == ["k"]
        with pytest.raises(ValueError, match="either key_id or labels"):
            await client.admin.freeze_key()
        with pytest.raises(ValueError, match="time zone"):
            await client.admin.create_api_key("cn:desk", expires=DATE)

    run(work)


def test_a_batch_gives_each_item_its_answer_or_its_error(daemon, run):
    daemon.add_key("k")

    async def work(client):
        requests = [raw_request("k", b"1"), raw_request("missing", b"2")]
        first, second = await client.sign_batch(requests)
        assert first.raw.signature
        assert isinstance(second, errors.NotFound)

    run(work)


def test_an_error_carries_everything_that_the_daemon_said(daemon, run):
    refusal = status(
        "INVALID_ARGUMENT",
        "FIELD_INVALID",
        "A field of the request is invalid.",
        metadata={"limit": "64"},
        fields={"raw.message": "must not be empty"},
    )
    daemon.plan("Sign", refusal)

    async def work(client):
        with pytest.raises(errors.InvalidArgument) as caught:
            await client.sign_raw("k", b"")
        error = caught.value
        assert (error.reason, error.metadata) == ("FIELD_INVALID", {"limit": "64"})
        assert error.violations == (errors.FieldViolation("raw.message", "must not be empty"),)
        assert isinstance(error.__cause__, grpc.RpcError)

    run(work)


def test_unavailable_with_a_request_id_is_tried_again(daemon, run):
    daemon.add_key("k")
    daemon.plan("Sign", *unavailable(2))

    async def work(client):
        assert (await client.sign_raw("k", b"m", request_id="r")).raw.signature

    run(work, retries=RetryPolicy(base=0.01))
    assert [request.request_id for request in daemon.calls("Sign")] == ["r"] * 3


@pytest.mark.parametrize("request_id", ["", "r"])
def test_attempts_end(daemon, run, request_id):
    daemon.add_key("k")
    daemon.plan("Sign", *unavailable(9))

    async def work(client):
        with pytest.raises(errors.Unavailable, match="STORE_UNAVAILABLE"):
            await client.sign_raw("k", b"m", request_id=request_id)

    run(work, retries=RetryPolicy(attempts=3, base=0.01))
    assert len(daemon.calls("Sign")) == (3 if request_id else 1)


def test_a_call_past_its_deadline_is_deadline_exceeded(daemon, run):
    daemon.gate = threading.Event()
    daemon.add_key("k")

    async def work(client):
        with pytest.raises(errors.DeadlineExceeded) as caught:
            await client.sign_raw("k", b"m", timeout=0.05)
        assert caught.value.reason == "DEADLINE_EXCEEDED"

    run(work)
    daemon.gate.set()


def test_a_cancelled_task_cancels_its_call(daemon, run):
    daemon.gate = threading.Event()
    daemon.add_key("k")

    async def work(client):
        task = asyncio.create_task(client.sign_raw("k", b"m"))
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        daemon.gate.set()
        assert (await client.sign_raw("k", b"m")).raw.signature

    run(work)


def test_time_of_the_caller_ends_a_call(daemon, run):
    daemon.gate = threading.Event()
    daemon.add_key("k")

    async def work(client):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await client.sign_raw("k", b"m")

    run(work)
    daemon.gate.set()


def test_closing_ends_running_calls_with_cancelled(daemon, run):
    daemon.gate = threading.Event()
    daemon.add_key("k")

    async def work(client):
        task = asyncio.create_task(client.sign_raw("k", b"m"))
        await asyncio.sleep(0.1)
        await client.close()
        with pytest.raises(errors.Cancelled):
            await task
        with pytest.raises(ValueError, match="closed"):
            await client.health()

    run(work)
    daemon.gate.set()


def test_many_calls_run_at_once_and_the_loop_goes_on(daemon, run):
    daemon.gate = threading.Event()
    daemon.add_key("k")

    async def work(client):
        tasks = [asyncio.create_task(client.sign_raw("k", b"%d" % n)) for n in range(10)]
        ticks = 0
        while ticks < 10:
            await asyncio.sleep(0.01)
            ticks += 1
        assert not any(task.done() for task in tasks)
        daemon.gate.set()
        assert len({answer.raw.signature for answer in await asyncio.gather(*tasks)}) == 10

    run(work)


def test_an_api_key_goes_out_with_every_call(open_daemon, authority):
    open_daemon.add_key("k")
    credentials = Credentials(authority.ca.read_bytes(), api_key="s" * 30)

    async def main():
        async with Client(open_daemon.target, credentials) as client:
            await client.get_key("k")
            stub = KeyServiceStub(client.channel)
            await stub.GetKey(pb.GetKeyRequest(key_id="k"), metadata=[("x-mine", "1")])
            await client.channel.channel_ready()
            assert client.channel.get_state() is grpc.ChannelConnectivity.READY

    asyncio.run(main())
    assert [seen.authorization for seen in open_daemon.seen] == [("Bearer " + "s" * 30,)] * 2


def test_a_client_may_be_made_outside_of_any_loop(daemon, credentials):
    daemon.add_key("k")
    client = Client(daemon.target, credentials)

    async def main():
        async with client:
            return await client.get_key("k")

    assert asyncio.run(main()).id == "k"


def test_a_client_belongs_to_one_loop(daemon, credentials):
    daemon.add_key("k")
    client = Client(daemon.target, credentials)
    asyncio.run(client.get_key("k"))

    async def again():
        with pytest.raises(RuntimeError, match="another event loop"):
            await client.get_key("k")

    asyncio.run(again())


@pytest.mark.parametrize("target", ["", "https://localhost:1"])
def test_a_url_is_no_target(credentials, target):
    with pytest.raises(ValueError, match="host:port or unix:/path"):
        Client(target, credentials)
    with pytest.raises(ValueError, match="timeout"):
        Client("localhost:1", credentials, timeout=0)


def test_a_daemon_that_is_not_there_is_unavailable(credentials):
    async def main():
        async with Client("localhost:1", credentials, timeout=2.0) as client:
            with pytest.raises(errors.Unavailable):
                await client.health()

    start = time.monotonic()
    asyncio.run(main())
    assert time.monotonic() - start < 5
