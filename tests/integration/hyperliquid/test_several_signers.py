"""A key that is one of several signers and submits as well, by the same nonce."""

from __future__ import annotations

import time

import pytest
from signward import FailedPrecondition
from signward.hyperliquid import read_body
from signward.v1 import hyperliquid_pb2 as pb

pytestmark = pytest.mark.integration

USER = "0x" + "5e" * 20
KEY = "leader"


def _now() -> int:
    return time.time_ns() // 1_000_000


def test_s31_a_share_uses_up_none_of_its_signers_nonces(desk):
    address, nonce = desk.key(KEY), _now()
    inner = pb.HyperliquidPayload(usd_send=pb.HyperliquidUsdSend(destination=USER, amount="1"))
    share = pb.HyperliquidMultiSigShare(multi_sig_user=USER, outer_signer=address, action=inner)
    one = desk.client.sign_hyperliquid(KEY, share, nonce=nonce).hyperliquid
    assert one.nonce == nonce
    assert one.post_body == b""
    whole = pb.HyperliquidMultiSig(
        multi_sig_user=USER,
        signatures=[pb.HyperliquidInnerSignature(r=one.r, s=one.s, v=one.v)],
        action=inner,
    )
    answer = desk.client.sign_hyperliquid(KEY, whole, nonce=nonce).hyperliquid
    assert answer.nonce == nonce
    read = read_body(answer.post_body)
    assert desk.client.verify_hyperliquid(KEY, read.action, read.signature).valid
    with pytest.raises(FailedPrecondition) as caught:  # submitting uses it up
        desk.client.sign_hyperliquid(KEY, whole, nonce=nonce)
    assert caught.value.reason == "NONCE_OUT_OF_WINDOW"
    with pytest.raises(FailedPrecondition) as caught:
        desk.client.sign_hyperliquid(KEY, share, nonce=_now() + 60_000)
    assert caught.value.reason == "NONCE_OUT_OF_WINDOW"
