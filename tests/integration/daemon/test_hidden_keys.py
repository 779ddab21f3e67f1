"""A key that one may not view, and one that does not exist, answer the same (S39).

Every RPC that names a key is asked about both, by a caller that may do anything but view the
hidden one. The RPCs are those of the descriptors: a new one fails until it is asked about.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import TypeAlias

import grpc
import pytest
from google.protobuf.descriptor import Descriptor, MethodDescriptor
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message
from google.rpc import status_pb2
from signward.v1 import admin_service_pb2 as admin_pb
from signward.v1 import key_service_pb2 as key_pb
from signward.v1 import resources_pb2 as resources
from signward.v1 import sign_service_pb2 as pb

from tests.running.calls import refusal_in
from tests.running.homes import PATIENCE, Home
from tests.running.keys import create
from tests.running.process import Daemon

pytestmark = pytest.mark.integration

HIDDEN, ABSENT = "hidden-key", "absent-key"
UNKNOWN = "KEY_NOT_FOUND"
_POLICY = f"""\
permit (principal == Identity::"cn:bot", action, resource);
forbid (
  principal == Identity::"cn:bot",
  action == Action::"ViewKey",
  resource == Key::"{HIDDEN}"
);
permit (principal == Identity::"cn:admin", action, resource);
"""
Asked: TypeAlias = Callable[[str], Message]


def _order(key: str, **fields: object) -> pb.SignRequest:
    intent = pb.OrderIntent(
        action="order", coin="BTC", sz="1", limit_px="1", timestamp=time.time_ns() // 10**6
    )
    return pb.SignRequest(key=key, order=intent, **fields)  # type: ignore[arg-type]


def _raw(key: str, **fields: object) -> pb.SignRequest:
    return pb.SignRequest(key=key, raw=pb.RawMessage(message=b"m"), **fields)  # type: ignore[arg-type]


def _digest(key: str) -> pb.SignRequest:
    return pb.SignRequest(key=key, raw=pb.RawMessage(message=bytes(32), hash=pb.HASH_PREHASHED))


def _signings() -> list[Callable[[str], pb.SignRequest]]:
    return [
        _raw,
        _order,
        _digest,
        lambda key: _raw(key, version=1),
        lambda key: _raw(key, version=7),
        lambda key: _raw(key, request_id="r1"),
        lambda key: _raw(key, expected_fingerprint=bytes(32)),
    ]


def _update(key: str, *paths: str, **fields: object) -> key_pb.UpdateKeyRequest:
    return key_pb.UpdateKeyRequest(key_id=key, update_mask=FieldMask(paths=paths), **fields)  # type: ignore[arg-type]


def _verify(key: str, version: int) -> pb.VerifyRequest:
    signature = pb.RawSignature(signature=bytes(64))
    raw = pb.RawMessage(message=b"m")
    return pb.VerifyRequest(key=key, version=version, raw=raw, raw_signature=signature)


KEYS, SIGNS, ADMIN = (f"/signward.v1.{name}Service/" for name in ("Key", "Sign", "Admin"))
# Each with requests that get as far as they can.
ASKED: dict[str, Sequence[Asked]] = {
    KEYS + "GetKey": [lambda key: key_pb.GetKeyRequest(key_id=key)],
    KEYS + "GetPublicKey": [
        lambda key: key_pb.GetPublicKeyRequest(key_id=key),
        lambda key: key_pb.GetPublicKeyRequest(key_id=key, version=7),
    ],
    KEYS + "UpdateKey": [
        lambda key: _update(key, "owner", owner="cn:bot"),
        lambda key: _update(key, "labels", labels={"a": "b"}),
        lambda key: _update(key, "labels", labels={"a": "b"}, etag="w"),
    ],
    KEYS + "DisableKey": [lambda key: key_pb.DisableKeyRequest(key_id=key)],
    KEYS + "EnableKey": [lambda key: key_pb.EnableKeyRequest(key_id=key)],
    KEYS + "ListKeyVersions": [lambda key: key_pb.ListKeyVersionsRequest(key_id=key)],
    KEYS + "CheckKey": [lambda key: key_pb.CheckKeyRequest(key_id=key)],
    KEYS + "RotateKey": [
        lambda key: key_pb.RotateKeyRequest(key_id=key),
        lambda key: key_pb.RotateKeyRequest(key_id=key, request_id="r1", etag="w"),
    ],
    KEYS + "ActivateKeyVersion": [
        lambda key: key_pb.ActivateKeyVersionRequest(key_id=key, version=1)
    ],
    KEYS + "ScheduleDestroyKeyVersion": [
        lambda key: key_pb.ScheduleDestroyKeyVersionRequest(key_id=key, version=1)
    ],
    KEYS + "RestoreKeyVersion": [
        lambda key: key_pb.RestoreKeyVersionRequest(key_id=key, version=1)
    ],
    SIGNS + "Sign": _signings(),
    SIGNS + "SignBatch": [
        lambda key: pb.SignBatchRequest(requests=[make(key) for make in _signings()])
    ],
    SIGNS + "SignStream": [lambda key: pb.SignStreamRequest(id=1, request=_raw(key))],
    SIGNS + "Verify": [lambda key: _verify(key, 0), lambda key: _verify(key, 7)],
    ADMIN + "FreezeKey": [
        lambda key: admin_pb.FreezeKeyRequest(key_id=key, mode=resources.FREEZE_ALL),
        lambda key: admin_pb.FreezeKeyRequest(key_id=key, mode=resources.FREEZE_CANCEL_ONLY),
    ],
    ADMIN + "UnfreezeKey": [lambda key: admin_pb.UnfreezeKeyRequest(key_id=key)],
}
# Making a key says whether its id is taken: policies say who may make keys of which ids.
MAKES = {KEYS + name for name in ("CreateKey", "ImportKey", "AdoptKey", "CreateImportParameters")}
# What may be read of the audit log says a policy about the log; a key's id only narrows that.
READS = {ADMIN + "ListAuditRecords", ADMIN + "TailAuditRecords"}
UNIMPLEMENTED = {
    KEYS + name
    for name in (
        "RefreshShares", "GetKeyPolicyTemplate", "GetCustodyStatus",
    )
}  # fmt: skip


def _methods() -> dict[str, MethodDescriptor]:
    modules = (admin_pb, key_pb, pb)
    services = [s for module in modules for s in module.DESCRIPTOR.services_by_name.values()]
    return {f"/{s.full_name}/{method.name}": method for s in services for method in s.methods}


def _names_a_key(message: Descriptor, depth: int = 3) -> bool:
    return any(
        field.name in {"key", "key_id"}
        if field.message_type is None
        else depth and not field.message_type.GetOptions().map_entry
        and _names_a_key(field.message_type, depth - 1)
        for field in message.fields
    )  # fmt: skip


def test_every_rpc_that_names_a_key_is_asked_about() -> None:
    naming = {name for name, method in _methods().items() if _names_a_key(method.input_type)}
    assert naming - MAKES - READS - UNIMPLEMENTED == set(ASKED)


@pytest.fixture(scope="module")
def daemon(new_home: Callable[[], Home]) -> Iterator[Daemon]:
    home = new_home()
    for file in home.policies.iterdir():
        file.unlink()
    home.permit(_POLICY)
    with Daemon(home) as daemon, daemon.client("admin") as admin:
        create(admin, HIDDEN)
        yield daemon


@pytest.fixture
def channel(daemon: Daemon) -> Iterator[grpc.Channel]:
    with daemon.client("bot") as client:
        yield client.channel


def answer(channel: grpc.Channel, method: str, request: Message) -> list[object]:
    """Return all that a caller gets to see of an answer, but for when it came."""
    if method.endswith("Stream"):
        call = channel.stream_stream(method)(iter([request.SerializeToString()]), timeout=PATIENCE)
    else:
        call = channel.unary_stream(method)(request.SerializeToString(), timeout=PATIENCE)
    seen: list[object] = []
    with suppress(grpc.RpcError):
        seen += list(call)
    return [*seen, call.code(), call.details(), call.initial_metadata(), call.trailing_metadata()]


def reasons(method: str, seen: list[object]) -> set[str]:
    """Return the reasons of an answer, of each of its items if it has some."""
    data, trailing = seen[0], dict(seen[-1])  # type: ignore[call-overload]
    if method.endswith("Batch"):
        results = pb.SignBatchResponse.FromString(data).results  # type: ignore[arg-type]
        return {refusal_in(result.error).reason for result in results}
    if method.endswith("Stream"):
        return {refusal_in(pb.SignStreamResponse.FromString(data).error).reason}  # type: ignore[arg-type]
    status = status_pb2.Status.FromString(trailing["grpc-status-details-bin"])
    return {refusal_in(status).reason}


@pytest.mark.parametrize("method", ASKED)
def test_s39_a_hidden_key_answers_as_one_that_does_not_exist(
    channel: grpc.Channel, method: str
) -> None:
    for ask in ASKED[method]:
        for _ in range(2):  # found out, and remembered
            hidden, absent = (answer(channel, method, ask(key)) for key in (HIDDEN, ABSENT))
            assert hidden == absent
        assert reasons(method, absent) == {UNKNOWN}


def test_s39_lists_and_selectors_pass_over_a_hidden_key(
    daemon: Daemon, channel: grpc.Channel
) -> None:
    with daemon.client("bot") as bot, daemon.client("admin") as admin:
        admin.update_key(HIDDEN, labels={"team": "x"})
        assert HIDDEN not in {key.id for key in bot.list_keys()}
        for labels in ({"team": "x"}, {"team": "nobody"}):
            assert bot.admin.freeze_key(labels=labels) == []
        assert admin.get_key(HIDDEN).freeze == resources.FREEZE_NONE


@pytest.mark.soak
def test_s39_once_asked_about_both_take_as_long(channel: grpc.Channel) -> None:
    data = {key: key_pb.GetKeyRequest(key_id=key).SerializeToString() for key in (HIDDEN, ABSENT)}
    call = channel.unary_unary(KEYS + "GetKey")
    took: dict[str, list[float]] = {key: [] for key in data}
    for _ in range(3000):
        for key, request in data.items():
            began = time.perf_counter()
            with pytest.raises(grpc.RpcError):
                call(request, timeout=PATIENCE)
            took[key].append(time.perf_counter() - began)
    medians = [statistics.median(took[key]) for key in (HIDDEN, ABSENT)]
    assert max(medians) < 1.1 * min(medians)
