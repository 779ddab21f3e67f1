"""AdminService without a server."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TypeVar

import pytest
from google.protobuf.message import Message
from hypothesis import given, settings
from hypothesis import strategies as st
from signward.v1 import admin_service_pb2 as pb
from signward.v1 import resources_pb2
from signward_server.core.actions import RPC_ACTIONS
from signward_server.core.errors import (
    ApiKeyExists,
    ApiKeyNotFound,
    ApiKeyRevoked,
    FieldInvalid,
    KeyNotFound,
    PayloadMalformed,
    PolicyDenied,
    SignwardError,
)
from signward_server.core.keys import Freeze
from signward_server.core.method_classes import MethodClass
from signward_server.core.ports import ReloadPart
from signward_server.rpc.convert.times import timestamp
from signward_server.rpc.routes import Route

from tests.fakes.spine.api_keys import api_key
from tests.fakes.spine.call import OTHER
from tests.fakes.spine.rpc import admin_service, grpc_call
from tests.fakes.spine.world import World

_M = TypeVar("_M", bound=Message)

METHODS = sorted(
    method.name
    for method in pb.DESCRIPTOR.services_by_name["AdminService"].methods
    if method.input_type.file.name != "signward/v1/audit.proto"  # see test_audit_service
)
IMPORTED = "the-secret-of-the-replaced-service"


class _Operator:
    """Calls the service's routes by name."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.routes: dict[str, Route] = {
            route.name.rpartition("/")[2]: route for route in admin_service(world).routes()
        }

    def raw(self, name: str, data: bytes) -> bytes:
        unary = self.routes[name].unary
        assert unary is not None
        method = f"/signward.v1.AdminService/{name}"
        return unary(data, grpc_call(self.world, method, identity=OTHER))

    def __call__(self, request: Message, answer: type[_M]) -> _M:
        name = request.DESCRIPTOR.name.removesuffix("Request")
        return answer.FromString(self.raw(name, request.SerializeToString()))


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def operator(world: World) -> _Operator:
    return _Operator(world)


def _creation(world: World, **fields: object) -> pb.CreateApiKeyRequest:
    expire_time = timestamp(world.clock.now() + timedelta(days=1))
    return pb.CreateApiKeyRequest(identity="cn:bot", expire_time=expire_time, **fields)  # type: ignore[arg-type]


def _import(world: World) -> pb.ImportApiKeyRequest:
    expire_time = timestamp(world.clock.now() + timedelta(days=1))
    return pb.ImportApiKeyRequest(identity="cn:bot", expire_time=expire_time, secret=IMPORTED)


def test_s15_a_request_is_approved_by_whoever_calls(world: World, operator: _Operator) -> None:
    end = timestamp(world.clock.now() + timedelta(minutes=10))
    request = pb.ApproveRequestRequest(digest=bytes(range(32)), expire_time=end, reason="why")
    assert operator(request, pb.ApproveRequestResponse).expire_time == end
    (approval,) = world.approvals.open.values()
    assert (approval.digest, approval.approver) == (bytes(range(32)), str(OTHER))


def test_what_cannot_be_approved_says_every_field(operator: _Operator) -> None:
    request = pb.ApproveRequestRequest(digest=b"short", reason="x" * 257)
    with pytest.raises(FieldInvalid) as invalid:
        operator(request, pb.ApproveRequestResponse)
    fields = [violation.field for violation in invalid.value.violations]
    assert fields == ["digest", "expire_time", "reason"]
    assert operator.world.approvals.open == {}


def test_s40_every_rpc_is_offered_with_actions_of_the_policy_and_the_class_of_administration(
    operator: _Operator,
) -> None:
    assert sorted(operator.routes) == METHODS
    actions = {kind.name: kind for kind in RPC_ACTIONS}
    for name, route in operator.routes.items():
        assert route.name == f"/signward.v1.AdminService/{name}"
        lists = name.startswith("List")
        assert route.method_class is (MethodClass.LIST if lists else MethodClass.ADMINISTRATION)
        assert name in route.actions
        assert set(route.actions) <= set(actions)
        assert actions[name].restricted
        assert route.swift is None


@pytest.mark.parametrize("name", METHODS)
def test_every_rpc_refuses_garbage_and_unknown_fields(operator: _Operator, name: str) -> None:
    with pytest.raises(PayloadMalformed):
        operator.raw(name, b"garbage")
    with pytest.raises(FieldInvalid):
        operator.raw(name, b"\xfa\x3e\x01x")
    assert operator.world.audit.entries == []


@pytest.mark.parametrize(
    "name", [name for name in METHODS if name not in ("ListApiKeys", "Reload")]
)
def test_every_rpc_that_needs_something_refuses_nothing(operator: _Operator, name: str) -> None:
    with pytest.raises(FieldInvalid):
        operator.raw(name, b"")


@given(st.sampled_from(METHODS), st.binary(max_size=200))
@settings(max_examples=200)
def test_no_bytes_crash_anything(name: str, data: bytes) -> None:
    operator = _Operator(World())
    try:
        operator.raw(name, data)
    except SignwardError:
        return
    assert name in ("ListApiKeys", "Reload")


