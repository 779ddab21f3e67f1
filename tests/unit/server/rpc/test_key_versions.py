"""The RPCs of KeyService that are about versions, without a server."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import UTC, timedelta
from typing import TypeVar

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from signward.v1 import key_service_pb2 as pb
from signward.v1 import resources_pb2 as resources
from signward_server.core.errors import FieldInvalid
from signward_server.core.key_check import Finding, KeyAspect
from signward_server.core.keys import Purpose, VersionState

from tests.fakes.spine.rpc import grpc_call, key_service
from tests.fakes.spine.world import World

_M = TypeVar("_M", bound=Message)
PENDING, PRIMARY, GRACE, RETIRED, SCHEDULED, DESTROYED = VersionState
WEEK = 7 * 86_400


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def ask(world: World) -> Callable[[Message, type[_M]], _M]:
    """Call one service by the names of its requests."""
    routes = {route.name: route for route in key_service(world).routes()}

    def call(request: Message, answer: type[_M]) -> _M:
        name = request.DESCRIPTOR.name.removesuffix("Request")
        method = f"/signward.v1.KeyService/{name}"
        unary = routes[method].unary
        assert unary is not None
        return answer.FromString(unary(request.SerializeToString(), grpc_call(world, method)))

    return call


Ask = Callable[[Message, type[Message]], Message]


def test_a_rotation_shows_the_key_and_both_versions(world: World, ask: Ask) -> None:
    key = world.key()
    answer = ask(pb.RotateKeyRequest(key_id="bot-key"), pb.RotateKeyResponse)
    assert isinstance(answer, pb.RotateKeyResponse)
    assert [version.version for version in answer.key.versions] == [2, 1]
    assert answer.version == answer.key.versions[0]
    assert answer.previous_version == answer.key.versions[1]
    assert answer.previous_version.public_key.raw == key.versions[0].public_key.raw
    end = answer.previous_version.grace_end_time.ToDatetime(UTC)
    assert end == world.clock.now() + timedelta(days=30)


def test_a_pending_version_is_activated_with_a_grace(world: World, ask: Ask) -> None:
    world.key(purpose=Purpose.HEDERA)
    rotation = ask(pb.RotateKeyRequest(key_id="bot-key"), pb.RotateKeyResponse)
    assert isinstance(rotation, pb.RotateKeyResponse)
    assert rotation.version.state == resources.KEY_VERSION_STATE_PENDING
    assert not rotation.previous_version.HasField("grace_end_time")
    request = pb.ActivateKeyVersionRequest(
        key_id="bot-key", version=2, grace_period=Duration(seconds=60)
    )
    answer = ask(request, pb.ActivateKeyVersionResponse)
    assert isinstance(answer, pb.ActivateKeyVersionResponse)
    assert answer.key.primary_version == 2
    end = answer.key.versions[1].grace_end_time.ToDatetime(UTC)
    assert end == world.clock.now() + timedelta(seconds=60)


@pytest.mark.parametrize(("wait", "seconds"), [(None, 30 * 86_400), (WEEK, WEEK)])
def test_destruction_is_planned_and_taken_back(
    world: World, ask: Ask, wait: int | None, seconds: int
) -> None:
    world.key(versions=(RETIRED, PRIMARY))
    request = pb.ScheduleDestroyKeyVersionRequest(key_id="bot-key", version=1)
    if wait is not None:
        request.wait.seconds = wait
    planned = ask(request, pb.ScheduleDestroyKeyVersionResponse)
    assert isinstance(planned, pb.ScheduleDestroyKeyVersionResponse)
    assert planned.version.state == resources.KEY_VERSION_STATE_DESTROY_SCHEDULED
    due = planned.version.destroy_time.ToDatetime(UTC)
    assert due == world.clock.now() + timedelta(seconds=seconds)
    back = pb.RestoreKeyVersionRequest(key_id="bot-key", version=1)
    kept = ask(back, pb.RestoreKeyVersionResponse)
    assert isinstance(kept, pb.RestoreKeyVersionResponse)
    assert kept.version.state == resources.KEY_VERSION_STATE_RETIRED
    assert not kept.version.HasField("destroy_time")


def test_a_check_names_what_is_wrong(world: World, ask: Ask) -> None:
    world.key(versions=(RETIRED, PRIMARY))
    world.custody.findings = {1: [Finding(KeyAspect.PUBLIC_KEY, "aa", "bb", "Put it back.")]}
    answer = ask(pb.CheckKeyRequest(key_id="bot-key"), pb.CheckKeyResponse)
    assert isinstance(answer, pb.CheckKeyResponse)
    assert list(answer.problems) == [
        pb.KeyProblem(
            version=1,
            aspect=pb.KEY_ASPECT_PUBLIC_KEY,
            expected="aa",
            found="bb",
            message="Put it back.",
        )
    ]
    assert answer.check_time.ToDatetime(UTC) == world.clock.now()


def _pages(ask: Ask, size: int) -> list[list[int]]:
    request, pages = pb.ListKeyVersionsRequest(key_id="bot-key", page_size=size), []
    while True:
        page = ask(request, pb.ListKeyVersionsResponse)
        assert isinstance(page, pb.ListKeyVersionsResponse)
        pages.append([version.version for version in page.versions])
        if not page.next_page_token:
            return pages
        request.page_token = page.next_page_token


def test_versions_are_listed_page_by_page_newest_first(world: World, ask: Ask) -> None:
    world.key(versions=(DESTROYED, SCHEDULED, RETIRED, GRACE, PRIMARY))
    assert _pages(ask, 2) == [[5, 4], [3, 2], [1]]
    assert _pages(ask, 5) == _pages(ask, 0) == [[5, 4, 3, 2, 1]]


def test_a_rotation_between_two_pages_moves_nothing(world: World, ask: Ask) -> None:
    world.key(versions=(RETIRED, GRACE, PRIMARY))
    request = pb.ListKeyVersionsRequest(key_id="bot-key", page_size=2)
    page = ask(request, pb.ListKeyVersionsResponse)
    assert isinstance(page, pb.ListKeyVersionsResponse)
    ask(pb.RotateKeyRequest(key_id="bot-key"), pb.RotateKeyResponse)
    request.page_token = page.next_page_token
    rest = ask(request, pb.ListKeyVersionsResponse)
    assert isinstance(rest, pb.ListKeyVersionsResponse)
    assert [version.version for version in rest.versions] == [1]


def test_a_long_history_is_listed_in_pages_of_bounded_size(world: World, ask: Ask) -> None:
    key = world.key()
    (first,) = key.versions
    versions = [dataclasses.replace(first, version=number) for number in range(1100, 0, -1)]
    world.catalogue.put(dataclasses.replace(key, primary_version=1100, versions=tuple(versions)))
    pages = _pages(ask, 2**32 - 1)
    assert [number for page in pages for number in page] == list(range(1100, 0, -1))
    assert max(len(page) for page in pages) <= 500


@pytest.mark.parametrize(
    "other",
    [
        pb.ListKeyVersionsRequest(key_id="other", page_size=1),
        pb.ListKeyVersionsRequest(key_id="bot-key", page_size=1, page_token="AAAA"),  # noqa: S106
    ],
)
def test_s39_a_page_token_is_for_one_key(
    world: World, ask: Ask, other: pb.ListKeyVersionsRequest
) -> None:
    for key_id in ("bot-key", "other"):
        world.key(key_id, versions=(RETIRED, PRIMARY))
    request = pb.ListKeyVersionsRequest(key_id="bot-key", page_size=1)
    page = ask(request, pb.ListKeyVersionsResponse)
    assert isinstance(page, pb.ListKeyVersionsResponse)
    asked = pb.ListKeyVersionsRequest(page_token=page.next_page_token)
    asked.MergeFrom(other)
    with pytest.raises(FieldInvalid):
        ask(asked, pb.ListKeyVersionsResponse)


@pytest.mark.parametrize(
    ("request_", "fields"),
    [
        (pb.ListKeyVersionsRequest(), ["key_id"]),
        (pb.CheckKeyRequest(), ["key_id"]),
        (pb.RotateKeyRequest(request_id=" ", grace_period=Duration(seconds=-1)),
         ["key_id", "request_id", "grace_period"]),
        (pb.RotateKeyRequest(key_id="k", grace_period=Duration(seconds=366 * 86_400)),
         ["grace_period"]),
        (pb.ActivateKeyVersionRequest(grace_period=Duration(seconds=-1)),
         ["key_id", "version", "grace_period"]),
        (pb.ScheduleDestroyKeyVersionRequest(wait=Duration()), ["key_id", "version", "wait"]),
        (pb.ScheduleDestroyKeyVersionRequest(key_id="k", version=1, wait=Duration(seconds=WEEK - 1)),  # noqa: E501
         ["wait"]),
        (pb.ScheduleDestroyKeyVersionRequest(
            key_id="k", version=1, wait=Duration(seconds=30 * 86_400, nanos=1_000)), ["wait"]),
        (pb.RestoreKeyVersionRequest(), ["key_id", "version"]),
    ],
)  # fmt: skip
def test_every_field_at_fault_is_named(ask: Ask, request_: Message, fields: list[str]) -> None:
    with pytest.raises(FieldInvalid) as raised:
        ask(request_, Message)
    assert [violation.field for violation in raised.value.violations] == fields
