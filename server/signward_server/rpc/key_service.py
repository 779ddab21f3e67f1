"""KeyService: messages to flows and back."""

from __future__ import annotations

from signward.v1 import key_service_pb2 as pb

from signward_server.core.errors import FieldInvalid, MethodUnimplemented
from signward_server.core.keys import Key, KeyState, VersionState
from signward_server.core.method_classes import MethodClass
from signward_server.flows.key_changes import CHANGE_KEY_LABELS, CHANGE_KEY_OWNER, KeyChanges
from signward_server.flows.key_creation import KeyCreation
from signward_server.flows.key_reading import KeyReading, Place
from signward_server.rpc.call import GrpcCall
from signward_server.rpc.convert.fields import Fields
from signward_server.rpc.convert.key_messages import key_message, public_key_response
from signward_server.rpc.convert.key_requests import create_key, key_filter, update_key
from signward_server.rpc.key_routes import answer_bytes, key_route
from signward_server.rpc.key_versions import VersionFlows, VersionRpcs
from signward_server.rpc.page_token import PageTokens
from signward_server.rpc.pages import fitting, page_size
from signward_server.rpc.parsing import parse
from signward_server.rpc.routes import Route

__all__ = ["KeyService"]

_UPDATE_ACTIONS = (CHANGE_KEY_OWNER, CHANGE_KEY_LABELS)
_UNIMPLEMENTED = {
    "AdoptKey": MethodClass.KEY_CREATION,
    "GetCustodyStatus": MethodClass.READ,
    "GetKeyPolicyTemplate": MethodClass.READ,
    "RefreshShares": MethodClass.KEY_CHANGE,
}


class KeyService:
    """The RPCs of KeyService."""

    def __init__(
        self,
        *,
        creation: KeyCreation,
        changes: KeyChanges,
        versions: VersionFlows,
        tokens: PageTokens,
    ) -> None:
        self._creation = creation
        self._reading: KeyReading = versions.reading
        self._changes = changes
        self._versions = VersionRpcs(versions, tokens)
        self._tokens = tokens
        # Answers of GetPublicKey by key and version, valid while the snapshot and its state are.
        self._answers: dict[tuple[str, int], tuple[Key, VersionState, bytes]] = {}

    def routes(self) -> list[Route]:
        """Return its RPCs."""
        return [
            key_route("CreateKey", MethodClass.KEY_CREATION, self._create),
            key_route("GetKey", MethodClass.READ, self._get),
            key_route("ListKeys", MethodClass.LIST, self._list),
            key_route("UpdateKey", MethodClass.KEY_CHANGE, self._update, *_UPDATE_ACTIONS),
            key_route("GetPublicKey", MethodClass.READ, self._get_public_key),
            key_route("DisableKey", MethodClass.KEY_CHANGE, self._disable),
            key_route("EnableKey", MethodClass.KEY_CHANGE, self._enable),
            *self._versions.routes(),
            *(key_route(name, what, _unimplemented) for name, what in _UNIMPLEMENTED.items()),
        ]

    def _create(self, data: bytes, call: GrpcCall) -> bytes:
        request = create_key(parse(pb.CreateKeyRequest, data))
        key = self._creation.create(call, request)
        return answer_bytes(pb.CreateKeyResponse(key=key_message(key, with_versions=True)))

    def _get(self, data: bytes, call: GrpcCall) -> bytes:
        message = parse(pb.GetKeyRequest, data)
        fields = Fields()
        key_id = fields.key_id("key_id", message.key_id)
        full = _wants_versions(fields, message.view, unset=True)
        fields.check()
        key = self._reading.get(call, key_id)
        return answer_bytes(pb.GetKeyResponse(key=key_message(key, with_versions=full)))

    def _list(self, data: bytes, call: GrpcCall) -> bytes:
        message = parse(pb.ListKeysRequest, data)
        fields = Fields()
        full = _wants_versions(fields, message.view, unset=False)
        wanted = key_filter(fields, message)
        fields.check()
        content = wanted.content()
        place = self._tokens.decode(call, content, message.page_token)
        page = self._reading.page(call, wanted, place, page_size(message.page_size))
        shown = list(fitting(key_message(key, with_versions=full) for key in page.keys))
        following = page.following if len(shown) == len(page.keys) else Place(shown[-1].id)
        token = self._tokens.encode(call, content, following)
        return answer_bytes(pb.ListKeysResponse(keys=shown, next_page_token=token))

    def _update(self, data: bytes, call: GrpcCall) -> bytes:
        request = update_key(parse(pb.UpdateKeyRequest, data))
        key = self._changes.update(call, request)
        return answer_bytes(pb.UpdateKeyResponse(key=key_message(key, with_versions=True)))

    def _get_public_key(self, data: bytes, call: GrpcCall) -> bytes:
        message = parse(pb.GetPublicKeyRequest, data)
        if not message.key_id:
            raise FieldInvalid.at("key_id", "Must name a key.")
        key, version = self._reading.public_key(call, message.key_id, message.version)
        place = (key.id, version.version)
        known = self._answers.get(place)
        if known is not None and known[0] is key and known[1] is version.state:
            return known[2]
        answer = answer_bytes(public_key_response(key, version))
        self._answers[place] = (key, version.state, answer)
        return answer

    def _disable(self, data: bytes, call: GrpcCall) -> bytes:
        message = parse(pb.DisableKeyRequest, data)
        key = self._set_state(call, message.key_id, message.reason, KeyState.DISABLED)
        return answer_bytes(pb.DisableKeyResponse(key=key_message(key, with_versions=True)))

    def _enable(self, data: bytes, call: GrpcCall) -> bytes:
        message = parse(pb.EnableKeyRequest, data)
        key = self._set_state(call, message.key_id, message.reason, KeyState.ENABLED)
        return answer_bytes(pb.EnableKeyResponse(key=key_message(key, with_versions=True)))

    def _set_state(self, call: GrpcCall, key_id: str, reason: str, state: KeyState) -> Key:
        fields = Fields()
        fields.key_id("key_id", key_id)
        fields.text("reason", reason)
        fields.check()
        return self._changes.set_state(call, key_id, state, reason)


def _wants_versions(fields: Fields, view: int, *, unset: bool) -> bool:
    """Return whether a view shows versions; ``unset`` is the answer for no view."""
    if view == pb.KEY_VIEW_UNSPECIFIED:
        return unset
    if view not in {pb.KEY_VIEW_BASIC, pb.KEY_VIEW_FULL}:
        fields.note("view", "Must be one of BASIC, FULL.")
    return view == pb.KEY_VIEW_FULL


def _unimplemented(data: bytes, call: GrpcCall) -> bytes:
    del data, call
    raise MethodUnimplemented
