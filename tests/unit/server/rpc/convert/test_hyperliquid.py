from __future__ import annotations

import pytest
from google.protobuf.message import Message
from signward.v1 import hyperliquid_pb2 as pb
from signward.v1 import sign_service_pb2
from signward_server.core.errors import FieldInvalid
from signward_server.core.payloads import HyperliquidPayload, HyperliquidSignature
from signward_server.core.signing import SignResult
from signward_server.rpc.convert.signing import fill_response, sign_request, verify_request

from tests.fakes.hyperliquid_messages import payload
from tests.unit.server.chains.hyperliquid.keys import CHAIN, MAINNET, NOW, signed
from tests.unit.server.chains.hyperliquid.samples import LOWER, NONCE, SAMPLES

SIGNATURE = HyperliquidSignature("0x1", "0x2", 27, NONCE, 5, bytes(32), b"{}")


def received(message: Message) -> HyperliquidPayload:
    request = sign_service_pb2.SignRequest(key="k", hyperliquid=message)  # type: ignore[arg-type]
    found = sign_request(sign_service_pb2.SignRequest.FromString(request.SerializeToString()))
    assert isinstance(found.payload, HyperliquidPayload)
    return found.payload


@pytest.mark.parametrize("kind", SAMPLES)
def test_every_kind_arrives_as_it_was_sent(kind: str) -> None:
    sent = payload(kind, vault_address="", expires_after=0, nonce=NONCE)
    found, expected = received(sent), HyperliquidPayload(kind, SAMPLES[kind].record, nonce=NONCE)
    assert found.kind == kind
    assert signed(found, NONCE) == signed(expected, NONCE)
    intents = [CHAIN.decode(each, MAINNET, NOW).intents for each in (found, expected)]
    assert intents[0] == intents[1]


def test_what_stands_beside_the_action() -> None:
    found = received(payload("noop", vault_address=LOWER, expires_after=7, nonce=9))
    assert found == HyperliquidPayload("noop", {}, LOWER, 7, 9)


def test_json_stays_bytes() -> None:
    assert received(pb.HyperliquidPayload(json=b"\xff")).action == {"json": b"\xff"}
    assert received(pb.HyperliquidPayload(json=b"")).kind == "json"


def test_an_action_that_is_not_said_is_for_the_chain_to_refuse() -> None:
    found = received(pb.HyperliquidPayload(nonce=5))
    assert found.kind == ""
    with pytest.raises(FieldInvalid):
        CHAIN.decode(found, MAINNET, NOW)


def test_the_answer() -> None:
    response = sign_service_pb2.SignResponse()
    fill_response(response, SignResult("k", 1, "", 0, b"d", SIGNATURE))
    assert response.hyperliquid == pb.HyperliquidSignature(
        r="0x1", s="0x2", v=27, nonce=NONCE, expires_after=5, action_hash=bytes(32), post_body=b"{}"
    )


def test_a_question() -> None:
    message = sign_service_pb2.VerifyRequest(
        key="k",
        hyperliquid=payload("noop", nonce=NONCE),
        hyperliquid_signature=pb.HyperliquidSignature(),
    )
    assert verify_request(message).result == HyperliquidSignature("", "", 0, 0, 0, b"", b"")
    fill_response(
        response := sign_service_pb2.SignResponse(), SignResult("k", 1, "", 0, b"", SIGNATURE)
    )
    message.hyperliquid_signature.CopyFrom(response.hyperliquid)
    assert verify_request(message).result == SIGNATURE
    message.raw_signature.SetInParent()
    with pytest.raises(FieldInvalid) as caught:
        verify_request(message)
    assert [violation.field for violation in caught.value.violations] == ["result"]
