from __future__ import annotations

import json

import pytest
from signward_server.core.errors import FieldInvalid
from signward_server.core.payloads import Hash, HyperliquidPayload

from tests.unit.server.chains.hyperliquid.keys import CHAIN, MAINNET, NOW, TESTNET, signed

ORDER = {
    "orders": [
        {
            "asset": 1,
            "is_buy": True,
            "limit_px": "100",
            "sz": "100",
            "reduce_only": False,
            "type": "limit",
            "limit": {"tif": "gtc"},
            "cloid": "",
        }
    ],
    "grouping": "",
    "builder": None,
}


def test_an_order_of_the_official_client() -> None:
    # hyperliquid-python-sdk, tests/signing_test.py, test_l1_action_signing_order_matches
    payload = HyperliquidPayload("order", ORDER)
    mainnet, testnet = signed(payload, 0), signed(payload, 0, TESTNET)
    assert mainnet.r == "0xd65369825a9df5d80099e513cce430311d7d26ddf477f5b3a33d2806b100d78e"
    assert mainnet.s == "0x2b54116ff64054968aa237c20ca9ff68000f977c93289157748a3162b6ea940e"
    assert mainnet.v == 28
    assert testnet.r == "0x82b2ba28e76b3d761093aaded1b1cdad4960b3af30212b343fb2e6cdfa4e3d54"
    assert testnet.s == "0x6b53878fc99d26047f4d7e8c90eb98955a109f44209163f52d8dc4278cbbd9f5"
    assert testnet.v == 27
    body = json.loads(mainnet.post_body)
    assert body["action"]["orders"][0]["p"] == "100"
    assert body["vaultAddress"] is None


def test_a_cancel_is_a_draft_until_it_has_its_nonce() -> None:
    cancels = [{"asset": 1, "oid": 2}, {"asset": 3, "oid": 4}]
    decoded = CHAIN.decode(HyperliquidPayload("cancel", {"cancels": cancels}), MAINNET, NOW)
    assert decoded.messages == ()
    assert decoded.hash is Hash.KECCAK256
    assert decoded.intent.fields["cancels"] == 2
    assert signed(HyperliquidPayload("cancel", {"cancels": cancels}), 5).nonce == 5


def test_json_of_a_known_kind_is_that_kind() -> None:
    text = (
        b'{"type":"order","orders":[{"a":1,"b":true,"p":"100","s":"100","r":false,'
        b'"t":{"limit":{"tif":"Gtc"}}}],"grouping":"na"}'
    )
    assert signed(HyperliquidPayload("json", {"json": text}), 0) == signed(
        HyperliquidPayload("order", ORDER), 0
    )
    with pytest.raises(FieldInvalid):
        CHAIN.decode(
            HyperliquidPayload("json", {"json": text.replace(b'"100"', b'"100.0"')}), MAINNET, NOW
        )
