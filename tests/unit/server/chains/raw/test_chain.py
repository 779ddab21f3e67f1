from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from signward_server.chains.raw import RawChain
from signward_server.chains.raw.der import encode_der
from signward_server.core.errors import FieldInvalid, PayloadUnsupported
from signward_server.core.payloads import (
    Hash,
    OrderIntent,
    OrderSignature,
    RawMessage,
    RawSignature,
)
from signward_server.core.public_key import PublicKey
from signward_server.core.signing import ResultMismatch, Signature

from tests.unit.server.chains.keys import ED25519, SECP256K1, SECP256K1_DIGEST

CHAIN = RawChain()
PUBLIC_KEY = PublicKey.ed25519(bytes(32))
VALUE = bytes(range(1, 65))
HASHES = {
    "ed25519": (ED25519, {Hash.NONE}),
    "secp256k1": (SECP256K1, {Hash.SHA256, Hash.KECCAK256}),
    "secp256k1_digest": (SECP256K1_DIGEST, {Hash.SHA256, Hash.KECCAK256, Hash.PREHASHED}),
}


def fields_at_fault(message, hash_, key):
    with pytest.raises(FieldInvalid) as caught:
        CHAIN.decode(RawMessage(message, hash_), key, 1)
    return [violation.field for violation in caught.value.violations]


@pytest.mark.parametrize("name", HASHES)
@pytest.mark.parametrize("hash_", Hash)
def test_which_key_takes_which_hash(name, hash_):
    key, allowed = HASHES[name]
    message = bytes(32)
    if hash_ not in allowed:
        assert fields_at_fault(message, hash_, key) == ["raw.hash"]
        return
    decoded = CHAIN.decode(RawMessage(message, hash_), key, 1)
    assert decoded.messages == (message,)
    assert decoded.hash is hash_
    assert decoded.intent.action == ("SignRawDigest" if hash_ is Hash.PREHASHED else "SignRaw")
    assert decoded.intent.fields == {"size": 32, "hash": hash_.name}


@given(st.binary(min_size=1, max_size=200), st.sampled_from([ED25519, SECP256K1]))
def test_what_is_signed_is_the_message_and_the_policy_never_sees_it(message, key):
    hash_ = Hash.NONE if key is ED25519 else Hash.SHA256
    decoded = CHAIN.decode(RawMessage(message, hash_), key, 1)
    assert decoded.messages == (message,)
    assert decoded.intent.fields == {"size": len(message), "hash": hash_.name}


@pytest.mark.parametrize(("key", "hash_"), [(ED25519, Hash.NONE), (SECP256K1, Hash.SHA256)])
def test_size(key, hash_):
    for size in (1, 65_536):
        decoded = CHAIN.decode(RawMessage(bytes(size), hash_), key, 1)
        assert decoded.intent.fields["size"] == size
    for size in (0, 65_537):
        assert fields_at_fault(bytes(size), hash_, key) == ["raw.message"]


def test_all_fields_at_fault_are_named():
    assert fields_at_fault(b"", Hash.SHA256, ED25519) == ["raw.message", "raw.hash"]
    assert fields_at_fault(bytes(31), Hash.PREHASHED, SECP256K1) == ["raw.message", "raw.hash"]


@pytest.mark.parametrize("size", [1, 31, 33, 64, 65_536])
def test_a_digest_has_32_bytes(size):
    assert fields_at_fault(bytes(size), Hash.PREHASHED, SECP256K1_DIGEST) == ["raw.message"]


def test_s26_an_ethereum_message_needs_a_key_that_allows_digests():
    for message in (b"\x19", b"\x19\x01" + bytes(64), b"\x19Ethereum Signed Message:\n2hi"):
        payload = RawMessage(message, Hash.KECCAK256)
        with pytest.raises(PayloadUnsupported) as caught:
            CHAIN.decode(payload, SECP256K1, 1)
        assert [violation.field for violation in caught.value.violations] == ["raw.message"]
        decoded = CHAIN.decode(payload, SECP256K1_DIGEST, 1)
        assert decoded.intent.action == "SignRawDigest"
        assert decoded.messages == (message,)