def test_a_key_is_made_shown_and_revoked(world: World, operator: _Operator) -> None:
    created = operator(_creation(world, address_ranges=["10.0.0.0/8"]), pb.CreateApiKeyResponse)
    shown = created.api_key
    assert shown == pb.ApiKey(
        id=shown.id,
        identity="cn:bot",
        create_time=timestamp(world.clock.now()),
        expire_time=timestamp(world.clock.now() + timedelta(days=1)),
        address_ranges=["10.0.0.0/8"],
        created_by="cn:other",
    )
    known = world.api_key_authentication.authenticate(created.secret, "10.0.0.1")
    assert known.id == shown.id

    listed = operator(pb.ListApiKeysRequest(), pb.ListApiKeysResponse)
    assert list(listed.api_keys) == [shown]
    assert listed.next_page_token == ""

    world.clock.advance(5)
    revoked = operator(pb.RevokeApiKeyRequest(api_key_id=shown.id), pb.RevokeApiKeyResponse)
    assert revoked.api_key.revoke_time == timestamp(world.clock.now())
    with pytest.raises(ApiKeyRevoked):
        world.api_key_authentication.authenticate(created.secret, "10.0.0.1")
    listed = operator(pb.ListApiKeysRequest(identity="cn:bot"), pb.ListApiKeysResponse)
    assert list(listed.api_keys) == [revoked.api_key]


def test_a_key_is_imported_once(world: World, operator: _Operator) -> None:
    answer = operator(_import(world), pb.ImportApiKeyResponse)
    assert answer.api_key.imported
    assert world.api_key_authentication.authenticate(IMPORTED, "").id == answer.api_key.id
    with pytest.raises(ApiKeyExists):
        operator(_import(world), pb.ImportApiKeyResponse)


def test_an_unknown_key_is_not_found(operator: _Operator) -> None:
    with pytest.raises(ApiKeyNotFound):
        operator(pb.RevokeApiKeyRequest(api_key_id="ak_" + "a" * 16), pb.RevokeApiKeyResponse)


