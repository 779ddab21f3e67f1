"""Signatures that other implementations publish in their tests; the files say which."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import coincurve
import pytest
from sha3 import keccak_256
from signward_server.chains.hyperliquid.kinds import KINDS
from signward_server.chains.hyperliquid.packing import (
    action_hash,
    agent_message,
    packed,
    typed_message,
)
from signward_server.core.payloads import HyperliquidPayload
from signward_server.core.public_key import PublicKey
from signward_server.core.signing import Decoded

from tests.unit.server.chains.hyperliquid.keys import CHAIN, MAINNET, TESTNET

FOLDER = Path(__file__).parent
NKTKAS = json.loads((FOLDER / "vectors_nktkas.json").read_text())
RUST = json.loads((FOLDER / "vectors_rust.json").read_text())
KEYS = {"mainnet": MAINNET, "testnet": TESTNET}
NONCE = 1_583_838  # of the packed ones
PAYLOADS = [(file["private_key"], vector) for file in (NKTKAS, RUST) for vector in file["payloads"]]


def name_of(vector: object) -> str:
    return vector["name"] if isinstance(vector, dict) else str(vector)[:4]


def check(key: str, message: bytes, expected: dict[str, Any]) -> None:
    """Sign a message and compare; neither an address nor a hash is enough."""
    private = coincurve.PrivateKey(bytes.fromhex(key))
    value = private.sign_recoverable(keccak_256(message).digest(), hasher=None)
    r, s = int.from_bytes(value[:32], "big"), int.from_bytes(value[32:64], "big")
    found = (r, s, 27 + value[64])
    assert found == (int(expected["r"], 16), int(expected["s"], 16), expected["v"])


def decoded(vector: dict[str, Any], key: str, network: str) -> Decoded:
    record = {"json": vector["json"].encode()} if "json" in vector else vector["record"]
    payload = HyperliquidPayload(
        vector["kind"],
        record,
        vector.get("vault_address", ""),
        vector.get("expires_after", 0),
        vector["nonce"],
    )
    found = CHAIN.decode(payload, KEYS[network], 0)
    if found.draft is None:
        return found
    public = coincurve.PrivateKey(bytes.fromhex(key)).public_key.format(compressed=False)
    return found.draft.numbered(vector["nonce"], PublicKey.secp256k1(public))


@pytest.mark.parametrize(("key", "vector"), PAYLOADS, ids=name_of)
def test_payloads(key: str, vector: dict[str, Any]) -> None:
    signatures = vector.get("signatures", {})
    for network, expected in signatures.items():
        check(key, decoded(vector, key, network).messages[0], expected)
    if "action_hash" in vector:
        message = agent_message("mainnet", bytes.fromhex(vector["action_hash"]))
        assert decoded(vector, key, "mainnet").messages == (message,)
    assert signatures or "action_hash" in vector


@pytest.mark.parametrize("vector", RUST["packed"], ids=name_of)
def test_actions(vector: dict[str, Any]) -> None:
    hashed = action_hash(packed(vector["action"]), NONCE, "", 0)
    for network, expected in vector["signatures"].items():
        check(RUST["private_key"], agent_message(network, hashed), expected)


@pytest.mark.parametrize("vector", RUST["typed"], ids=name_of)
def test_typed_data(vector: dict[str, Any]) -> None:
    form = KINDS[vector["kind"]].typed
    assert form is not None
    message = typed_message(form.type_hash, form.fields, vector["values"])
    check(RUST["private_key"], message, vector["signature"])


@pytest.mark.parametrize("vector", RUST["agents"], ids=name_of)
def test_agents(vector: dict[str, Any]) -> None:
    for network, expected in vector["signatures"].items():
        message = agent_message(network, bytes.fromhex(vector["connection_id"]))
        check(RUST["private_key"], message, expected)
