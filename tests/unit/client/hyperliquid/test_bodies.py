"""Bodies are taken apart again."""

from __future__ import annotations

import json

import pytest
from signward.hyperliquid import read_body

BODY = {
    "action": {"type": "noop"},
    "nonce": 5,
    "signature": {"r": "0x1", "s": "0x2", "v": 27},
    "vaultAddress": None,
    "expiresAfter": None,
}


def test_a_body_says_what_was_signed():
    body = read_body(json.dumps(BODY).encode())
    assert body.action == b'{"type":"noop"}'
    assert (body.signature.r, body.signature.s, body.signature.v) == ("0x1", "0x2", 27)
    assert (body.signature.nonce, body.signature.expires_after, body.vault_address) == (5, 0, "")


def test_a_vault_and_an_expiry_are_kept():
    body = read_body(json.dumps(BODY | {"vaultAddress": "0xa", "expiresAfter": 9}).encode())
    assert (body.signature.expires_after, body.vault_address) == (9, "0xa")


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"\xff",
        b"[" * 100_000,
        b'{"nonce":1,"nonce":1}',
        json.dumps(BODY | {"nonce": 1.5}).encode(),
        json.dumps(BODY | {"nonce": None}).encode(),
        json.dumps(BODY | {"nonce": -1}).encode(),
        json.dumps(BODY | {"signature": {}}).encode(),
        json.dumps(BODY | {"signature": None}).encode(),
        json.dumps(BODY | {"action": []}).encode(),
        json.dumps(BODY | {"vaultAddress": 5}).encode(),
    ],
)
def test_anything_else_is_refused(text):
    with pytest.raises(ValueError, match=r"\S"):
        read_body(text)
