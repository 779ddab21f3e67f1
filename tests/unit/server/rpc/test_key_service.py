"""KeyService without a server."""

from __future__ import annotations

import base64
import dataclasses
from typing import TypeVar

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message
from signward.v1 import key_service_pb2 as pb
from signward.v1 import resources_pb2
from signward_server.core.errors import (
    FieldInvalid,
    KeyNotFound,
    MethodUnimplemented,
    PayloadMalformed,
    SignwardError,
)
from signward_server.core.keys import KeyState, VersionState
from signward_server.rpc.routes import Route

from tests.fakes.spine.rpc import grpc_call, key_service
from tests.fakes.spine.world import World

_M = TypeVar("_M", bound=Message)

METHODS = {m.name: m for m in pb.DESCRIPTOR.services_by_name["KeyService"].methods}
OFFERED = {
    "CreateKey",
    "GetKey",
    "ListKeys",
    "UpdateKey",
    "GetPublicKey",
    "DisableKey",
    "EnableKey",
    "ListKeyVersions",
    "CheckKey",
    "RotateKey",
    "ActivateKeyVersion",
    "ScheduleDestroyKeyVersion",
    "RestoreKeyVersion",
}

IMPORTS = {"CreateImportParameters", "ImportKey"}  # see test_key_imports.py