def test_a_secret_is_in_the_answer_to_its_creation_and_nowhere_else(
    world: World, operator: _Operator, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[object] = []
    with caplog.at_level(logging.DEBUG):
        created = operator(_creation(world), pb.CreateApiKeyResponse)
        seen.append(operator(_import(world), pb.ImportApiKeyResponse))
        for name, data in (
            ("ImportApiKey", _import(world).SerializeToString()),  # known by now
            ("ImportApiKey", pb.ImportApiKeyRequest(secret=IMPORTED).SerializeToString()),
            ("ImportApiKey", _import(world).SerializeToString() + b"\xfa\x3e\x01x"),
            ("ImportApiKey", _import(world).SerializeToString() + b"\xff"),
        ):
            with pytest.raises(SignwardError) as caught:
                operator.raw(name, data)
            seen += [repr(caught.value), caught.value.metadata, caught.value.violations]
        for request in (
            pb.RevokeApiKeyRequest(api_key_id=created.api_key.id),
            pb.ListApiKeysRequest(),
        ):
            seen.append(
                operator.raw(
                    request.DESCRIPTOR.name.removesuffix("Request"), request.SerializeToString()
                )
            )
    seen += [created.api_key, world.audit.entries, world.api_keys.page("", 10), caplog.text]
    everything = repr(seen)
    digests = [key.digest for key in world.api_keys.page("", 10)]
    for secret in (created.secret, created.secret[9:], IMPORTED, *map(bytes.hex, digests)):
        assert secret not in everything
    assert not any(repr(digest)[2:-1] in everything for digest in digests)


def test_pages_of_api_keys(world: World, operator: _Operator) -> None:
    keys = [api_key(f"{number:016}") for number in range(601)]
    for key in keys:
        world.api_keys.insert(key)

    def page(size: int, token: str) -> pb.ListApiKeysResponse:
        request = pb.ListApiKeysRequest(page_size=size, page_token=token)
        return operator(request, pb.ListApiKeysResponse)

    first = page(0, "")
    assert [key.id for key in first.api_keys] == [key.id for key in keys[:100]]
    second = page(1000, first.next_page_token)
    assert [key.id for key in second.api_keys] == [key.id for key in keys[100:600]]
    last = page(1, second.next_page_token)
    assert [key.id for key in last.api_keys] == [keys[600].id]
    assert last.next_page_token == ""
    with pytest.raises(FieldInvalid):
        page(1, "nonsense")
    narrowed = pb.ListApiKeysRequest(page_token=first.next_page_token, identity="cn:bot")
    with pytest.raises(FieldInvalid):
        operator(narrowed, pb.ListApiKeysResponse)


def test_a_large_page_of_api_keys_ends_early_and_goes_on_where_it_ended(
    world: World, operator: _Operator
) -> None:
    ranges = tuple(f"2001:db8:{number:x}:ffff:ffff:ffff:ffff:0/112" for number in range(32))
    keys = [api_key(f"{number:016}", address_ranges=ranges) for number in range(400)]
    for key in keys:
        world.api_keys.insert(key)
    found: list[str] = []
    token, pages = "", 0
    while pages == 0 or token:
        request = pb.ListApiKeysRequest(page_size=500, page_token=token)
        data = operator.raw("ListApiKeys", request.SerializeToString())
        assert len(data) < 300 * 1024
        answer = pb.ListApiKeysResponse.FromString(data)
        found += [key.id for key in answer.api_keys]
        token, pages = answer.next_page_token, pages + 1
    assert found == [key.id for key in keys]
    assert pages > 1


def test_keys_are_frozen_and_unfrozen(world: World, operator: _Operator) -> None:
    world.key("a-1", labels={"desk": "a"})
    world.key("a-2", labels={"desk": "a"})
    world.key("b-1", labels={"desk": "b"})
    selector = pb.LabelSelector(labels={"desk": "a"})
    freeze = pb.FreezeKeyRequest(selector=selector, mode=resources_pb2.FREEZE_ALL, reason="why")
    assert operator(freeze, pb.FreezeKeyResponse).key_ids == ["a-1", "a-2"]
    assert _freezes(world) == [Freeze.ALL, Freeze.ALL, Freeze.NONE]
    one = pb.FreezeKeyRequest(key_id="b-1", mode=resources_pb2.FREEZE_CANCEL_ONLY)
    assert operator(one, pb.FreezeKeyResponse).key_ids == ["b-1"]
    assert _freezes(world)[2] is Freeze.CANCEL_ONLY
    unfreeze = pb.UnfreezeKeyRequest(selector=selector, reason="done")
    assert operator(unfreeze, pb.UnfreezeKeyResponse).key_ids == ["a-1", "a-2"]
    assert _freezes(world) == [Freeze.NONE, Freeze.NONE, Freeze.CANCEL_ONLY]
    assert [entry.note for entry in world.audit.entries] == ["why"] * 3 + [""] + ["done"] * 3


def _freezes(world: World) -> list[Freeze]:
    return [key.freeze for key in world.catalogue.page("", 10)]


@pytest.mark.parametrize(
    "request_",
    [
        pb.FreezeKeyRequest(key_id="bot-key"),
        pb.FreezeKeyRequest(key_id="bot-key", mode=resources_pb2.FREEZE_NONE),
        pb.FreezeKeyRequest(mode=resources_pb2.FREEZE_ALL),
        pb.FreezeKeyRequest(selector=pb.LabelSelector(), mode=resources_pb2.FREEZE_ALL),
        pb.FreezeKeyRequest(key_id="bot-key", mode=resources_pb2.FREEZE_ALL, reason="x" * 257),
        pb.FreezeKeyRequest(key_id="bot-key", mode=resources_pb2.FREEZE_ALL, reason="\x1b[2J"),
    ],
)
def test_a_freeze_that_is_not_plain_changes_nothing(
    world: World, operator: _Operator, request_: pb.FreezeKeyRequest
) -> None:
    world.key()
    with pytest.raises(FieldInvalid):
        operator(request_, pb.FreezeKeyResponse)
    assert _freezes(world) == [Freeze.NONE]
    assert world.policy.judged == []


def test_s39_a_hidden_key_is_not_found(world: World, operator: _Operator) -> None:
    world.key()
    world.policy.denied.add("ViewKey")
    for key_id in ("bot-key", "missing"):
        with pytest.raises(KeyNotFound):
            operator(pb.UnfreezeKeyRequest(key_id=key_id), pb.UnfreezeKeyResponse)


def test_a_reload_says_what_is_in_force(world: World, operator: _Operator) -> None:
    world.reloads.problems[ReloadPart.POLICY] = "a.cedar, line 3: expected `;`"
    parts = [pb.RELOAD_PART_LIMITS, pb.RELOAD_PART_POLICY]
    answer = operator(pb.ReloadRequest(parts=parts), pb.ReloadResponse)
    assert list(answer.results) == [
        pb.ReloadResult(
            part=pb.RELOAD_PART_POLICY,
            version=b"policy".hex(),
            problem="a.cedar, line 3: expected `;`",
        ),
        pb.ReloadResult(part=pb.RELOAD_PART_LIMITS, version=b"limits".hex(), changed=True),
    ]
    everything = operator(pb.ReloadRequest(), pb.ReloadResponse)
    assert [result.part for result in everything.results] == [1, 2, 3, 4, 5, 6]
    with pytest.raises(FieldInvalid):
        operator(pb.ReloadRequest(parts=[0]), pb.ReloadResponse)  # type: ignore[list-item]


def test_s40_what_the_policy_denies_is_denied(world: World, operator: _Operator) -> None:
    world.policy.rule = lambda judgement: False
    for request in (
        _creation(world),
        _import(world),
        pb.ListApiKeysRequest(),
        pb.RevokeApiKeyRequest(api_key_id="ak_" + "a" * 16),
        pb.ReloadRequest(),
    ):
        name = request.DESCRIPTOR.name.removesuffix("Request")
        with pytest.raises(PolicyDenied):
            operator.raw(name, request.SerializeToString())
    assert world.api_keys.page("", 10) == []
    assert world.reloads.asked == []
