"""What the fake daemon's ``KeyService`` does with versions."""

from __future__ import annotations

from datetime import UTC, datetime

from signward.v1 import key_service_pb2 as key_pb
from signward.v1 import resources_pb2 as resources
from signward.v1.key_service_pb2_grpc import KeyServiceServicer

from tests.fakes.daemon_state import FakeState, abort, fake_public_key
from tests.fakes.statuses import status

__all__ = ["FakeVersionService"]

_DESTROYED_AT = datetime(2030, 1, 1, tzinfo=UTC)


class FakeVersionService(FakeState, KeyServiceServicer):
    """Rotates and changes versions; ``problems`` is what checks find."""

    def __init__(self) -> None:
        super().__init__()
        self.problems: list[key_pb.KeyProblem] = []

    def RotateKey(self, request, context):  # noqa: N802 -- the service's names
        self._enter("RotateKey", request, context)
        key = self._find(request.key_id, context).key
        if request.etag and request.etag != key.etag:
            abort(context, status("ABORTED", "ETAG_MISMATCH", "The key has changed."))
        previous = self._version(key, key.primary_version, context)
        previous.state = resources.KEY_VERSION_STATE_GRACE
        previous.grace_end_time.FromDatetime(_DESTROYED_AT)
        fresh = resources.KeyVersion(
            version=len(key.versions) + 1,
            state=resources.KEY_VERSION_STATE_PRIMARY,
            public_key=fake_public_key(),
        )
        key.versions.insert(0, fresh)
        key.primary_version = fresh.version
        return key_pb.RotateKeyResponse(
            key=key, version=fresh, previous_version=self._version(key, fresh.version - 1, context)
        )

    def ActivateKeyVersion(self, request, context):  # noqa: N802
        self._enter("ActivateKeyVersion", request, context)
        key = self._find(request.key_id, context).key
        key.primary_version = self._version(key, request.version, context).version
        return key_pb.ActivateKeyVersionResponse(key=key)

    def ListKeyVersions(self, request, context):  # noqa: N802
        self._enter("ListKeyVersions", request, context)
        versions = self._find(request.key_id, context).key.versions
        start = int(request.page_token or 0)
        end = start + (request.page_size or 100)
        token = str(end) if end < len(versions) else ""
        shown = versions[start:end]
        return key_pb.ListKeyVersionsResponse(versions=shown, next_page_token=token)

    def ScheduleDestroyKeyVersion(self, request, context):  # noqa: N802
        self._enter("ScheduleDestroyKeyVersion", request, context)
        key = self._find(request.key_id, context).key
        version = self._version(key, request.version, context)
        if version.version == key.primary_version:
            text = "The primary version of an enabled key is not destroyed."
            abort(context, status("FAILED_PRECONDITION", "KEY_VERSION_PRIMARY", text))
        version.state = resources.KEY_VERSION_STATE_DESTROY_SCHEDULED
        version.destroy_time.FromDatetime(_DESTROYED_AT)
        return key_pb.ScheduleDestroyKeyVersionResponse(version=version)

    def RestoreKeyVersion(self, request, context):  # noqa: N802
        self._enter("RestoreKeyVersion", request, context)
        key = self._find(request.key_id, context).key
        version = self._version(key, request.version, context)
        version.state = resources.KEY_VERSION_STATE_RETIRED
        version.ClearField("destroy_time")
        return key_pb.RestoreKeyVersionResponse(version=version)

    def CheckKey(self, request, context):  # noqa: N802
        self._enter("CheckKey", request, context)
        self._find(request.key_id, context)
        answer = key_pb.CheckKeyResponse(problems=self.problems)
        answer.check_time.FromDatetime(_DESTROYED_AT)
        return answer

    def _version(self, key, number, context):
        for version in key.versions:
            if version.version == number:
                return version
        return abort(context, status("NOT_FOUND", "KEY_VERSION_NOT_FOUND", "No such version."))