class _Client:
    """Calls the service's routes by name; one service, as the daemon has one."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.routes: dict[str, Route] = {route.name: route for route in key_service(world).routes()}

    def __call__(self, request: Message, answer: type[_M]) -> _M:
        name = request.DESCRIPTOR.name.removesuffix("Request")
        method = f"/signward.v1.KeyService/{name}"
        unary = self.routes[method].unary
        assert unary is not None
        data = unary(request.SerializeToString(), grpc_call(self.world, method))
        return answer.FromString(data)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def client(world: World) -> _Client:
    return _Client(world)


def _creation(**fields: object) -> pb.CreateKeyRequest:
    return pb.CreateKeyRequest(
        key_id="new",
        algorithm=resources_pb2.ALGORITHM_ED25519,
        custody=resources_pb2.CUSTODY_ENVELOPE,
        purpose=resources_pb2.PURPOSE_RAW,
        **fields,  # type: ignore[arg-type]
    )


def test_every_rpc_is_offered_or_unimplemented(client: _Client) -> None:
    assert {name.rpartition("/")[2] for name in client.routes} == set(METHODS) - IMPORTS
    for name in set(METHODS) - OFFERED - IMPORTS:
        unary = client.routes[f"/signward.v1.KeyService/{name}"].unary
        assert unary is not None
        with pytest.raises(MethodUnimplemented):
            unary(b"", grpc_call(client.world))


@pytest.mark.parametrize("name", sorted(OFFERED))
def test_every_rpc_refuses_garbage_and_unknown_fields(client: _Client, name: str) -> None:
    unary = client.routes[f"/signward.v1.KeyService/{name}"].unary
    assert unary is not None
    for data, error in ((b"garbage", PayloadMalformed), (b"\xf8\x7f\x01", FieldInvalid)):
        with pytest.raises(error):
            unary(data, grpc_call(client.world))


def test_a_created_key_is_shown_in_full(client: _Client) -> None:
    key = client(_creation(), pb.CreateKeyResponse).key
    assert (key.id, key.owner, key.etag) == ("new", "cn:bot", "r1")
    assert [version.version for version in key.versions] == [1]
    assert client(pb.GetKeyRequest(key_id="new"), pb.GetKeyResponse).key == key


def test_validate_only(client: _Client) -> None:
    key = client(_creation(validate_only=True), pb.CreateKeyResponse).key
    assert (key.id, key.etag, len(key.versions)) == ("new", "", 0)
    with pytest.raises(KeyNotFound):
        client(pb.GetKeyRequest(key_id="new"), pb.GetKeyResponse)


@pytest.mark.parametrize(
    ("view", "in_get", "in_list"),
    [(pb.KEY_VIEW_UNSPECIFIED, 1, 0), (pb.KEY_VIEW_BASIC, 0, 0), (pb.KEY_VIEW_FULL, 1, 1)],
)
def test_views(client: _Client, view: pb.KeyView, in_get: int, in_list: int) -> None:
    client.world.key()
    key = client(pb.GetKeyRequest(key_id="bot-key", view=view), pb.GetKeyResponse).key
    assert len(key.versions) == in_get
    (key,) = client(pb.ListKeysRequest(view=view), pb.ListKeysResponse).keys
    assert len(key.versions) == in_list


@pytest.mark.parametrize("request_type", [pb.GetKeyRequest, pb.ListKeysRequest])
def test_an_unknown_view_is_named(client: _Client, request_type: type[Message]) -> None:
    with pytest.raises(FieldInvalid) as raised:
        client(request_type(view=9), pb.GetKeyResponse)
    assert "view" in [violation.field for violation in raised.value.violations]


def test_pages(client: _Client) -> None:
    for number in range(5):
        client.world.key(f"key-{number}")
    seen, token = [], ""
    for _ in range(3):
        request = pb.ListKeysRequest(page_size=2, page_token=token)
        page = client(request, pb.ListKeysResponse)
        seen.append([key.id for key in page.keys])
        token = page.next_page_token
    assert seen == [["key-0", "key-1"], ["key-2", "key-3"], ["key-4"]]
    assert token == ""


@pytest.mark.parametrize(("size", "shown"), [(0, 100), (500, 500), (501, 500), (2**32 - 1, 500)])
def test_page_sizes(client: _Client, size: int, shown: int) -> None:
    template = client.world.key("key-0000")
    for number in range(1, 510):
        client.world.catalogue.put(dataclasses.replace(template, id=f"key-{number:04}"))
    page = client(pb.ListKeysRequest(page_size=size), pb.ListKeysResponse)
    assert len(page.keys) == shown
    assert page.next_page_token


def test_a_malformed_page_token_is_named(client: _Client) -> None:
    with pytest.raises(FieldInvalid) as raised:
        client(pb.ListKeysRequest(page_token="?"), pb.ListKeysResponse)  # noqa: S106
    assert raised.value.violations[0].field == "page_token"


def test_s39_a_page_token_cannot_be_made_up(client: _Client) -> None:
    for number in range(3):
        client.world.key(f"key-{number}")
    texts = (b"\x01key-1", b"\x011/key-0", b"0/key-1", bytes(16) + b"0/key-1")
    for text in texts:
        token = base64.urlsafe_b64encode(text).decode().rstrip("=")
        with pytest.raises(FieldInvalid) as raised:
            client(pb.ListKeysRequest(page_token=token), pb.ListKeysResponse)
        assert raised.value.violations[0].field == "page_token"


def test_s39_a_page_token_is_for_the_filter_that_it_was_given_for(client: _Client) -> None:
    for number in range(3):
        client.world.key(f"key-{number}", labels={"app": "x"})
    token = client(pb.ListKeysRequest(page_size=1), pb.ListKeysResponse).next_page_token
    filters: list[dict[str, object]] = [
        {"labels": {"app": "x"}},
        {"owner": "cn:bot"},
        {"user_id": "u"},
        {"purpose": resources_pb2.PURPOSE_RAW},
        {"custody": resources_pb2.CUSTODY_ENVELOPE},
    ]
    for chosen in filters:
        with pytest.raises(FieldInvalid):
            client(pb.ListKeysRequest(page_token=token, **chosen), pb.ListKeysResponse)  # type: ignore[arg-type]
    request = pb.ListKeysRequest(page_token=token, page_size=5, view=pb.KEY_VIEW_FULL)
    assert len(client(request, pb.ListKeysResponse).keys) == 2


def test_filters(client: _Client) -> None:
    client.world.key("a", labels={"app": "x"})
    client.world.key("b")
    page = client(pb.ListKeysRequest(labels={"app": "x"}), pb.ListKeysResponse)
    assert [key.id for key in page.keys] == ["a"]


def test_update(client: _Client) -> None:
    etag = client.world.key().etag
    request = pb.UpdateKeyRequest(
        key_id="bot-key", update_mask=FieldMask(paths=["labels"]), etag=etag, labels={"a": "b"}
    )
    key = client(request, pb.UpdateKeyResponse).key
    assert (dict(key.labels), len(key.versions)) == ({"a": "b"}, 1)
    assert key.etag != etag


def test_public_keys_come_from_memory_and_are_never_stale(client: _Client) -> None:
    key = client.world.key(versions=(VersionState.GRACE, VersionState.PRIMARY))
    for number in (0, 2, 0, 1):
        answer = client(
            pb.GetPublicKeyRequest(key_id="bot-key", version=number), pb.GetPublicKeyResponse
        )
        assert answer.version == (number or 2)
        public = key.version(number).public_key  # type: ignore[union-attr]
        assert answer.public_key.raw == public.raw
    client.world.clock.advance(31 * 86_400)  # nothing is stored, but the grace has ended
    request = pb.GetPublicKeyRequest(key_id="bot-key", version=1)
    retired = resources_pb2.KEY_VERSION_STATE_RETIRED
    assert client(request, pb.GetPublicKeyResponse).state == retired
    client.world.key()  # another key pair under the same id
    request = pb.GetPublicKeyRequest(key_id="bot-key")
    answer = client(request, pb.GetPublicKeyResponse)
    assert answer.version == 1
    client.world.policy.denied.add("ViewKey")
    with pytest.raises(KeyNotFound):
        client(request, pb.GetPublicKeyResponse)


def test_disable_and_enable(client: _Client) -> None:
    client.world.key()
    key = client(
        pb.DisableKeyRequest(key_id="bot-key", reason="leaked?"), pb.DisableKeyResponse
    ).key
    assert key.state == resources_pb2.KEY_STATE_DISABLED
    assert client.world.audit.entries[-1].note == "leaked?"
    key = client(pb.EnableKeyRequest(key_id="bot-key"), pb.EnableKeyResponse).key
    assert key.state == resources_pb2.KEY_STATE_ENABLED
    assert len(key.versions) == 1


@pytest.mark.parametrize(
    ("request_type", "answer"),
    [(pb.DisableKeyRequest, pb.DisableKeyResponse), (pb.EnableKeyRequest, pb.EnableKeyResponse)],
)
def test_what_would_be_recorded_is_checked_first(
    client: _Client, request_type: type[Message], answer: type[Message]
) -> None:
    client.world.key(state=KeyState.DISABLED)
    with pytest.raises(FieldInvalid) as raised:
        client(request_type(key_id="K" * 10_000, reason="\0"), answer)
    assert [violation.field for violation in raised.value.violations] == ["key_id", "reason"]
    assert client.world.audit.entries == []


def test_every_offered_rpc_needs_a_key_that_may_be_seen(client: _Client) -> None:
    client.world.key()
    client.world.policy.denied.add("ViewKey")
    mask = FieldMask(paths=["labels"])
    questions: list[tuple[Message, type[Message]]] = [
        (pb.GetKeyRequest(key_id="bot-key"), pb.GetKeyResponse),
        (pb.GetPublicKeyRequest(key_id="bot-key"), pb.GetPublicKeyResponse),
        (pb.UpdateKeyRequest(key_id="bot-key", update_mask=mask), pb.UpdateKeyResponse),
        (pb.DisableKeyRequest(key_id="bot-key"), pb.DisableKeyResponse),
        (pb.EnableKeyRequest(key_id="bot-key"), pb.EnableKeyResponse),
        (pb.ListKeyVersionsRequest(key_id="bot-key"), pb.ListKeyVersionsResponse),
        (pb.CheckKeyRequest(key_id="bot-key"), pb.CheckKeyResponse),
        (pb.RotateKeyRequest(key_id="bot-key"), pb.RotateKeyResponse),
        (
            pb.ActivateKeyVersionRequest(key_id="bot-key", version=1),
            pb.ActivateKeyVersionResponse,
        ),
        (
            pb.ScheduleDestroyKeyVersionRequest(key_id="bot-key", version=1),
            pb.ScheduleDestroyKeyVersionResponse,
        ),
        (pb.RestoreKeyVersionRequest(key_id="bot-key", version=1), pb.RestoreKeyVersionResponse),
    ]
    for question, answer in questions:
        with pytest.raises(SignwardError) as raised:
            client(question, answer)
        assert type(raised.value) is KeyNotFound
    assert not client(pb.ListKeysRequest(), pb.ListKeysResponse).keys


@pytest.mark.parametrize("request_type", [pb.GetKeyRequest, pb.GetPublicKeyRequest])
def test_a_key_must_be_named(client: _Client, request_type: type[Message]) -> None:
    with pytest.raises(FieldInvalid) as raised:
        client(request_type(), pb.GetKeyResponse)
    assert [violation.field for violation in raised.value.violations] == ["key_id"]


def test_every_bad_part_of_a_list_is_named(client: _Client) -> None:
    with pytest.raises(FieldInvalid) as raised:
        client(pb.ListKeysRequest(view=9, purpose=99), pb.ListKeysResponse)
    assert [violation.field for violation in raised.value.violations] == ["view", "purpose"]


def test_s42_a_page_ends_when_it_is_large_and_goes_on_where_it_ended(client: _Client) -> None:
    labels = {f"{number:03}{'n' * 120}": "t" * 256 for number in range(40)}
    names = [f"k{number:03}" for number in range(60)]
    for name in names:
        client.world.key(name, labels=labels)
    listed, token, pages = [], "", 0
    while token or not pages:
        page = client(pb.ListKeysRequest(page_size=500, page_token=token), pb.ListKeysResponse)
        assert page.ByteSize() < 300 * 1024
        listed += [key.id for key in page.keys]
        token, pages = page.next_page_token, pages + 1
    assert listed == names
    assert pages > 2
