from __future__ import annotations

import pytest
from sha3 import keccak_256
from signward_server.chains.hyperliquid.packing import (
    action_hash,
    agent_message,
    keccak,
    packed,
    struct_type,
    typed_message,
)
from signward_server.chains.hyperliquid.typed_form import TypedForm

from tests.unit.server.chains.hyperliquid.keys import PRIVATE

VAULT = "0x1719884eb866cb12b2287399b15f7db5e7d775ea"
SEND = TypedForm("UsdSend", (("string", "destination"), ("string", "amount"), ("uint64", "time")))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        # The MessagePack specification, "Formats": the shortest form of each.
        (None, "c0"),
        (False, "c2"),
        (True, "c3"),
        (0, "00"),
        (127, "7f"),
        (128, "cc80"),
        (2**16 - 1, "cdffff"),
        (2**32 - 1, "ceffffffff"),
        (2**32, "cf0000000100000000"),
        (2**64 - 1, "cfffffffffffffffff"),
        (-1, "ff"),
        (-32, "e0"),
        (-33, "d0df"),
        (-(2**63), "d38000000000000000"),
        ("", "a0"),
        ("é", "a2c3a9"),
        ("x" * 31, "bf" + "78" * 31),
        ("x" * 32, "d920" + "78" * 32),
        ([1, "a"], "9201a161"),
        ([0] * 16, "dc0010" + "00" * 16),
        ({"b": 1, "a": 2}, "82a16201a16102"),
        ({"t": {}}, "81a17480"),
    ],
)
def test_packing(value: object, expected: str) -> None:
    assert packed(value).hex() == expected


def test_keccak_is_not_sha_3() -> None:
    # The Keccak team's ShortMsgKAT_256.
    assert keccak(b"").hex() == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"


def test_what_goes_into_the_hash_of_an_action() -> None:
    nonce, expires = (5).to_bytes(8, "big"), (7).to_bytes(8, "big")
    vault = bytes.fromhex(VAULT[2:])
    for arguments, tail in [
        ((5, "", 0), nonce + b"\0"),
        ((5, VAULT, 0), nonce + b"\1" + vault),
        ((5, "", 7), nonce + b"\0\0" + expires),
        ((5, VAULT, 7), nonce + b"\1" + vault + b"\0" + expires),
    ]:
        assert action_hash(b"\x80", *arguments) == keccak(b"\x80" + tail)


def test_an_agent_is_of_its_network() -> None:
    messages = {agent_message(network, bytes(32)) for network in ("mainnet", "testnet")}
    assert len(messages) == 2
    for message in messages:
        assert len(message) == 66
        assert message[:2] == b"\x19\x01"
    with pytest.raises(KeyError):
        agent_message("devnet", bytes(32))


def test_the_type_of_a_struct() -> None:
    # EIP-712, "Example": the typeHash of Mail without what it refers to is not there; Person is.
    fields = (("string", "name"), ("address", "wallet"))
    assert struct_type("Person", fields) == keccak(b"Person(string name,address wallet)")


def test_a_user_signed_action_of_the_official_client() -> None:
    # hyperliquid-python-sdk, tests/signing_test.py, test_sign_usd_transfer_action
    values = {
        "hyperliquidChain": "Testnet",
        "destination": "0x5e9ee1089755c3435139848e47e6635505d5a13a",
        "amount": "1",
        "time": 1687816341423,
    }
    message = typed_message(SEND.type_hash, SEND.fields, values)
    value = PRIVATE.sign_recoverable(keccak_256(message).digest(), hasher=None)
    assert value[:32].hex() == "637b37dd731507cdd24f46532ca8ba6eec616952c56218baeff04144e4a77073"
    assert value[32:64].hex() == "11a6a24900e6e314136d2592e2f8d502cd89b7c15b198e1bee043c9589f9fad7"
    assert value[64] == 0


def test_words_of_typed_data() -> None:
    form = (("bool", "b"), ("uint64", "n"), ("address", "a"), ("bytes32", "h"), ("string", "s"))
    type_hash = struct_type("T", form)
    values = {"b": True, "n": 258, "a": VAULT, "h": b"\x07" * 32, "s": "é"}
    words = [
        bytes(31) + b"\1",
        bytes(30) + b"\1\2",
        bytes(12) + bytes.fromhex(VAULT[2:]),
        b"\x07" * 32,
        keccak("é".encode()),
    ]
    message = typed_message(type_hash, form, values)
    assert message[34:] == keccak(type_hash + b"".join(words))
    for wrong in (b"\x07" * 31, "07" * 16):
        with pytest.raises(TypeError, match="32 bytes"):
            typed_message(type_hash, form, {**values, "h": wrong})


def test_a_form_with_more_fields_is_another_type() -> None:
    more = (("address", "payloadMultiSigUser"), ("address", "outerSigner"))
    assert SEND.fields_with(more)[0] == ("string", "hyperliquidChain")
    assert SEND.fields_with(more)[1:3] == more
    text = (
        b"HyperliquidTransaction:UsdSend(string hyperliquidChain,address payloadMultiSigUser,"
        b"address outerSigner,string destination,string amount,uint64 time)"
    )
    assert SEND.hash_with(more) == keccak(text)
