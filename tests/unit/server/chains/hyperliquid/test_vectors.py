"""The cases that the exchange publishes with its client; the file says which."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from signward_server.chains.hyperliquid.decimals import DecimalRefused, parse_decimal
from signward_server.core.payloads import HyperliquidPayload

from tests.unit.server.chains.hyperliquid.keys import MAINNET, TESTNET, signed

FILE = json.loads((Path(__file__).parent / "vectors.json").read_text())
KEYS = {"mainnet": MAINNET, "testnet": TESTNET}


@pytest.mark.parametrize("vector", FILE["vectors"], ids=lambda vector: vector["name"])
def test_signatures(vector: dict[str, Any]) -> None:
    record = {"json": vector["json"].encode()} if "json" in vector else vector["record"]
    payload = HyperliquidPayload(vector["kind"], record, vector["vault_address"])
    for network, expected in vector["signatures"].items():
        found = signed(payload, vector["nonce"], KEYS[network])
        assert int(found.r, 16) == int(expected["r"], 16)
        assert int(found.s, 16) == int(expected["s"], 16)
        assert found.v == expected["v"]
    if "action_hash" in vector:
        assert signed(payload, vector["nonce"]).action_hash.hex() == vector["action_hash"]
    assert vector["signatures"] or "action_hash" in vector


@pytest.mark.parametrize("vector", FILE["units"], ids=lambda vector: vector["text"])
def test_units(vector: dict[str, Any]) -> None:
    if vector["units"] is not None:
        assert parse_decimal(vector["text"]).units == vector["units"]
        return
    with pytest.raises(DecimalRefused):
        parse_decimal(vector["text"])
