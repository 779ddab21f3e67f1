"""Messages of every unary RPC: whatever comes in, what is promised comes out."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message_factory import GetMessageClass
from signward.v1 import admin_service_pb2 as admin
from signward.v1 import audit_pb2 as audit
from signward.v1 import key_service_pb2 as keys
from signward.v1 import sign_service_pb2 as sign
from signward_server.core.api_keys import ApiKey
from signward_server.core.errors import SignwardError
from signward_server.core.identity_names import identity_of
from signward_server.rpc.convert.admin_requests import make_api_key
from signward_server.rpc.parsing import parse

from tests.fakes.spine.rpc import grpc_call, routes
from tests.fakes.spine.world import World
from tests.fuzz.target import Target, expected

__all__ = ["TARGETS"]

_METHODS: Final[dict[str, MethodDescriptor]] = {
    method.name: method
    for module in (admin, keys, sign)
    for service in module.DESCRIPTOR.services_by_name.values()
    for method in service.methods
}
_UNARY: Final = tuple(name for name, route in sorted(routes(World()).items()) if route.unary)
_MAKING: Final = (admin.CreateApiKeyRequest, admin.ImportApiKeyRequest)


def any_rpc(data: bytes) -> None:
    """Call the RPC that the first byte says with the rest, on a world of fakes."""
    if not data:
        return
    world = World()
    world.key()
    name = _UNARY[data[0] % len(_UNARY)]
    route = routes(world)[name]
    assert route.unary is not None
    try:
        answer = route.unary(data[1:], grpc_call(world, route.name))
    except SignwardError as error:
        expected(error.reason not in {"", "INTERNAL"})
        return
    GetMessageClass(_METHODS[name].output_type).FromString(answer)
    for api_key in world.api_keys.page("", 10):
        _sound(world, api_key)


def _sound(world: World, api_key: ApiKey) -> None:
    """Raise unless an API key that was made is one that may be."""
    assert identity_of(str(api_key.identity)) == api_key.identity
    now = world.clock.now()
    assert now < api_key.expire_time <= now + timedelta(days=3653)
    assert len(api_key.address_ranges) <= 32


def api_key(data: bytes) -> None:
    """Convert the request for an API key."""
    world = World()
    kind = _MAKING[data[:1] == b"\1"]
    try:
        made = make_api_key(parse(kind, data[1:]), world.clock.now())
    except SignwardError as refused:
        expected(refused.reason in {"FIELD_INVALID", "PAYLOAD_MALFORMED"})
        return
    assert identity_of(str(made.identity)) == made.identity
    assert (kind is admin.ImportApiKeyRequest) == bool(made.secret)


def _seeds() -> tuple[bytes, ...]:
    create = admin.CreateApiKeyRequest(identity="cn:bot", address_ranges=["10.0.0.0/8", "::1/128"])
    create.expire_time.FromDatetime(World().clock.now() + timedelta(days=1))
    known = admin.ImportApiKeyRequest(identity="apikey:a", secret="k3y-of-the-replaced-service!")  # noqa: S106
    known.expire_time.CopyFrom(create.expire_time)
    freeze = admin.FreezeKeyRequest(key_id="bot-key", mode=1, reason="r")
    chosen = admin.FreezeKeyRequest(mode=2)
    chosen.selector.labels["team"] = "x"
    raw = sign.SignRequest(key="bot-key", raw=sign.RawMessage(message=b"m"), request_id="r")
    intent = sign.OrderIntent(action="order", coin="BTC", sz="1", limit_px="1", timestamp=1)
    order = sign.SignRequest(key="bot-key", order=intent)
    wanted = audit.AuditFilter(identity="cn:a", outcome="OK", until={"seconds": 5})
    examples = {
        "CreateApiKey": create, "ImportApiKey": known, "FreezeKey": freeze,
        "UnfreezeKey": chosen, "Sign": raw, "Verify": order,
        "ApproveRequest": admin.ApproveRequestRequest(digest=bytes(32), reason="r"),
        "SignBatch": sign.SignBatchRequest(requests=[raw, order]),
        "ListApiKeys": admin.ListApiKeysRequest(page_size=5, page_token="AWE", identity="cn:a"),  # noqa: S106
        "Reload": admin.ReloadRequest(parts=[1, 2]),
        "ListAuditRecords": audit.ListAuditRecordsRequest(start=1, filter=wanted, page_size=9),
        "GetAuditProof": audit.GetAuditProofRequest(inclusion=audit.AuditInclusion(sequence=1)),
        "CreateKey": keys.CreateKeyRequest(key_id="n", algorithm=1, custody=1, purpose=1),
        "UpdateKey": keys.UpdateKeyRequest(key_id="bot-key", labels={"a": "b"}),
        "ListKeys": keys.ListKeysRequest(page_size=3, page_token="ATUvYQ"),  # noqa: S106
    }  # fmt: skip
    return tuple(
        bytes([_UNARY.index(name)]) + message.SerializeToString()
        for name, message in examples.items()
    )


_SEEDS: Final = _seeds()
TARGETS: Final = {
    "any_rpc": Target(any_rpc, _SEEDS),
    "api_key": Target(api_key, tuple(bytes([n]) + _SEEDS[n][1:] for n in (0, 1))),
}
