"""The RPCs of KeyService that are about versions: messages to flows and back."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from signward.v1 import key_service_pb2 as pb

from signward_server.core.key_check import Finding
from signward_server.core.method_classes import MethodClass
from signward_server.flows.key_checking import KeyChecking
from signward_server.flows.key_reading import KeyReading, Place
from signward_server.flows.key_rotation import KeyRotation
from signward_server.flows.key_versions import KeyVersions
from signward_server.rpc.call import GrpcCall
from signward_server.rpc.convert.fields import Fields
from signward_server.rpc.convert.key_messages import key_message, version_message
from signward_server.rpc.convert.times import timestamp
from signward_server.rpc.convert.version_requests import (
    activate_key_version,
    restore_key_version,
    rotate_key,
    schedule_destroy_key_version,
)
from signward_server.rpc.key_routes import answer_bytes, key_route
from signward_server.rpc.page_token import PageTokens
from signward_server.rpc.pages import fitting, page_size
from signward_server.rpc.parsing import parse
from signward_server.rpc.routes import Route

__all__ = ["VersionFlows", "VersionRpcs"]


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionFlows:
    """The use cases behind them."""

    rotation: KeyRotation
    versions: KeyVersions
    checking: KeyChecking
    reading: KeyReading


class VersionRpcs:
    """Answers them."""

    def __init__(self, flows: VersionFlows, tokens: PageTokens) -> None:
        self._flows = flows
        self._tokens = tokens

    def routes(self) -> list[Route]:
        """Return the RPCs."""
        change = MethodClass.KEY_CHANGE
        return [
            key_route("ListKeyVersions", MethodClass.LIST, self._list),
            key_route("CheckKey", MethodClass.READ, self._check),
            key_route("RotateKey", change, self._rotate),
            key_route("ActivateKeyVersion", change, self._activate),
            key_route("ScheduleDestroyKeyVersion", change, self._schedule_destroy),
            key_route("RestoreKeyVersion", change, self._restore),
        ]

    def _list(self, data: bytes, call: GrpcCall) -> bytes:
        message = parse(pb.ListKeyVersionsRequest, data)
        fields = Fields()
        key_id = fields.key_id("key_id", message.key_id)
        fields.check()
        content = sha256(key_id.encode()).digest()
        place = self._tokens.decode(call, content, message.page_token)
        size = page_size(message.page_size)
        key, found = self._flows.reading.versions(call, key_id, int(place.after or 0), size + 1)
        shown = list(fitting(version_message(key, version) for version in found[:size]))
        following = Place(str(shown[-1].version)) if len(shown) < len(found) else None
        token = self._tokens.encode(call, content, following)
        return answer_bytes(pb.ListKeyVersionsResponse(versions=shown, next_page_token=token))

    def _check(self, data: bytes, call: GrpcCall) -> bytes:
        message = parse(pb.CheckKeyRequest, data)
        fields = Fields()
        key_id = fields.key_id("key_id", message.key_id)
        fields.check()
        checked = self._flows.checking.check(call, key_id)
        problems = [_problem(number, finding) for number, finding in checked.problems]
        answer = pb.CheckKeyResponse(problems=problems, check_time=timestamp(checked.time))
        return answer_bytes(answer)

    def _rotate(self, data: bytes, call: GrpcCall) -> bytes:
        request = rotate_key(parse(pb.RotateKeyRequest, data))
        rotation = self._flows.rotation.rotate(call, request)
        key = rotation.key
        answer = pb.RotateKeyResponse(
            key=key_message(key, with_versions=True),
            version=version_message(key, rotation.version),
            previous_version=version_message(key, rotation.previous),
        )
        return answer_bytes(answer)

    def _activate(self, data: bytes, call: GrpcCall) -> bytes:
        wanted = activate_key_version(parse(pb.ActivateKeyVersionRequest, data))
        key = self._flows.rotation.activate(call, wanted.key_id, wanted.number, wanted.grace_period)
        answer = pb.ActivateKeyVersionResponse(key=key_message(key, with_versions=True))
        return answer_bytes(answer)

    def _schedule_destroy(self, data: bytes, call: GrpcCall) -> bytes:
        wanted = schedule_destroy_key_version(parse(pb.ScheduleDestroyKeyVersionRequest, data))
        key, version = self._flows.versions.schedule(
            call, wanted.key_id, wanted.number, wanted.wait
        )
        answer = pb.ScheduleDestroyKeyVersionResponse(version=version_message(key, version))
        return answer_bytes(answer)

    def _restore(self, data: bytes, call: GrpcCall) -> bytes:
        key_id, number = restore_key_version(parse(pb.RestoreKeyVersionRequest, data))
        key, version = self._flows.versions.restore(call, key_id, number)
        answer = pb.RestoreKeyVersionResponse(version=version_message(key, version))
        return answer_bytes(answer)


def _problem(number: int, finding: Finding) -> pb.KeyProblem:
    aspect: Any = finding.aspect.value  # the stubs tell enums apart, we map all
    return pb.KeyProblem(
        version=number,
        aspect=aspect,
        expected=finding.expected,
        found=finding.found,
        message=finding.advice,
    )
