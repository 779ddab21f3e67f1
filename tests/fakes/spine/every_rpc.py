"""Every RPC of every service, as the descriptors have it, and an example of a call of each."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from types import ModuleType

import signward.v1
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from google.protobuf import descriptor_pool
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2
from signward.sealing import sealer
from signward.v1 import account_service_pb2 as accounts
from signward.v1 import admin_service_pb2 as admin
from signward.v1 import audit_pb2 as audit
from signward.v1 import hyperliquid_pb2 as hyperliquid
from signward.v1 import key_service_pb2 as keys
from signward.v1 import resources_pb2 as resources
from signward.v1 import sign_service_pb2 as sign
from signward_server.core.imports import IMPORT_LIFETIME, ImportTerms, OpenImport
from signward_server.core.keys import Algorithm, Purpose, VersionState
from signward_server.flows.import_requests import CreateImportParameters
from signward_server.rpc.reflection import REFLECTION_SERVICES, Reflection

from tests.fakes.hyperliquid_messages import payload
from tests.fakes.spine.agent_register import agent
from tests.fakes.spine.api_keys import api_key
from tests.fakes.spine.judges import FakeLimits
from tests.fakes.spine.world import World
from tests.unit.server.chains.hyperliquid.samples import LOWER, SAMPLES

__all__ = ["EXAMPLES", "METHODS", "UNIMPLEMENTED", "furnish"]

UNIMPLEMENTED = {
    f"/signward.v1.KeyService/{name}"
    for name in (
        "AdoptKey",
        "GetCustodyStatus",
        "GetKeyPolicyTemplate",
        "RefreshShares",
    )
}


def _modules() -> Iterator[ModuleType]:
    for info in pkgutil.iter_modules(signward.v1.__path__):
        if info.name.endswith("_pb2"):
            yield importlib.import_module(f"signward.v1.{info.name}")
    yield health_pb2
    yield reflection_pb2


def _methods() -> dict[str, MethodDescriptor]:
    """Return every RPC of every service by its full name."""
    Reflection((), lambda call: None, FakeLimits())  # makes the newer form of its service known
    services = [s for module in _modules() for s in module.DESCRIPTOR.services_by_name.values()]
    pool = descriptor_pool.Default()
    services.extend(pool.FindServiceByName(name) for name in REFLECTION_SERVICES)
    return {f"/{s.full_name}/{method.name}": method for s in services for method in s.methods}


METHODS = _methods()
_WRAPPING = X25519PrivateKey.generate()
_TERMS = ImportTerms(
    import_id="im_" + "a" * 24,
    identity="cn:bot",
    key_id="brought",
    algorithm=Algorithm.ED25519,
    purpose=Purpose.RAW,
    network="",
)
_WRAPPED = sealer(bytes(range(32)))(_WRAPPING.public_key().public_bytes_raw(), _TERMS.info())


def furnish(world: World) -> None:
    """Put in what the examples name."""
    world.key()
    world.key("digests", algorithm=Algorithm.ECDSA_SECP256K1, allow_digest=True)
    states = (VersionState.PRIMARY, VersionState.PENDING, VersionState.DESTROY_SCHEDULED)
    world.key("ledger", purpose=Purpose.HEDERA, versions=states)
    for name in ("master", "new-agent", "agent"):
        pinned = {"purpose": Purpose.HYPERLIQUID, "network": "testnet"}
        world.key(name, algorithm=Algorithm.ECDSA_SECP256K1, **pinned)  # type: ignore[arg-type]
    world.register.put(agent(agent_key="agent"))
    world.agents.known.add(LOWER)
    world.api_keys.insert(api_key())
    asked = CreateImportParameters(
        key_id=_TERMS.key_id, algorithm=_TERMS.algorithm, purpose=_TERMS.purpose
    )
    world.imports.open[_TERMS.import_id] = OpenImport(
        id=_TERMS.import_id,
        identity=_TERMS.identity,
        content=asked.content(),
        wrapping=world.custody.wrap_with(_WRAPPING),
        expire_time=world.clock.now() + IMPORT_LIFETIME,
    )
    for _ in range(3):
        world.log.append(identity="cn:bot", outcome="OK")


def _signings(now: datetime) -> list[sign.SignRequest]:
    """Return one request for each kind of payload."""
    order = sign.OrderIntent(
        action="order", coin="BTC", sz="1", limit_px="1", timestamp=int(now.timestamp() * 1000)
    )
    digest = sign.RawMessage(message=bytes(32), hash=sign.HASH_PREHASHED)
    return [
        sign.SignRequest(key="bot-key", raw=sign.RawMessage(message=b"hello")),
        sign.SignRequest(key="digests", raw=digest),
        sign.SignRequest(key="bot-key", order=order),
        *(sign.SignRequest(key="master", hyperliquid=action) for action in _actions(now)),
    ]


def _actions(now: datetime) -> Iterator[hyperliquid.HyperliquidPayload]:
    """Yield an action of each kind of the exchange, and one that it may have some day."""
    for kind in SAMPLES:
        said = int(now.timestamp() * 1000) + 2_000 if kind.startswith("multi_sig") else 0
        yield payload(kind, nonce=said)
    yield hyperliquid.HyperliquidPayload(json=b'{"type":"ofALaterYear"}')


def _stream(now: datetime) -> list[Message]:
    return [
        sign.SignStreamRequest(id=number, request=request)
        for number, request in enumerate(_signings(now))
    ]


def _new_key() -> keys.CreateKeyRequest:
    return keys.CreateKeyRequest(
        key_id="new",
        algorithm=resources.ALGORITHM_ED25519,
        custody=resources.CUSTODY_ENVELOPE,
        purpose=resources.PURPOSE_RAW,
        request_id="r1",
    )


def _import() -> keys.ImportKeyRequest:
    return keys.ImportKeyRequest(
        key_id="brought",
        algorithm=resources.ALGORITHM_ED25519,
        custody=resources.CUSTODY_ENVELOPE,
        purpose=resources.PURPOSE_RAW,
        request_id="r1",
        import_id=_TERMS.import_id,
        wrapped_key=_WRAPPED,
    )


def _import_parameters() -> keys.CreateImportParametersRequest:
    return keys.CreateImportParametersRequest(
        key_id="brought",
        algorithm=resources.ALGORITHM_ED25519,
        purpose=resources.PURPOSE_RAW,
    )


def _update() -> keys.UpdateKeyRequest:
    mask = FieldMask(paths=["owner", "labels"])
    return keys.UpdateKeyRequest(
        key_id="bot-key", owner="cn:other", labels={"a": "b"}, update_mask=mask
    )


def _question() -> sign.VerifyRequest:
    return sign.VerifyRequest(
        key="bot-key",
        raw=sign.RawMessage(message=b"hello"),
        raw_signature=sign.RawSignature(signature=bytes(64)),
    )


def _new_api_key(now: datetime) -> admin.CreateApiKeyRequest:
    request = admin.CreateApiKeyRequest(identity="cn:bot")
    request.expire_time.FromDatetime(now + timedelta(days=1))
    return request


def _known_api_key(now: datetime) -> admin.ImportApiKeyRequest:
    request = admin.ImportApiKeyRequest(identity="cn:bot")
    request.secret = "0123456789abcdefghijklmnopqrst"  # noqa: S105
    request.expire_time.FromDatetime(now + timedelta(days=1))
    return request


def _freeze(mode: resources.Freeze.ValueType) -> admin.FreezeKeyRequest:
    return admin.FreezeKeyRequest(key_id="bot-key", mode=mode)


def _approve(now: datetime) -> admin.ApproveRequestRequest:
    request = admin.ApproveRequestRequest(digest=bytes(32))
    request.expire_time.FromDatetime(now + timedelta(minutes=10))
    return request


def _inclusion() -> audit.GetAuditProofRequest:
    return audit.GetAuditProofRequest(inclusion=audit.AuditInclusion(sequence=1))


def _consistency() -> audit.GetAuditProofRequest:
    trees = audit.AuditConsistency(first_size=1, second_size=2)
    return audit.GetAuditProofRequest(consistency=trees)


def _approve_agent() -> accounts.ApproveAgentRequest:
    return accounts.ApproveAgentRequest(
        key="master", agent_key="new-agent", network="testnet", request_id="r1"
    )


def _rotate_agent() -> accounts.RotateAgentRequest:
    return accounts.RotateAgentRequest(key="master", agent_key="agent", request_id="r1")


KEYS, SIGNS, ACCOUNTS, ADMIN, HEALTH = (
    "/signward.v1.KeyService/",
    "/signward.v1.SignService/",
    "/signward.v1.AccountService/",
    "/signward.v1.AdminService/",
    "/grpc.health.v1.Health/",
)
# Requests that, one after the other, bring an RPC to ask all that it ever asks.
EXAMPLES: dict[str, Callable[[datetime], list[Message]]] = {
    KEYS + "CreateKey": lambda now: [_new_key(), _new_key()],
    KEYS + "ImportKey": lambda now: [_import(), _import()],
    KEYS + "CreateImportParameters": lambda now: [_import_parameters()],
    KEYS + "GetKey": lambda now: [keys.GetKeyRequest(key_id="bot-key")],
    KEYS + "ListKeys": lambda now: [keys.ListKeysRequest()],
    KEYS + "UpdateKey": lambda now: [_update()],
    KEYS + "GetPublicKey": lambda now: [keys.GetPublicKeyRequest(key_id="bot-key")],
    KEYS + "ListKeyVersions": lambda now: [keys.ListKeyVersionsRequest(key_id="bot-key")],
    KEYS + "CheckKey": lambda now: [keys.CheckKeyRequest(key_id="bot-key")],
    KEYS + "RotateKey": lambda now: [keys.RotateKeyRequest(key_id="bot-key", request_id="r1")] * 2,
    KEYS + "ActivateKeyVersion": lambda now: [
        keys.ActivateKeyVersionRequest(key_id="ledger", version=2)
    ],
    KEYS + "ScheduleDestroyKeyVersion": lambda now: [
        keys.ScheduleDestroyKeyVersionRequest(key_id="ledger", version=2)
    ],
    KEYS + "RestoreKeyVersion": lambda now: [
        keys.RestoreKeyVersionRequest(key_id="ledger", version=3)
    ],
    KEYS + "DisableKey": lambda now: [keys.DisableKeyRequest(key_id="bot-key")],
    KEYS + "EnableKey": lambda now: [keys.EnableKeyRequest(key_id="bot-key")],
    SIGNS + "Sign": lambda now: list(_signings(now)),
    SIGNS + "SignBatch": lambda now: [sign.SignBatchRequest(requests=_signings(now))],
    SIGNS + "SignStream": _stream,
    SIGNS + "Verify": lambda now: [_question()],
    ACCOUNTS + "ApproveAgent": lambda now: [_approve_agent(), _approve_agent()],
    ACCOUNTS + "RotateAgent": lambda now: [_rotate_agent(), _rotate_agent()],
    ACCOUNTS + "ListAgents": lambda now: [accounts.ListAgentsRequest(key="master")],
    ACCOUNTS + "ExpireAgent": lambda now: [
        accounts.ExpireAgentRequest(key="master", address=agent().address)
    ],
    ADMIN + "CreateApiKey": lambda now: [_new_api_key(now)],
    ADMIN + "ImportApiKey": lambda now: [_known_api_key(now)],
    ADMIN + "ListApiKeys": lambda now: [admin.ListApiKeysRequest()],
    ADMIN + "RevokeApiKey": lambda now: [admin.RevokeApiKeyRequest(api_key_id=api_key().id)],
    ADMIN + "FreezeKey": lambda now: [
        _freeze(resources.FREEZE_ALL),
        _freeze(resources.FREEZE_CANCEL_ONLY),
    ],
    ADMIN + "UnfreezeKey": lambda now: [admin.UnfreezeKeyRequest(key_id="bot-key")],
    ADMIN + "ApproveRequest": lambda now: [_approve(now)],
    ADMIN + "Reload": lambda now: [admin.ReloadRequest()],
    ADMIN + "GetCheckpoint": lambda now: [audit.GetCheckpointRequest()],
    ADMIN + "ListAuditRecords": lambda now: [audit.ListAuditRecordsRequest()],
    ADMIN + "TailAuditRecords": lambda now: [audit.TailAuditRecordsRequest(start=0)],
    ADMIN + "GetAuditProof": lambda now: [_inclusion(), _consistency()],
    HEALTH + "Check": lambda now: [health_pb2.HealthCheckRequest()],
    HEALTH + "List": lambda now: [health_pb2.HealthListRequest()],
    HEALTH + "Watch": lambda now: [health_pb2.HealthCheckRequest()],
    **{
        f"/{service}/ServerReflectionInfo": lambda now: [
            reflection_pb2.ServerReflectionRequest(list_services="")
        ]
        for service in REFLECTION_SERVICES
    },
    **{name: lambda now, name=name: [_empty(name)] for name in UNIMPLEMENTED},
}


def _empty(name: str) -> Message:
    return GetMessageClass(METHODS[name].input_type)()
