"""AdminService: messages to flows and back."""

from __future__ import annotations

from google.protobuf.message import Message
from signward.v1 import admin_service_pb2 as pb

from signward_server.core.audit_events import AuditEvent
from signward_server.core.method_classes import MethodClass
from signward_server.core.ports import Clock
from signward_server.flows.access import VIEW_KEY
from signward_server.flows.api_key_changes import ApiKeyChanges
from signward_server.flows.approving import APPROVE_REQUEST, Approving
from signward_server.flows.freezing import UNFREEZE_KEY, Freezing
from signward_server.flows.key_reading import Place
from signward_server.flows.reloading import Reloading
from signward_server.rpc.call import GrpcCall
from signward_server.rpc.convert.admin_messages import api_key_message, reload_result
from signward_server.rpc.convert.admin_requests import (
    api_key_id,
    approval_digest,
    approval_end,
    freeze_mode,
    identity,
    make_api_key,
    reload_parts,
    target,
)
from signward_server.rpc.convert.fields import Fields
from signward_server.rpc.convert.times import timestamp
from signward_server.rpc.page_token import PageTokens
from signward_server.rpc.pages import fitting, page_size
from signward_server.rpc.parsing import parse
from signward_server.rpc.routes import Route, Unary

__all__ = ["AdminService"]

_EVENT = AuditEvent.ADMINISTRATION
_SERVICE = "/signward.v1.AdminService/"


class AdminService:
    """The RPCs of AdminService."""

    def __init__(
        self,
        *,
        api_keys: ApiKeyChanges,
        freezing: Freezing,
        approving: Approving,
        reloading: Reloading,
        clock: Clock,
        tokens: PageTokens,
    ) -> None:
        self._api_keys = api_keys
        self._freezing = freezing
        self._approving = approving
        self._reloading = reloading
        self._clock = clock
        self._tokens = tokens

    def routes(self) -> list[Route]:
        """Return its RPCs."""
        return [
            _route("CreateApiKey", self._create_api_key, "CreateApiKey"),
            _route("ImportApiKey", self._import_api_key, "ImportApiKey"),
            _listing("ListApiKeys", self._list_api_keys),
            _route("RevokeApiKey", self._revoke_api_key, "RevokeApiKey"),
            _route("FreezeKey", self._freeze, VIEW_KEY, "FreezeKey", UNFREEZE_KEY),
            _route("UnfreezeKey", self._unfreeze, VIEW_KEY, UNFREEZE_KEY),
            _route("ApproveRequest", self._approve, APPROVE_REQUEST),
            _route("Reload", self._reload, "Reload"),
        ]

    def _create_api_key(self, data: bytes, call: GrpcCall) -> bytes:
        request = make_api_key(parse(pb.CreateApiKeyRequest, data), self._clock.now())
        api_key, secret = self._api_keys.create(call, request)
        return _bytes(pb.CreateApiKeyResponse(api_key=api_key_message(api_key), secret=secret))

    def _import_api_key(self, data: bytes, call: GrpcCall) -> bytes:
        request = make_api_key(parse(pb.ImportApiKeyRequest, data), self._clock.now())
        api_key = self._api_keys.import_(call, request)
        return _bytes(pb.ImportApiKeyResponse(api_key=api_key_message(api_key)))

    def _list_api_keys(self, data: bytes, call: GrpcCall) -> bytes:
        message = parse(pb.ListApiKeysRequest, data)
        fields = Fields()
        holder = identity(fields, message.identity)
        fields.check()
        filtered = message.identity.encode()
        place = self._tokens.decode(call, filtered, message.page_token)
        page = self._api_keys.page(call, holder, place.after, page_size(message.page_size))
        shown = list(fitting(map(api_key_message, page.api_keys)))
        next_after = page.next_after if len(shown) == len(page.api_keys) else shown[-1].id
        following = Place(next_after) if next_after else None
        token = self._tokens.encode(call, filtered, following)
        return _bytes(pb.ListApiKeysResponse(api_keys=shown, next_page_token=token))

    def _revoke_api_key(self, data: bytes, call: GrpcCall) -> bytes:
        message = parse(pb.RevokeApiKeyRequest, data)
        fields = Fields()
        key_id = api_key_id(fields, message.api_key_id)
        fields.check()
        api_key = self._api_keys.revoke(call, key_id)
        return _bytes(pb.RevokeApiKeyResponse(api_key=api_key_message(api_key)))

    def _freeze(self, data: bytes, call: GrpcCall) -> bytes:
        message = parse(pb.FreezeKeyRequest, data)
        fields = Fields()
        chosen = target(fields, message)
        mode = freeze_mode(fields, message.mode)
        reason = fields.text("reason", message.reason)
        fields.check()
        frozen = self._freezing.freeze(call, chosen, mode, reason)
        return _bytes(pb.FreezeKeyResponse(key_ids=frozen))

    def _unfreeze(self, data: bytes, call: GrpcCall) -> bytes:
        message = parse(pb.UnfreezeKeyRequest, data)
        fields = Fields()
        chosen = target(fields, message)
        reason = fields.text("reason", message.reason)
        fields.check()
        return _bytes(pb.UnfreezeKeyResponse(key_ids=self._freezing.unfreeze(call, chosen, reason)))

    def _approve(self, data: bytes, call: GrpcCall) -> bytes:
        message = parse(pb.ApproveRequestRequest, data)
        fields = Fields()
        digest = approval_digest(fields, message.digest)
        expire_time = approval_end(fields, message, self._clock.now())
        reason = fields.text("reason", message.reason)
        fields.check()
        approval = self._approving.approve(call, digest, expire_time, reason)
        return _bytes(pb.ApproveRequestResponse(expire_time=timestamp(approval.expire_time)))

    def _reload(self, data: bytes, call: GrpcCall) -> bytes:
        message = parse(pb.ReloadRequest, data)
        fields = Fields()
        parts = reload_parts(fields, message.parts)
        fields.check()
        results = self._reloading.reload(call, parts)
        return _bytes(pb.ReloadResponse(results=map(reload_result, results)))


def _route(name: str, behaviour: Unary, *actions: str) -> Route:
    return Route(_SERVICE + name, actions, MethodClass.ADMINISTRATION, _EVENT, unary=behaviour)


def _listing(name: str, behaviour: Unary) -> Route:
    return Route(_SERVICE + name, (name,), MethodClass.LIST, _EVENT, unary=behaviour)


def _bytes(message: Message) -> bytes:
    return message.SerializeToString()
