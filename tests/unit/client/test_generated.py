"""The generated code loads, and its descriptors are the API that is promised."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from google.protobuf import duration_pb2, field_mask_pb2
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.rpc import status_pb2
from signward.v1 import (
    account_service_pb2,
    account_service_pb2_grpc,
    admin_service_pb2,
    admin_service_pb2_grpc,
    audit_pb2,
    hyperliquid_pb2,
    key_service_pb2,
    key_service_pb2_grpc,
    resources_pb2,
    sign_service_pb2,
    sign_service_pb2_grpc,
)

ROOT = Path(__file__).parents[3]
GENERATED = ROOT / "client" / "signward" / "v1"
FILES = [
    resources_pb2.DESCRIPTOR,
    key_service_pb2.DESCRIPTOR,
    sign_service_pb2.DESCRIPTOR,
    audit_pb2.DESCRIPTOR,
    admin_service_pb2.DESCRIPTOR,
    hyperliquid_pb2.DESCRIPTOR,
    account_service_pb2.DESCRIPTOR,
]
SERVICES = {service.name: service for file in FILES for service in file.services_by_name.values()}
MESSAGES: dict[str, Descriptor] = {
    message.name: message for file in FILES for message in file.message_types_by_name.values()
}
ENUMS: dict[str, EnumDescriptor] = {
    enum.name: enum for file in FILES for enum in file.enum_types_by_name.values()
}

UNARY, BIDI, ANSWERS = (False, False), (True, True), (False, True)
RPCS = {
    "KeyService": dict.fromkeys(
        [
            "CreateKey",
            "ImportKey",
            "CreateImportParameters",
            "GetKey",
            "ListKeys",
            "ListKeyVersions",
            "UpdateKey",
            "GetPublicKey",
            "RotateKey",
            "DisableKey",
            "EnableKey",
            "ActivateKeyVersion",
            "CheckKey",
            "ScheduleDestroyKeyVersion",
            "RestoreKeyVersion",
            "GetCustodyStatus",
            "GetKeyPolicyTemplate",
            "AdoptKey",
            "RefreshShares",
        ],
        UNARY,
    ),
    "SignService": {"Sign": UNARY, "SignBatch": UNARY, "SignStream": BIDI, "Verify": UNARY},
    "AdminService": dict.fromkeys(
        [
            "CreateApiKey",
            "ImportApiKey",
            "ListApiKeys",
            "RevokeApiKey",
            "FreezeKey",
            "UnfreezeKey",
            "ApproveRequest",
            "Reload",
            "GetCheckpoint",
            "ListAuditRecords",
            "TailAuditRecords",
            "GetAuditProof",
        ],
        UNARY,
    )
    | {"TailAuditRecords": ANSWERS},
    "AccountService": dict.fromkeys(
        ["ApproveAgent", "RotateAgent", "ListAgents", "ExpireAgent"], UNARY
    ),
}
VALUES = {
    "Algorithm": "UNSPECIFIED ED25519 ECDSA_SECP256K1",
    "Custody": "UNSPECIFIED ENVELOPE AWS_KMS SHAMIR FROST",
    "Purpose": "UNSPECIFIED RAW ORDER HEDERA HYPERLIQUID",
    "KeyState": "UNSPECIFIED ENABLED DISABLED",
    "KeyVersionState": ("UNSPECIFIED PENDING PRIMARY GRACE RETIRED DESTROY_SCHEDULED DESTROYED"),
    "Freeze": "UNSPECIFIED NONE CANCEL_ONLY ALL",
    "Hash": "UNSPECIFIED SHA256 KECCAK256 PREHASHED",
    "KeyView": "UNSPECIFIED BASIC FULL",
    "KeyAspect": "UNSPECIFIED SPEC USAGE STATE OWNERSHIP PUBLIC_KEY",
    "ReloadPart": "UNSPECIFIED POLICY CERTIFICATES LIMITS GROUPS LOG REFERENCES",
    "HyperliquidTif": "UNSPECIFIED ALO IOC GTC",
    "HyperliquidTpsl": "UNSPECIFIED TP SL",
    "HyperliquidGrouping": "UNSPECIFIED NORMAL_TPSL POSITION_TPSL",
}
# In the order of their numbers, which start at 1 and leave no gap.
FIELDS = {
    "Key": (
        "id algorithm custody purpose state owner user_id labels network primary_version versions "
        "unlock_ttl grace_period rotation_period freeze vault_address allow_digest create_time "
        "update_time etag"
    ),
    "KeyVersion": (
        "version state public_key create_time grace_end_time destroy_time backend_ref threshold"
    ),
    "Threshold": "required total epoch",
    "PublicKey": (
        "algorithm raw uncompressed spki_der pem fingerprint ethereum_address hedera_der"
    ),
    "CreateKeyRequest": (
        "key_id algorithm custody purpose owner user_id labels network unlock_ttl grace_period "
        "allow_digest threshold aws_kms request_id validate_only rotation_period vault_address"
    ),
    "ImportKeyRequest": (
        "key_id algorithm custody purpose owner user_id labels network unlock_ttl grace_period "
        "allow_digest threshold aws_kms request_id validate_only import_id wrapped_key "
        "rotation_period vault_address"
    ),
    "ListKeysRequest": "page_size page_token view labels owner user_id purpose custody",
    "UpdateKeyRequest": (
        "key_id update_mask etag labels owner unlock_ttl grace_period rotation_period "
        "grace_version grace_end_time"
    ),
    "RotateKeyRequest": "key_id request_id etag grace_period",
    "RotateKeyResponse": "key version previous_version",
    "ActivateKeyVersionRequest": "key_id version grace_period",
    "DisableKeyRequest": "key_id reason",
    "EnableKeyRequest": "key_id reason",
    "SignBatchResult": "response error",
    "SignStreamRequest": "id timeout traceparent request",
    "SignStreamResponse": "id response error",
    "VerifyResponse": "valid version reason",
    "RawMessage": "message hash",
    "RawSignature": "signature recovery_id der",
    "OrderIntent": "action coin is_buy sz limit_px timestamp",
    "OrderSignature": "signature signed_bytes",
    "ApiKey": (
        "id identity create_time expire_time revoke_time address_ranges created_by imported"
    ),
    "CreateApiKeyRequest": "identity expire_time address_ranges",
    "CreateApiKeyResponse": "api_key secret",
    "ImportApiKeyRequest": "identity expire_time address_ranges secret",
    "ListApiKeysRequest": "page_size page_token identity",
    "RevokeApiKeyRequest": "api_key_id",
    "FreezeKeyRequest": "key_id selector mode reason",
    "FreezeKeyResponse": "key_ids",
    "UnfreezeKeyRequest": "key_id selector reason",
    "ApproveRequestRequest": "digest expire_time reason",
    "ApproveRequestResponse": "expire_time",
    "ReloadRequest": "parts",
    "ReloadResult": "part version changed problem",
    "AuditRecord": "sequence time event outcome identity method action key version record log",
    "AuditFilter": "identity key outcome event since until",
    "GetCheckpointRequest": "log",
    "GetCheckpointResponse": "log size root_hash checkpoint verifier_key first_sequence log_list",
    "ListAuditRecordsRequest": "start filter page_size page_token log",
    "ListAuditRecordsResponse": "records next_page_token next_sequence log",
    "TailAuditRecordsRequest": "start filter log",
    "TailAuditRecordsResponse": "record next_sequence log",
    "AuditInclusion": "sequence tree_size",
    "AuditConsistency": "first_size second_size",
    "GetAuditProofRequest": "inclusion consistency log",
    "Agent": (
        "address key account agent_key agent_version agent_name network approve_time expire_time "
        "end_time"
    ),
    "ApproveAgentRequest": (
        "key agent_key agent_version agent_name network expire_time request_id"
    ),
    "ApproveAgentResponse": "agent signature",
    "RotateAgentRequest": "key agent_key expire_time request_id",
    "RotateAgentResponse": "agent signature",
    "ListAgentsRequest": "key page_size page_token",
    "ListAgentsResponse": "agents next_page_token",
    "ExpireAgentRequest": "key address reason",
    "ExpireAgentResponse": "agent",
    "HyperliquidSignature": "r s v nonce expires_after action_hash post_body",
    "GetAuditProofResponse": "hashes tree_size checkpoint record",
}
ONEOFS = {
    ("SignRequest", "payload"): {"raw": 10, "order": 11, "hyperliquid": 13},
    ("SignResponse", "result"): {"raw": 10, "order": 11, "hyperliquid": 13},
    ("VerifyRequest", "payload"): {"raw": 10, "order": 11, "hyperliquid": 13},
    ("VerifyRequest", "result"): {
        "raw_signature": 30,
        "order_signature": 31,
        "hyperliquid_signature": 33,
    },
    ("SignBatchResult", "outcome"): {"response": 1, "error": 2},
    ("SignStreamResponse", "outcome"): {"response": 2, "error": 3},
    ("GetCustodyStatusRequest", "subject"): {"custody": 1, "key_id": 2},
    ("FreezeKeyRequest", "target"): {"key_id": 1, "selector": 2},
    ("UnfreezeKeyRequest", "target"): {"key_id": 1, "selector": 2},
    ("GetAuditProofRequest", "proof"): {"inclusion": 1, "consistency": 2},
}


def _all_fields() -> Iterator[FieldDescriptor]:
    for message in MESSAGES.values():
        yield from message.fields


def test_services_have_the_promised_rpcs() -> None:
    assert {
        name: {m.name: (m.client_streaming, m.server_streaming) for m in service.methods}
        for name, service in SERVICES.items()
    } == RPCS


def test_every_rpc_has_a_request_and_a_response_of_its_own() -> None:
    for service in SERVICES.values():
        for method in service.methods:
            assert method.input_type.name == f"{method.name}Request"
            assert method.output_type.name == f"{method.name}Response"


@pytest.mark.parametrize("name", VALUES)
def test_enum_values_and_numbers(name: str) -> None:
    prefix = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).upper()
    assert {value.name: value.number for value in ENUMS[name].values} == {
        f"{prefix}_{value}": number for number, value in enumerate(VALUES[name].split())
    }


def test_every_enum_is_in_the_table() -> None:
    assert set(ENUMS) == set(VALUES)


@pytest.mark.parametrize("name", FIELDS)
def test_fields_and_numbers(name: str) -> None:
    assert {field.name: field.number for field in MESSAGES[name].fields} == {
        field: number for number, field in enumerate(FIELDS[name].split(), start=1)
    }


@pytest.mark.parametrize(("message", "oneof"), ONEOFS)
def test_oneofs_and_numbers(message: str, oneof: str) -> None:
    fields = MESSAGES[message].oneofs_by_name[oneof].fields
    assert {field.name: field.number for field in fields} == ONEOFS[message, oneof]


def test_no_amount_can_be_a_float() -> None:
    floats = {FieldDescriptor.TYPE_DOUBLE, FieldDescriptor.TYPE_FLOAT}
    assert [field.full_name for field in _all_fields() if field.type in floats] == []


@pytest.mark.parametrize("message", ["CreateKeyRequest", "UpdateKeyRequest", "Key"])
@pytest.mark.parametrize("field", ["unlock_ttl", "grace_period"])
def test_absent_duration_differs_from_zero(message: str, field: str) -> None:
    assert MESSAGES[message].fields_by_name[field].message_type is duration_pb2.Duration.DESCRIPTOR
    assert MESSAGES[message].fields_by_name[field].has_presence


def test_a_tail_from_the_beginning_is_not_one_from_the_end() -> None:
    assert MESSAGES["TailAuditRecordsRequest"].fields_by_name["start"].has_presence


def test_update_mask_takes_the_field_names_of_the_request() -> None:
    mask = field_mask_pb2.FieldMask()
    mask.FromJsonString("labels,owner,unlockTtl,gracePeriod,rotationPeriod,graceEndTime")
    assert mask.IsValidForDescriptor(key_service_pb2.UpdateKeyRequest.DESCRIPTOR)


def test_results_carry_a_status_where_a_signature_is_missing() -> None:
    for name in ("SignBatchResult", "SignStreamResponse"):
        error = MESSAGES[name].fields_by_name["error"]
        assert error.message_type is status_pb2.Status.DESCRIPTOR


def test_messages_survive_the_wire() -> None:
    request = sign_service_pb2.SignStreamRequest(
        id=2**64 - 1,
        timeout=duration_pb2.Duration(nanos=5_000_000),
        request=sign_service_pb2.SignRequest(
            key="bot",
            order=sign_service_pb2.OrderIntent(action="order", is_buy=True, timestamp=2**53),
        ),
    )
    again = sign_service_pb2.SignStreamRequest.FromString(request.SerializeToString())
    assert again == request
    assert again.request.WhichOneof("payload") == "order"


class _Channel:
    """Records what a stub asks of its channel, as ``(path, kind)``."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str]] = []

    def __getattr__(self, kind: str) -> Callable[..., None]:
        return lambda path, **_: self.calls.append((path, kind))


