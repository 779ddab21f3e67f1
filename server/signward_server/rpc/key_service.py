"""KeyService: messages to flows and back."""

from __future__ import annotations

from google.protobuf.message import Message
from signward.v1 import key_service_pb2 as pb

from signward_server.core.audit_events import AuditEvent
from signward_server.core.errors import FieldInvalid, MethodUnimplemented
from signward_server.core.keys import Key, KeyState
from signward_server.core.method_classes import MethodClass
from signward_server.flows.access import VIEW_KEY
from signward_server.flows.key_changes import CHANGE_KEY_LABELS, CHANGE_KEY_OWNER, KeyChanges
from signward_server.flows.key_creation import KeyCreation
from signward_server.flows.key_reading import KeyReading, Place
from signward_server.rpc.call import GrpcCall
from signward_server.rpc.convert.fields import Fields
from signward_server.rpc.convert.key_messages import key_message, public_key_response
from signward_server.rpc.convert.key_requests import create_key, key_filter, update_key
from signward_server.rpc.page_token import PageTokens
from signward_server.rpc.pages import fitting, page_size
from signward_server.rpc.parsing import parse
from signward_server.rpc.routes import Route, Unary

__all__ = ["KeyService"]

_SERVICE = "/signward.v1.KeyService/"
_SWIFT = ("GetPublicKey",)  # answered from memory alone
_UPDATE_ACTIONS = (CHANGE_KEY_OWNER, CHANGE_KEY_LABELS)
_UNIMPLEMENTED = {
    "AdoptKey": MethodClass.KEY_CREATION,
    "ListKeyVersions": MethodClass.LIST,
    "CheckKey": MethodClass.READ,
    "GetCustodyStatus": MethodClass.READ,
    "GetKeyPolicyTemplate": MethodClass.READ,
    "RotateKey": MethodClass.KEY_CHANGE,
    "ActivateKeyVersion": MethodClass.KEY_CHANGE,
    "ScheduleDestroyKeyVersion": MethodClass.KEY_CHANGE,
    "RestoreKeyVersion": MethodClass.KEY_CHANGE,
    "RefreshShares": MethodClass.KEY_CHANGE,
}


class KeyService:
    """The RPCs of KeyService."""

    def __init__(self, *, creation: KeyCreation, reading: KeyReading, changes: KeyChanges) -> None:
        self._creation = creation
        self._reading = reading
        self._changes = changes
        self._tokens = PageTokens()
        # Answers of GetPublicKey by key and version asked for, valid while the snapshot is.
        self._answers: dict[tuple[str, int], tuple[Key, bytes]] = {}

    def routes(self) -> list[Route]:
        """Return its RPCs."""
        return [
            _route("CreateKey", MethodClass.KEY_CREATION, self._create),
            _route("GetKey", MethodClass.READ, self._get),
            _route("ListKeys", MethodClass.LIST, self._list),
            _route("UpdateKey", MethodClass.KEY_CHANGE, self._update, *_UPDATE_ACTIONS),
            _route("GetPublicKey", MethodClass.READ, self._get_public_key),
            _route("DisableKey", MethodClass.KEY_CHANGE, self._disable),
            _route("EnableKey", MethodClass.KEY_CHANGE, self._enable),
            *(_route(name, what, _unimplemented) for name, what in _UNIMPLEMENTED.items()),
        ]

    def _create(self, data: bytes, call: GrpcCall) -> bytes:
        request = create_key(parse(pb.CreateKeyRequest, data))
        key = self._creation.create(call, request)
        return _bytes(pb.CreateKeyResponse(key=key_message(key, with_versions=True)))

    def _get(self, data: bytes, call: GrpcCall) -> bytes:
        message = parse(pb.GetKeyRequest, data)
        fields = Fields()
        key_id = fields.key_id("key_id", message.key_id)
        full = _wants_versions(fields, message.view, unset=True)
        fields.check()
        key = self._reading.get(call, key_id)
        return _bytes(pb.GetKeyResponse(key=key_message(key, with_versions=full)))

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
        return _bytes(pb.ListKeysResponse(keys=shown, next_page_token=token))

    def _update(self, data: bytes, call: GrpcCall) -> bytes:
        request = update_key(parse(pb.UpdateKeyRequest, data))
        key = self._changes.update(call, request)
        return _bytes(pb.UpdateKeyResponse(key=key_message(key, with_versions=True)))

    def _get_public_key(self, data: bytes, call: GrpcCall) -> bytes:
        message = parse(pb.GetPublicKeyRequest, data)
        if not message.key_id:
            raise FieldInvalid.at("key_id", "Must name a key.")
        key, version = self._reading.public_key(call, message.key_id, message.version)
        place = (key.id, version.version)
        known = self._answers.get(place)
        if known is not None and known[0] is key:
            return known[1]
        answer = _bytes(public_key_response(key, version))
        self._answers[place] = (key, answer)
        return answer

    def _disable(self, data: bytes, call: GrpcCall) -> bytes:
        message = parse(pb.DisableKeyRequest, data)
        key = self._set_state(call, message.key_id, message.reason, KeyState.DISABLED)
        return _bytes(pb.DisableKeyResponse(key=key_message(key, with_versions=True)))

    def _enable(self, data: bytes, call: GrpcCall) -> bytes:
        message = parse(pb.EnableKeyRequest, data)
        key = self._set_state(call, message.key_id, message.reason, KeyState.ENABLED)
        return _bytes(pb.EnableKeyResponse(key=key_message(key, with_versions=True)))

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


def _route(name: str, what: MethodClass, behaviour: Unary, *further: str) -> Route:
    actions = (VIEW_KEY, name, *further)
    swift = _always if name in _SWIFT else None
    changes = what in {MethodClass.KEY_CREATION, MethodClass.KEY_CHANGE}
    event = AuditEvent.ADMINISTRATION if changes else AuditEvent.FAILURE
    return Route(_SERVICE + name, actions, what, event, unary=behaviour, swift=swift)


def _unimplemented(data: bytes, call: GrpcCall) -> bytes:
    del data, call
    raise MethodUnimplemented


def _bytes(message: Message) -> bytes:
    return message.SerializeToString()


def _always(data: bytes) -> bool:
    del data
    return True