def test_s26_only_keccak_and_only_the_first_byte_count():
    for message, hash_ in ((b"\x19\x01", Hash.SHA256), (b"\x18\x19", Hash.KECCAK256)):
        decoded = CHAIN.decode(RawMessage(message, hash_), SECP256K1, 1)
        assert decoded.intent.action == "SignRaw"


def test_s26_verification_judges_like_signing():
    with pytest.raises(PayloadUnsupported):
        CHAIN.decode(RawMessage(b"\x19\x01", Hash.KECCAK256), SECP256K1, 0)


def test_s07_a_bare_digest_is_an_action_of_its_own():
    decoded = CHAIN.decode(RawMessage(bytes(32), Hash.PREHASHED), SECP256K1_DIGEST, 1)
    assert decoded.intent.action == "SignRawDigest"


def test_another_payload_is_a_programming_error():
    with pytest.raises(TypeError):
        CHAIN.decode(OrderIntent("order", "BTC", True, "1", "1", 1), ED25519, 1)


def test_ed25519_answer():
    decoded = CHAIN.decode(RawMessage(b"m", Hash.NONE), ED25519, 1)
    result = CHAIN.encode(decoded, PUBLIC_KEY, [Signature(VALUE)])
    assert result == RawSignature(VALUE, 0, b"")
    assert CHAIN.signatures(decoded, result) == (VALUE,)


@pytest.mark.parametrize("hash_", [Hash.SHA256, Hash.KECCAK256, Hash.PREHASHED])
@pytest.mark.parametrize("recovery_id", range(4))
def test_secp256k1_answer(hash_, recovery_id):
    decoded = CHAIN.decode(RawMessage(bytes(32), hash_), SECP256K1_DIGEST, 1)
    result = CHAIN.encode(decoded, PUBLIC_KEY, [Signature(VALUE, recovery_id)])
    assert result == RawSignature(VALUE, recovery_id, encode_der(VALUE))
    assert CHAIN.signatures(decoded, result) == (VALUE,)
    assert CHAIN.signatures(decoded, RawSignature(VALUE, recovery_id, b"")) == (VALUE,)


@pytest.mark.parametrize("count", [0, 2])
def test_an_answer_takes_exactly_one_signature(count):
    decoded = CHAIN.decode(RawMessage(b"m", Hash.NONE), ED25519, 1)
    with pytest.raises(ValueError, match="unpack"):
        CHAIN.encode(decoded, PUBLIC_KEY, [Signature(VALUE)] * count)


@pytest.mark.parametrize(
    "result",
    [
        RawSignature(VALUE[:-1], 0, b""),
        RawSignature(VALUE + b"\0", 0, b""),
        RawSignature(b"", 0, b""),
        RawSignature(VALUE, 1, b""),
        RawSignature(VALUE, 0, encode_der(VALUE)),
        OrderSignature(VALUE, b"m"),
    ],
)
def test_contradictions_in_an_ed25519_answer(result):
    decoded = CHAIN.decode(RawMessage(b"m", Hash.NONE), ED25519, 0)
    with pytest.raises(ResultMismatch) as caught:
        CHAIN.signatures(decoded, result)
    assert caught.value.reason


@pytest.mark.parametrize(
    "result",
    [
        RawSignature(VALUE[:-1], 0, b""),
        RawSignature(VALUE, 4, encode_der(VALUE)),
        RawSignature(VALUE, -1, encode_der(VALUE)),
        RawSignature(VALUE, 0, encode_der(VALUE[::-1])),
        RawSignature(VALUE, 0, encode_der(VALUE) + b"\0"),
        # The same numbers in BER: a length of two bytes.
        RawSignature(VALUE, 0, b"\x30\x81" + encode_der(VALUE)[1:]),
        OrderSignature(VALUE, b"m"),
    ],
)
def test_contradictions_in_a_secp256k1_answer(result):
    decoded = CHAIN.decode(RawMessage(b"m", Hash.SHA256), SECP256K1, 0)
    with pytest.raises(ResultMismatch) as caught:
        CHAIN.signatures(decoded, result)
    assert caught.value.reason
