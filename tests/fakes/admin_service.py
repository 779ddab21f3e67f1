"""``AdminService`` of the fake daemon."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import grpc
from signward.v1 import admin_service_pb2 as pb
from signward.v1 import resources_pb2 as resources
from signward.v1.admin_service_pb2_grpc import AdminServiceServicer

from tests.fakes.audit_service import FakeAuditService
from tests.fakes.daemon_state import abort
from tests.fakes.statuses import status

__all__ = ["FakeAdminService"]

_PARTS = [number for number in pb.ReloadPart.values() if number]


class FakeAdminService(FakeAuditService, AdminServiceServicer):
    """Keeps API keys with their secrets, freezes keys, and reloads what a test says.

    Attributes:
        api_keys: The API keys by id; the first is ``ak_0000000000000001``.
        secrets: Their secrets by id.
        problems: Why a part cannot be reloaded, by part.
    """

    def __init__(self) -> None:
        super().__init__()
        self.api_keys: dict[str, pb.ApiKey] = {}
        self.secrets: dict[str, str] = {}
        self.problems: dict[int, str] = {}

    def CreateApiKey(self, request, context):  # noqa: N802 -- the service's names
        self._enter("CreateApiKey", request, context)
        secret = f"signward_{len(self.api_keys) + 1:049d}"
        return pb.CreateApiKeyResponse(api_key=self._add(request, secret), secret=secret)

    def ImportApiKey(self, request, context):  # noqa: N802
        self._enter("ImportApiKey", request, context)
        if request.secret in self.secrets.values():
            text = "This API key is known already."
            abort(context, status("ALREADY_EXISTS", "API_KEY_EXISTS", text))
        key = self._add(request, request.secret)
        key.imported = True
        return pb.ImportApiKeyResponse(api_key=key)

    def ListApiKeys(self, request, context):  # noqa: N802
        self._enter("ListApiKeys", request, context)
        matching = [
            self.api_keys[name]
            for name in sorted(self.api_keys)
            if request.identity in {"", self.api_keys[name].identity}
        ]
        start, size = int(request.page_token or 0), request.page_size or 100
        end = start + size
        token = str(end) if end < len(matching) else ""
        return pb.ListApiKeysResponse(api_keys=matching[start:end], next_page_token=token)

    def RevokeApiKey(self, request, context):  # noqa: N802
        self._enter("RevokeApiKey", request, context)
        if request.api_key_id not in self.api_keys:
            abort(context, status("NOT_FOUND", "API_KEY_NOT_FOUND", "There is no such API key."))
        key = self.api_keys[request.api_key_id]
        key.revoke_time.FromDatetime(dt.datetime.now(dt.UTC))
        return pb.RevokeApiKeyResponse(api_key=key)

    def FreezeKey(self, request, context):  # noqa: N802
        self._enter("FreezeKey", request, context)
        ids = []
        for key in self._chosen(request, context):
            key.freeze = request.mode
            ids.append(key.id)
        return pb.FreezeKeyResponse(key_ids=ids)

    def UnfreezeKey(self, request, context):  # noqa: N802
        self._enter("UnfreezeKey", request, context)
        ids = []
        for key in self._chosen(request, context):
            key.freeze = resources.FREEZE_NONE
            ids.append(key.id)
        return pb.UnfreezeKeyResponse(key_ids=ids)

    def ApproveRequest(self, request, context):  # noqa: N802
        self._enter("ApproveRequest", request, context)
        return pb.ApproveRequestResponse(expire_time=request.expire_time)

    def Reload(self, request, context):  # noqa: N802
        self._enter("Reload", request, context)
        results = [
            pb.ReloadResult(
                part=part,
                version=f"{part:064x}",
                changed=part not in self.problems,
                problem=self.problems.get(part, ""),
            )
            for part in sorted(set(request.parts)) or _PARTS
        ]
        return pb.ReloadResponse(results=results)

    def _add(
        self, request: pb.CreateApiKeyRequest | pb.ImportApiKeyRequest, secret: str
    ) -> pb.ApiKey:
        key = pb.ApiKey(
            id=f"ak_{len(self.api_keys) + 1:016d}",
            identity=request.identity,
            expire_time=request.expire_time,
            address_ranges=request.address_ranges,
            created_by="spiffe://test/admin",
        )
        key.create_time.FromDatetime(dt.datetime.now(dt.UTC))
        self.api_keys[key.id] = key
        self.secrets[key.id] = secret
        return key

    def _chosen(
        self, request: pb.FreezeKeyRequest | pb.UnfreezeKeyRequest, context: grpc.ServicerContext
    ) -> Iterator[resources.Key]:
        if request.WhichOneof("target") == "key_id":
            yield self._find(request.key_id, context).key
            return
        wanted = dict(request.selector.labels).items()
        for name in sorted(self.keys):
            key = self.keys[name].key
            if wanted <= dict(key.labels).items():
                yield key