def test_stubs_call_every_rpc_by_its_full_name() -> None:
    channel = _Channel()
    key_service_pb2_grpc.KeyServiceStub(channel)  # type: ignore[call-overload]
    sign_service_pb2_grpc.SignServiceStub(channel)  # type: ignore[call-overload]
    admin_service_pb2_grpc.AdminServiceStub(channel)  # type: ignore[call-overload]
    account_service_pb2_grpc.AccountServiceStub(channel)  # type: ignore[call-overload]
    kinds = {UNARY: "unary_unary", BIDI: "stream_stream", ANSWERS: "unary_stream"}
    assert channel.calls == [
        (f"/signward.v1.{service}/{rpc}", kinds[streaming])
        for service, rpcs in RPCS.items()
        for rpc, streaming in rpcs.items()
    ]


def test_generator_is_the_floor_of_the_dependencies() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    floors = dict(line.split(">=") for line in project["dependencies"])
    assert floors["grpcio"] == key_service_pb2_grpc.GRPC_GENERATED_VERSION
    assert floors["grpcio"] == sign_service_pb2_grpc.GRPC_GENERATED_VERSION
    assert floors["grpcio"] == admin_service_pb2_grpc.GRPC_GENERATED_VERSION
    assert floors["grpcio"] == account_service_pb2_grpc.GRPC_GENERATED_VERSION
    for path in GENERATED.glob("*_pb2.py"):
        assert f"# Protobuf Python Version: {floors['protobuf']}\n" in path.read_text()


def test_generated_files_say_so_and_are_typed() -> None:
    sources = sorted(GENERATED.glob("*_pb2*.py"))
    assert len(sources) == len(FILES) + len(SERVICES)
    for path in sources:
        assert "DO NOT EDIT" in "".join(path.read_text().splitlines()[:3])
        stub = path.with_suffix(".pyi").read_text()
        assert "@generated by mypy-protobuf" in "".join(stub.splitlines()[:3])


def test_import_gives_no_warning_and_loads_no_server() -> None:
    code = (
        "import sys\n"
        "import signward.v1.key_service_pb2_grpc, signward.v1.sign_service_pb2_grpc\n"
        "assert not [name for name in sys.modules if name.startswith('signward_server')]\n"
    )
    done = subprocess.run(
        [
            sys.executable,
            "-I",
            "-W",
            "error",
            "-c",
            f"import sys; sys.path[:0] = ['client']\n{code}",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
