"""The signer over a stream: bodies come back in order, and a refusal ends nothing."""

from __future__ import annotations

import json

import pytest
from signward import Cancelled, InvalidArgument, NotFound
from signward.aio import Client as AioClient
from signward.aio.hyperliquid import Signer as AioSigner
from signward.hyperliquid import Signer
from signward.v1 import hyperliquid_pb2 as pb
from signward.v1 import sign_service_pb2 as sign_pb

from tests.fakes.sign_service import FIRST_NONCE
from tests.fakes.statuses import status

NOOP = {"type": "noop"}


@pytest.fixture
def key(daemon):
    return daemon.add_key("desk")


def test_an_action_comes_back_as_a_body(client, daemon, key):
    with Signer(client, "desk", vault_address="0xa") as signer:
        answer = signer.sign(NOOP, expires_after=9)
        body = signer.send(pb.HyperliquidNoop(), nonce=5).result(5).hyperliquid.post_body
    assert (answer.nonce, answer.expires_after) == (FIRST_NONCE, 9)
    assert json.loads(body)["nonce"] == 5
    assert json.loads(answer.post_body)["vaultAddress"] == "0xa"
    assert len([seen for seen in daemon.seen if seen.method == "SignStream"]) == 1


def test_bodies_come_in_the_order_of_the_actions(client, key):
    cancels = [
        {"type": "usdSend", "destination": "0xa", "amount": "1", "time": n + 1} for n in range(600)
    ]
    with Signer(client, "desk") as signer:
        nonces = [json.loads(body)["nonce"] for body in signer.bodies(cancels)]
    assert nonces == list(range(1, 601))


def test_bodies_are_yielded_before_the_last_action_is_there(client, key):
    with Signer(client, "desk") as signer:
        given = []

        def actions():
            for number in range(300):
                given.append(number)
                yield NOOP

        bodies = signer.bodies(actions())
        next(bodies)
        assert 0 < len(given) < 300 or len(given) == 256
        bodies.close()


def test_a_refusal_ends_nothing(client, daemon, key):
    refused = status("INVALID_ARGUMENT", "FIELD_INVALID")
    answers = iter([refused, None])

    def script(items, _):
        for item in items:
            failure = next(answers)
            if failure:
                yield sign_pb.SignStreamResponse(id=item.id, error=failure)
            else:
                yield daemon.answer(item)

    daemon.on_stream = script
    with Signer(client, "desk") as signer:
        with pytest.raises(InvalidArgument):
            signer.sign(NOOP)
        assert signer.sign(NOOP).nonce == FIRST_NONCE


def test_a_closed_signer_signs_nothing(client, key):
    signer = Signer(client, "desk")
    signer.close()
    with pytest.raises(Cancelled):
        signer.sign(NOOP)


def test_an_exception_cancels_what_is_outstanding(client, key):
    with pytest.raises(ZeroDivisionError), Signer(client, "desk") as signer:
        _ = 1 / 0
    with pytest.raises(Cancelled):
        signer.send(NOOP)


async def _streamed(target, credentials):
    async with AioClient(target, credentials) as client:
        async with AioSigner(client, "desk", vault_address="0xa") as signer:
            answer = await signer.sign(NOOP, expires_after=9)
            future = await signer.send(NOOP, nonce=5)
            sent = (await future).hyperliquid
        async with AioSigner(client, "unknown") as signer:
            with pytest.raises(NotFound):
                await signer.sign(NOOP)
        await signer.close()
        with pytest.raises(Cancelled):
            await signer.send(NOOP)
    return answer, sent


def test_the_twin_for_asyncio(daemon, credentials, key):
    import asyncio

    answer, sent = asyncio.run(_streamed(daemon.target, credentials))
    assert (answer.nonce, answer.expires_after, sent.nonce) == (FIRST_NONCE, 9, 5)
    assert json.loads(answer.post_body)["vaultAddress"] == "0xa"


def test_one_call_signs_and_verifies(client, daemon, key):
    answer = client.sign_hyperliquid("desk", NOOP, nonce=5, vault_address="0xa", request_id="r")
    [request] = daemon.calls("Sign")
    assert request.request_id == "r"
    signature = answer.hyperliquid
    assert client.verify_hyperliquid("desk", NOOP, signature, vault_address="0xa").valid
    signature.nonce = 6
    assert not client.verify_hyperliquid("desk", NOOP, signature, vault_address="0xa").valid


async def _one_call(target, credentials):
    async with AioClient(target, credentials) as client:
        signature = (await client.sign_hyperliquid("desk", NOOP)).hyperliquid
        return await client.verify_hyperliquid("desk", NOOP, signature)


def test_one_call_signs_and_verifies_with_asyncio(daemon, credentials, key):
    import asyncio

    assert asyncio.run(_one_call(daemon.target, credentials)).valid
