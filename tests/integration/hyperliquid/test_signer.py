"""The signer over a stream: what it gives is taken, however much is in flight."""

from __future__ import annotations

import asyncio
import json
import threading
import time

import pytest
from signward import PermissionDenied
from signward.aio import Client as AioClient
from signward.aio.hyperliquid import Signer as AioSigner
from signward.hyperliquid import Signer
from signward.v1 import hyperliquid_pb2 as hl

pytestmark = pytest.mark.integration

CANCEL = hl.HyperliquidCancels(cancels=[hl.HyperliquidCancel(asset=4, oid=1)])


def _paced(number):
    """Yield as many actions as a key has nonces for: one in a millisecond."""
    for _ in range(number):
        time.sleep(0.001)
        yield CANCEL


def _taken(desk, body: bytes) -> bool:
    return desk.paper.post(json.loads(body))["status"] == "ok"


def test_what_is_in_flight_together_is_taken(desk):
    desk.key("streamed")
    with Signer(desk.client, "streamed", timeout=20) as signer:
        bodies = list(signer.bodies(_paced(300)))
    assert len(bodies) == 300
    assert all(_taken(desk, body) for body in bodies)
    nonces = [json.loads(body)["nonce"] for body in bodies]
    assert nonces == sorted(set(nonces))


def test_several_threads_and_ways_share_a_key(desk):
    desk.key("shared")
    found: list[bytes] = []

    def stream():
        with Signer(desk.client, "shared", timeout=20) as signer:
            found.extend(signer.sign(CANCEL).post_body for _ in range(25))

    def call():
        found.extend(
            desk.client.sign_hyperliquid("shared", CANCEL).hyperliquid.post_body for _ in range(25)
        )

    threads = [threading.Thread(target=each) for each in (stream, call, stream, call)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(found) == 100
    assert all(_taken(desk, body) for body in found)


def test_a_refusal_ends_nothing(desk):
    desk.key("bounded")
    withdrawal = hl.HyperliquidWithdraw(destination="0x" + "0d" * 20, amount="5")
    with Signer(desk.client, "bounded", timeout=20) as signer:
        with pytest.raises(PermissionDenied) as refused:
            signer.sign(withdrawal)
        assert refused.value.metadata["policies"] == "no-key-of-the-treasury"
        assert _taken(desk, signer.sign(CANCEL).post_body)


def test_an_expiry_is_signed(desk):
    desk.key("expiring")
    past = time.time_ns() // 1_000_000 - 1
    with Signer(desk.client, "expiring", timeout=20) as signer:
        signature = signer.sign(CANCEL, expires_after=past)
    assert signature.expires_after == past
    answer = desk.paper.post(json.loads(signature.post_body))
    assert "expired" in answer["response"]


def test_the_twin_for_asyncio(desk):
    desk.key("awaited")

    async def signed() -> list[bytes]:
        async with (
            AioClient(desk.daemon.tcp, desk.daemon.home.credentials("bot")) as client,
            AioSigner(client, "awaited", timeout=20) as signer,
        ):
            answers = await asyncio.gather(*[signer.sign(CANCEL) for _ in range(50)])
        return [answer.post_body for answer in answers]

    assert all(_taken(desk, body) for body in asyncio.run(signed()))
