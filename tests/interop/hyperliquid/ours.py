"""This daemon's chain, with the same private keys."""

from __future__ import annotations

import json
from functools import cache

import coincurve
from sha3 import keccak_256
from signward_server.chains.hyperliquid import HyperliquidChain, NoReferences
from signward_server.core.keys import Algorithm, CustodyKind, KeyAttributes, Purpose
from signward_server.core.payloads import HyperliquidSignature
from signward_server.core.public_key import PublicKey
from signward_server.core.signing import Decoded, Signature
from signward_server.rpc.convert.hyperliquid import hyperliquid_payload

from tests.interop.hyperliquid.cases import Case
from tests.interop.hyperliquid.signed import Signed

__all__ = ["sign", "signature_of"]

_CHAIN = HyperliquidChain(references=NoReferences())


def sign(case: Case) -> Signed:
    """Sign a case as the daemon does: from the message of the API to the answer."""
    result = signature_of(case)
    assert result.nonce == case.nonce
    assert result.expires_after == case.expires_after
    hashed = int.from_bytes(result.action_hash, "big")
    r, s = int(result.r, 16), int(result.s, 16)
    if not result.post_body:
        return Signed(r, s, result.v, hashed)
    body = json.loads(result.post_body)
    assert body["signature"] == {"r": result.r, "s": result.s, "v": result.v}
    assert body["nonce"] == case.nonce
    assert body["vaultAddress"] == (case.vault or None)
    assert body["expiresAfter"] == (case.expires_after or None)
    return Signed(r, s, result.v, hashed, body["action"])


def signature_of(case: Case) -> HyperliquidSignature:
    """Return the answer of the API."""
    index = case.share or 0
    private, public = _pair(case.keys[index])
    attributes = KeyAttributes(
        id="bot", algorithm=Algorithm.ECDSA_SECP256K1, custody=CustodyKind.ENVELOPE,
        purpose=Purpose.HYPERLIQUID, network=case.network,
    )  # fmt: skip
    decoded = _CHAIN.decode(hyperliquid_payload(case.payload), attributes, 0)
    if decoded.draft is not None:
        assert decoded.draft.nonce in (0, case.nonce)
        decoded = decoded.draft.numbered(case.nonce, public)
    return _CHAIN.encode(decoded, public, [_signed(private, decoded)])


def _signed(private: coincurve.PrivateKey, decoded: Decoded) -> Signature:
    (message,) = decoded.messages
    value = private.sign_recoverable(keccak_256(message).digest(), hasher=None)
    return Signature(value[:64], value[64])


@cache
def _pair(key: str) -> tuple[coincurve.PrivateKey, PublicKey]:
    private = coincurve.PrivateKey(bytes.fromhex(key[2:]))
    return private, PublicKey.secp256k1(private.public_key.format(compressed=False))
