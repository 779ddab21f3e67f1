from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from signward.v1 import sign_service_pb2 as pb
from signward_server.core.errors import FieldInvalid
from signward_server.core.payloads import (
    Hash,
    OrderIntent,
    OrderSignature,
    RawMessage,
    RawSignature,
)
from signward_server.core.signing import SignResult
from signward_server.rpc.convert.signing import fill_response, sign_request, verify_request

RAW = pb.RawMessage(message=b"x", hash=pb.HASH_SHA256)
ORDER = pb.OrderIntent(action="order", coin="BTC", is_buy=True, sz="1", limit_px="2", timestamp=3)


def _named(error: pytest.ExceptionInfo[FieldInvalid]) -> list[str]:
    return [violation.field for violation in error.value.violations]


def test_a_raw_request() -> None:
    message = pb.SignRequest(
        key="k", version=3, expected_fingerprint=bytes(32), request_id="r", raw=RAW
    )
    request = sign_request(message)
    assert (request.key, request.version, request.request_id) == ("k", 3, "r")
    assert request.expected_fingerprint == bytes(32)
    assert request.payload == RawMessage(b"x", Hash.SHA256)
    assert request.source is message


def test_an_order_request() -> None:
    request = sign_request(pb.SignRequest(key="k", order=ORDER))
    assert request.payload == OrderIntent("order", "BTC", True, "1", "2", 3)
    assert (request.version, request.expected_fingerprint, request.request_id) == (0, b"", "")


@pytest.mark.parametrize("hash_", Hash)
def test_every_hash_is_known(hash_: Hash) -> None:
    raw = pb.RawMessage(message=b"x", hash=hash_.value)  # type: ignore[arg-type]
    assert sign_request(pb.SignRequest(key="k", raw=raw)).payload == RawMessage(b"x", hash_)


@pytest.mark.parametrize(
    ("message", "fields"),
    [
        (pb.SignRequest(raw=RAW), ["key"]),
        (pb.SignRequest(key="k" * 129, raw=RAW), ["key"]),
        (pb.SignRequest(key="k"), ["payload"]),
        (pb.SignRequest(key="k", raw=pb.RawMessage(hash=4)), ["raw.hash"]),  # type: ignore[arg-type]
        (pb.SignRequest(key="k", raw=pb.RawMessage(hash=-1)), ["raw.hash"]),  # type: ignore[arg-type]
        (pb.SignRequest(key="k", raw=RAW, request_id="x" * 65), ["request_id"]),
        (pb.SignRequest(key="k", raw=RAW, expected_fingerprint=b"1"), ["expected_fingerprint"]),
        (
            pb.SignRequest(expected_fingerprint=b"1", request_id=" "),
            ["key", "expected_fingerprint", "request_id", "payload"],
        ),
    ],
)
def test_each_bad_field_is_named(message: pb.SignRequest, fields: list[str]) -> None:
    with pytest.raises(FieldInvalid) as raised:
        sign_request(message)
    assert _named(raised) == fields


def test_a_key_of_any_other_form_is_looked_up_like_every_other() -> None:
    assert sign_request(pb.SignRequest(key="K" * 128, raw=RAW)).key == "K" * 128


@given(st.text(), st.binary(max_size=40), st.text(max_size=70), st.integers(-10, 10))
def test_any_request_is_converted_or_named(
    key: str, fingerprint: bytes, request_id: str, hash_: int
) -> None:
    message = pb.SignRequest(
        key=key,
        expected_fingerprint=fingerprint,
        request_id=request_id,
        raw=pb.RawMessage(hash=hash_),  # type: ignore[arg-type]
    )
    good = (
        0 < len(key) <= 128
        and len(fingerprint) in {0, 32}
        and len(request_id) <= 64
        and all("!" <= c <= "~" for c in request_id)
        and 0 <= hash_ <= 3
    )
    if good:
        assert sign_request(message).key == key
    else:
        with pytest.raises(FieldInvalid):
            sign_request(message)


def _filled(log: str, result: RawSignature | OrderSignature) -> pb.SignResponse:
    response = pb.SignResponse()
    fill_response(response, SignResult("k", 2, log, 7, b"digest", result))
    return response


def test_an_ed25519_answer() -> None:
    response = _filled("", RawSignature(b"s", 0, b""))
    assert (response.key, response.version, response.signed_bytes_digest) == ("k", 2, b"digest")
    assert (response.audit_log, response.audit_sequence) == ("", 0)
    assert response.raw == pb.RawSignature(signature=b"s")


def test_a_secp256k1_answer_and_where_it_is_recorded() -> None:
    response = _filled("log", RawSignature(b"s", 1, b"der"))
    assert (response.audit_log, response.audit_sequence) == ("log", 7)
    assert response.raw == pb.RawSignature(signature=b"s", recovery_id=1, der=b"der")


def test_an_order_answer() -> None:
    response = _filled("", OrderSignature(b"s", b"{}"))
    assert response.order == pb.OrderSignature(signature=b"s", signed_bytes=b"{}")


def test_questions() -> None:
    raw = pb.VerifyRequest(
        key="k",
        version=1,
        raw=RAW,
        raw_signature=pb.RawSignature(signature=b"s", recovery_id=2, der=b"d"),
    )
    assert verify_request(raw).result == RawSignature(b"s", 2, b"d")
    order = pb.VerifyRequest(
        key="k", order=ORDER, order_signature=pb.OrderSignature(signature=b"s", signed_bytes=b"b")
    )
    assert verify_request(order).result == OrderSignature(b"s", b"b")
    assert verify_request(order).version == 0


@pytest.mark.parametrize(
    ("message", "fields"),
    [
        (pb.VerifyRequest(), ["key", "payload", "result"]),
        (pb.VerifyRequest(key="k", raw=RAW), ["result"]),
        (pb.VerifyRequest(key="k", raw_signature=pb.RawSignature()), ["payload"]),
        (pb.VerifyRequest(key="k", raw=RAW, order_signature=pb.OrderSignature()), ["result"]),
        (pb.VerifyRequest(key="k", order=ORDER, raw_signature=pb.RawSignature()), ["result"]),
        (
            pb.VerifyRequest(
                key="k" * 129,
                raw=pb.RawMessage(hash=9),  # type: ignore[arg-type]
                raw_signature=pb.RawSignature(),
            ),
            ["key", "raw.hash"],
        ),
    ],
)
def test_each_bad_field_of_a_question_is_named(
    message: pb.VerifyRequest, fields: list[str]
) -> None:
    with pytest.raises(FieldInvalid) as raised:
        verify_request(message)
    assert _named(raised) == fields
