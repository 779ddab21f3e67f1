"""Signatures that other implementations publish; the file says which.

Each action goes all the way, as an object of the exchange and as its JSON: from the client's
payload to the body that is posted.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hyperliquid.utils import signing as sdk
from signward.hyperliquid import hyperliquid_payload
from signward.v1 import hyperliquid_pb2 as pb

from tests.interop.hyperliquid import official, ours
from tests.interop.hyperliquid.cases import (
    KNOWN_L1,
    USER_SIGNED,
    Action,
    Case,
    chain_name,
    posted_inside,
)
from tests.interop.hyperliquid.signed import Signed

FILE = json.loads((Path(__file__).parent / "published.json").read_text())
KEYS = FILE["private_keys"]
SUBMITTED = [
    vector
    for vector in FILE["wrapped"]
    if all("outer" in expected for expected in vector["signatures"].values())
]
Vector = dict[str, Any]


def name_of(vector: Vector) -> str:
    return f"{vector['of'].partition('/')[0]}: {vector['name']}"


def action_of(vector: Vector) -> Action:
    action: Action = json.loads(vector["action"])
    return action


def with_chain(action: Action, network: str) -> Action:
    """Return an action as its JSON has it: user-signed ones say their chain."""
    if action["type"] not in USER_SIGNED:
        return action
    own = {key: part for key, part in action.items() if key != "type"}
    chain = {"signatureChainId": "0x66eee", "hyperliquidChain": chain_name(network)}
    return {"type": action["type"], **chain, **own}


def text_of(action: Action) -> bytes:
    return json.dumps(action).encode()


def sign(vector: Vector, network: str, payload: pb.HyperliquidPayload, key: int = 0) -> Signed:
    """Sign a payload beside which stands what the vector says."""
    payload.nonce = vector["nonce"]
    payload.vault_address = vector.get("vault_address", "")
    payload.expires_after = vector.get("expires_after", 0)
    case = Case(
        payload=payload, action={}, network=network, nonce=payload.nonce,
        vault=payload.vault_address.lower(), expires_after=payload.expires_after,
        keys=(KEYS[key],),
    )  # fmt: skip
    return ours.sign(case)


def check(found: Signed, expected: dict[str, Any]) -> None:
    r, s = int(expected["r"], 16), int(expected["s"], 16)
    assert (found.r, found.s, found.v) == (r, s, expected["v"])


@pytest.mark.parametrize("vector", FILE["actions"], ids=name_of)
def test_actions(vector: Vector) -> None:
    action = action_of(vector)
    for network, expected in vector["signatures"].items():
        wire = official.posted(with_chain(action, network))
        as_object = hyperliquid_payload(action)
        known = action["type"] in KNOWN_L1 | USER_SIGNED
        assert (as_object.WhichOneof("action") != "json") == known
        for payload in (as_object, hyperliquid_payload(text_of(wire))):
            found = sign(vector, network, payload)
            check(found, expected)
            assert found.action == wire
            if action["type"] not in USER_SIGNED:
                vault, expires_after = vector.get("vault_address"), vector.get("expires_after")
                hashed = sdk.action_hash(found.action, vault, vector["nonce"], expires_after)
                assert found.hash == int.from_bytes(hashed, "big")


@pytest.mark.parametrize("vector", FILE["wrapped"], ids=name_of)
def test_signatures_of_several(vector: Vector) -> None:
    action, user = action_of(vector), vector["multi_sig_user"]
    outer = official.address_of(KEYS[vector["outer"]]).lower()
    for network, expected in vector["signatures"].items():
        for inner in inner_payloads(action, network):
            share = pb.HyperliquidMultiSigShare(
                multi_sig_user=user, outer_signer=outer, action=inner
            )
            for key, one in zip(vector["signers"], expected["inner"], strict=True):
                check(sign(vector, network, hyperliquid_payload(share), key), one)


@pytest.mark.parametrize("vector", SUBMITTED, ids=name_of)
def test_submissions(vector: Vector) -> None:
    action, user = action_of(vector), vector["multi_sig_user"]
    for network, expected in vector["signatures"].items():
        wire = {
            "type": "multiSig",
            "signatureChainId": "0x66eee",
            "signatures": expected["inner"],
            "payload": {
                "multiSigUser": user,
                "outerSigner": official.address_of(KEYS[vector["outer"]]).lower(),
                "action": posted_inside(with_chain(action, network)),
            },
        }
        signatures = [pb.HyperliquidInnerSignature(**one) for one in expected["inner"]]
        payloads = [hyperliquid_payload(wire), hyperliquid_payload(text_of(wire))]
        for inner in inner_payloads(action, network):
            wrapper = pb.HyperliquidMultiSig(
                multi_sig_user=user, signatures=signatures, action=inner
            )
            payloads.append(hyperliquid_payload(wrapper))
        for payload in payloads:
            found = sign(vector, network, payload, vector["outer"])
            check(found, expected["outer"])
            assert found.action == wire


def inner_payloads(action: Action, network: str) -> list[pb.HyperliquidPayload]:
    """Return what is within a wrapper, as a message and as JSON; the nonce stands beside it."""
    message = hyperliquid_payload(action)
    message.nonce = 0
    return [message, hyperliquid_payload(text_of(with_chain(action, network)))]
