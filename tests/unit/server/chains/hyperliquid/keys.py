"""A key of the tests, and what it signs."""

from __future__ import annotations

import dataclasses

import coincurve
from sha3 import keccak_256
from signward_server.chains.hyperliquid import HyperliquidChain, NoReferences
from signward_server.core.keys import Algorithm, CustodyKind, KeyAttributes, Purpose
from signward_server.core.payloads import HyperliquidPayload, HyperliquidSignature
from signward_server.core.public_key import PublicKey
from signward_server.core.signing import Decoded, Signature

NOW = 1_700_000_000_000
CHAIN = HyperliquidChain(references=NoReferences())
MAINNET = KeyAttributes(
    id="bot",
    algorithm=Algorithm.ECDSA_SECP256K1,
    custody=CustodyKind.ENVELOPE,
    purpose=Purpose.HYPERLIQUID,
    network="mainnet",
)
TESTNET = dataclasses.replace(MAINNET, network="testnet")
# The private key of hyperliquid-python-sdk's tests/signing_test.py.
PRIVATE = coincurve.PrivateKey(bytes.fromhex("0123456789" * 6 + "0123"))
PUBLIC = PublicKey.secp256k1(PRIVATE.public_key.format(compressed=False))


def numbered(
    payload: HyperliquidPayload, nonce: int, key: KeyAttributes = MAINNET, now_ms: int = NOW
) -> Decoded:
    decoded = CHAIN.decode(payload, key, now_ms)
    if decoded.draft is None:
        assert decoded.nonce == nonce
        return decoded
    return decoded.draft.numbered(nonce, PUBLIC)


def signed(
    payload: HyperliquidPayload, nonce: int, key: KeyAttributes = MAINNET, now_ms: int = NOW
) -> HyperliquidSignature:
    """Return the answer that a custody with the private key gives."""
    decoded = numbered(payload, nonce, key, now_ms)
    (message,) = decoded.messages
    value = PRIVATE.sign_recoverable(keccak_256(message).digest(), hasher=None)
    return CHAIN.encode(decoded, PUBLIC, [Signature(value[:64], value[64])])
