"""Every RPC there is has a route, an action and a limit class, and what its route says is so.

The RPCs are those of the descriptors, so that a new one is missing here until it is asked
about. What a route declares is compared with what policy and limits are really asked.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from types import ModuleType

import grpc
import pytest
import signward.v1
from google.protobuf import descriptor_pool
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.rpc import status_pb2
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2
from signward.v1 import admin_service_pb2 as admin
from signward.v1 import key_service_pb2 as keys
from signward.v1 import resources_pb2 as resources
from signward.v1 import sign_service_pb2 as sign
from signward_server.chains import all_chains
from signward_server.core.actions import RPC_ACTIONS, Resource
from signward_server.core.keys import Algorithm
from signward_server.core.method_classes import MethodClass
from signward_server.rpc.reflection import REFLECTION_SERVICES, Reflection
from signward_server.rpc.routes import Route

from tests.fakes.spine.api_keys import api_key
from tests.fakes.spine.serving import Served, reason, serve

SIGNING = {action.name: action for chain in all_chains().values() for action in chain.actions}
ACTIONS = {action.name: action for action in RPC_ACTIONS} | SIGNING
ANY_SIGNING = "Sign*"
UNIMPLEMENTED = {
    f"/signward.v1.KeyService/{name}"
    for name in (
        "ImportKey",
        "CreateImportParameters",
        "AdoptKey",
        "ListKeyVersions",
        "CheckKey",
        "GetCustodyStatus",
        "GetKeyPolicyTemplate",
        "RotateKey",
        "ActivateKeyVersion",
        "ScheduleDestroyKeyVersion",
        "RestoreKeyVersion",
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
    Reflection((), lambda call: None)  # makes the newer form of its service known
    services = [s for module in _modules() for s in module.DESCRIPTOR.services_by_name.values()]
    pool = descriptor_pool.Default()
    services.extend(pool.FindServiceByName(name) for name in REFLECTION_SERVICES)
    return {f"/{s.full_name}/{method.name}": method for s in services for method in s.methods}


METHODS = _methods()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serve(tmp_path) as running:
        running.world.key()
        running.world.key("digests", algorithm=Algorithm.ECDSA_SECP256K1, allow_digest=True)
        running.world.api_keys.insert(api_key())
        yield running


@pytest.fixture
def routes(served: Served) -> dict[str, Route]:
    return {route.name: route for route in served.routes}


# What is known of each RPC


def test_the_services_are_those_that_are_known() -> None:
    assert {name.split("/")[1] for name in METHODS} == {
        "signward.v1.AdminService",
        "signward.v1.KeyService",
        "signward.v1.SignService",
        "grpc.health.v1.Health",
        *REFLECTION_SERVICES,
    }


def test_every_rpc_has_one_route_and_every_route_an_rpc(served: Served) -> None:
    assert sorted(route.name for route in served.routes) == sorted(METHODS)


def test_every_route_streams_where_its_rpc_does(routes: dict[str, Route]) -> None:
    for name, method in METHODS.items():
        streams = method.client_streaming or method.server_streaming
        assert (routes[name].streaming is not None) == streams
        assert (routes[name].unary is None) == streams


def test_every_rpc_has_actions_that_policies_know_and_a_limit_class(
    routes: dict[str, Route],
) -> None:
    for name in METHODS:
        assert routes[name].actions
        assert set(routes[name].actions) <= {*ACTIONS, ANY_SIGNING}
        assert isinstance(routes[name].method_class, MethodClass)


def test_every_action_is_one_of_an_rpc_and_every_limit_class_is_used(served: Served) -> None:
    asked = {action for route in served.routes for action in _expanded(route)}
    assert asked == set(ACTIONS)
    assert {route.method_class for route in served.routes} == set(MethodClass)


def test_a_wildcard_stands_for_all_that_chains_sign() -> None:
    assert SIGNING
    assert all(name.startswith("Sign") for name in SIGNING)
    assert not SIGNING.keys() & {action.name for action in RPC_ACTIONS}


def _expanded(route: Route) -> set[str]:
    named = set(route.actions) - {ANY_SIGNING}
    return named | set(SIGNING) if ANY_SIGNING in route.actions else named


# What really happens


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
    ]


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


KEYS, SIGNS, ADMIN, HEALTH = (
    "/signward.v1.KeyService/",
    "/signward.v1.SignService/",
    "/signward.v1.AdminService/",
    "/grpc.health.v1.Health/",
)
# Requests that, one after the other, bring an RPC to ask all that it ever asks.
EXAMPLES: dict[str, Callable[[datetime], list[Message]]] = {
    KEYS + "CreateKey": lambda now: [_new_key(), _new_key()],
    KEYS + "GetKey": lambda now: [keys.GetKeyRequest(key_id="bot-key")],
    KEYS + "ListKeys": lambda now: [keys.ListKeysRequest()],
    KEYS + "UpdateKey": lambda now: [_update()],
    KEYS + "GetPublicKey": lambda now: [keys.GetPublicKeyRequest(key_id="bot-key")],
    KEYS + "DisableKey": lambda now: [keys.DisableKeyRequest(key_id="bot-key")],
    KEYS + "EnableKey": lambda now: [keys.EnableKeyRequest(key_id="bot-key")],
    SIGNS + "Sign": lambda now: list(_signings(now)),
    SIGNS + "SignBatch": lambda now: [sign.SignBatchRequest(requests=_signings(now))],
    SIGNS + "SignStream": _stream,
    SIGNS + "Verify": lambda now: [_question()],
    ADMIN + "CreateApiKey": lambda now: [_new_api_key(now)],
    ADMIN + "ImportApiKey": lambda now: [_known_api_key(now)],
    ADMIN + "ListApiKeys": lambda now: [admin.ListApiKeysRequest()],
    ADMIN + "RevokeApiKey": lambda now: [admin.RevokeApiKeyRequest(api_key_id=api_key().id)],
    ADMIN + "FreezeKey": lambda now: [
        _freeze(resources.FREEZE_ALL),
        _freeze(resources.FREEZE_CANCEL_ONLY),
    ],
    ADMIN + "UnfreezeKey": lambda now: [admin.UnfreezeKeyRequest(key_id="bot-key")],
    ADMIN + "Reload": lambda now: [admin.ReloadRequest()],
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


def test_every_rpc_has_an_example() -> None:
    assert set(EXAMPLES) == set(METHODS)


def _outcomes(served: Served, name: str) -> list[str]:
    """Call an RPC with its example; return OK or the reason of each call or item."""
    requests = EXAMPLES[name](served.world.clock.now())
    if METHODS[name].client_streaming:
        return _answers(served, name, iter(requests))
    return [outcome for request in requests for outcome in _answers(served, name, iter([request]))]


def _answers(served: Served, name: str, requests: Iterator[Message]) -> list[str]:
    answer_type = GetMessageClass(METHODS[name].output_type)
    call = served.channel().stream_stream(
        name,
        request_serializer=lambda message: message.SerializeToString(),
        response_deserializer=answer_type.FromString,
    )(requests, timeout=10)
    found: list[str] = []
    try:
        for answer in call:
            found.extend(_of(answer))
            if name.endswith("/Watch"):
                call.cancel()
                return found
    except grpc.RpcError as error:
        found.append(reason(error))
    return found


def _of(answer: Message) -> list[str]:
    """Return the outcome of each item of an answer."""
    if isinstance(answer, sign.SignBatchResponse):
        return [outcome for result in answer.results for outcome in _of(result)]
    error = getattr(answer, "error", None)
    if isinstance(error, status_pb2.Status) and answer.HasField("error"):
        return [reason(error)]
    return ["OK"]


@pytest.mark.integration
@pytest.mark.parametrize("name", sorted(METHODS))
def test_with_a_policy_that_allows_all_an_rpc_asks_for_just_what_its_route_says(
    served: Served, routes: dict[str, Route], name: str
) -> None:
    outcomes = _outcomes(served, name)
    if name in UNIMPLEMENTED:
        assert outcomes == ["METHOD_UNIMPLEMENTED"]
        assert served.world.policy.judged == []
    else:
        assert set(outcomes) == {"OK"}
        assert {j.action for j in served.world.policy.judged} == _expanded(routes[name])
    assert _counted(served) == [(routes[name].method_class, 1)] * len(outcomes)


@pytest.mark.integration
@pytest.mark.parametrize("name", sorted(METHODS))
def test_with_a_policy_that_denies_all_no_rpc_does_anything(
    served: Served, routes: dict[str, Route], name: str
) -> None:
    world = served.world
    world.policy.rule = lambda judgement: False
    before = _state(served)
    outcomes = _outcomes(served, name)
    if name in UNIMPLEMENTED:
        assert outcomes == ["METHOD_UNIMPLEMENTED"]
    else:
        assert set(outcomes) <= {"POLICY_DENIED", "KEY_NOT_FOUND"}
        assert {j.action for j in world.policy.judged} <= _expanded(routes[name])
        assert len(world.policy.judged) == len(outcomes) > 0  # the first no is the last
    assert _state(served) == before
    assert _counted(served) == [(routes[name].method_class, 1)] * len(outcomes)


@pytest.mark.integration
@pytest.mark.parametrize("name", sorted(METHODS))
def test_each_action_is_asked_for_the_kind_of_resource_that_it_is_done_to(
    served: Served, name: str
) -> None:
    _outcomes(served, name)
    for judgement in served.world.policy.judged:
        assert (judgement.key is None) == (ACTIONS[judgement.action].resource is Resource.SERVER), (
            judgement.action
        )
        assert (judgement.intent is not None) == (judgement.action in SIGNING)
        assert (judgement.version is not None) == (judgement.action in SIGNING)


@pytest.mark.integration
@pytest.mark.parametrize("name", sorted(METHODS))
def test_beyond_its_limit_an_rpc_does_nothing(
    served: Served, routes: dict[str, Route], name: str
) -> None:
    served.world.limits.refused.add(routes[name].method_class)
    before = _state(served)
    assert set(_outcomes(served, name)) == {"RATE_LIMITED"}
    assert _state(served) == before


def _counted(served: Served) -> list[tuple[MethodClass, int]]:
    return [(what, cost) for _, what, _, cost in served.world.limits.admitted]


def _state(served: Served) -> object:
    """Return all that an RPC can change."""
    world = served.world
    return (
        list(world.catalogue.page("", 100)),
        list(world.api_keys.page("", 100)),
        list(world.custody.asked),
        list(world.custody.created),
        list(world.custody.forgotten),
        list(world.reloads.asked),
        dict(world.requests.known),
    )
