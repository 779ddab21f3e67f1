from __future__ import annotations

from datetime import UTC, datetime

import pytest
from signward.v1 import key_service_pb2 as pb
from signward.v1 import resources_pb2
from signward_server.core.errors import FieldInvalid
from signward_server.core.imports import OpenImport, WrappingKey
from signward_server.core.keys import Algorithm, Purpose
from signward_server.rpc.convert.import_requests import (
    create_import_parameters,
    import_key,
    import_parameters_response,
)

IMPORT_ID = "im_" + "a7" * 12


def _import(**changes: object) -> pb.ImportKeyRequest:
    fields: dict[str, object] = {
        "key_id": "new",
        "algorithm": resources_pb2.ALGORITHM_ED25519,
        "custody": resources_pb2.CUSTODY_ENVELOPE,
        "purpose": resources_pb2.PURPOSE_RAW,
        "import_id": IMPORT_ID,
        "wrapped_key": bytes(80),
    }
    return pb.ImportKeyRequest(**(fields | changes))  # type: ignore[arg-type]


def _named(error: pytest.ExceptionInfo[FieldInvalid]) -> list[str]:
    return [violation.field for violation in error.value.violations]


def test_an_import() -> None:
    request = import_key(_import(owner="cn:a", labels={"a": "b"}, request_id="r"))
    assert (request.import_id, request.wrapped_key) == (IMPORT_ID, bytes(80))
    assert (request.creation.owner, request.creation.labels) == ("cn:a", {"a": "b"})
    assert request.creation.request_id == "r"
    asked = request.asked()
    assert (asked.key_id, asked.algorithm, asked.purpose) == ("new", Algorithm.ED25519, Purpose.RAW)


@pytest.mark.parametrize(
    "import_id", ["", "new", IMPORT_ID[:-1], IMPORT_ID + "a", IMPORT_ID.upper()]
)
def test_a_name_of_an_import_has_a_form(import_id: str) -> None:
    with pytest.raises(FieldInvalid) as raised:
        import_key(_import(import_id=import_id))
    assert _named(raised) == ["import_id"]


@pytest.mark.parametrize("size", [0, 1, 32, 79, 81, 256])
@pytest.mark.parametrize("validate_only", [False, True])
def test_a_sealed_key_has_80_bytes(size: int, validate_only: bool) -> None:
    message = _import(wrapped_key=bytes(size), validate_only=validate_only)
    if validate_only and not size:
        assert import_key(message).wrapped_key == b""
        return
    with pytest.raises(FieldInvalid) as raised:
        import_key(message)
    assert _named(raised) == ["wrapped_key"]


def test_everything_that_is_wrong_is_named_at_once() -> None:
    message = _import(import_id="", wrapped_key=b"", key_id="No", aws_kms=pb.AwsKmsOptions())
    with pytest.raises(FieldInvalid) as raised:
        import_key(message)
    assert _named(raised) == ["import_id", "wrapped_key", "key_id", "aws_kms"]


def test_parameters() -> None:
    message = pb.CreateImportParametersRequest(
        key_id="new",
        algorithm=resources_pb2.ALGORITHM_ECDSA_SECP256K1,
        purpose=resources_pb2.PURPOSE_HEDERA,
        network="testnet",
        request_id="r",
    )
    asked = create_import_parameters(message)
    assert (asked.key_id, asked.network, asked.request_id) == ("new", "testnet", "r")
    assert (asked.algorithm, asked.purpose) == (Algorithm.ECDSA_SECP256K1, Purpose.HEDERA)


def test_what_is_wrong_with_parameters_is_named() -> None:
    message = pb.CreateImportParametersRequest(key_id="No", request_id=" ")
    with pytest.raises(FieldInvalid) as raised:
        create_import_parameters(message)
    assert _named(raised) == ["key_id", "algorithm", "purpose", "request_id"]


def test_the_private_half_is_in_no_answer() -> None:
    end = datetime(2026, 1, 1, tzinfo=UTC)
    made = OpenImport(
        id=IMPORT_ID,
        identity="cn:bot",
        content=b"c" * 32,
        wrapping=WrappingKey(b"p" * 32, b"the sealed private half"),
        expire_time=end,
    )
    answer = import_parameters_response(made)
    assert (answer.import_id, answer.identity) == (IMPORT_ID, "cn:bot")
    assert answer.wrapping_public_key == b"p" * 32
    assert answer.expire_time.ToDatetime(UTC) == end
    assert b"sealed" not in answer.SerializeToString()
