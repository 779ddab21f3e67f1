"""Payloads and keys out of ProtoJSON that people wrote, for commands that ask what would be.

Nothing of this is on the path of a call.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from google.protobuf.json_format import ParseDict, ParseError
from google.protobuf.message import Message
from signward.v1 import resources_pb2, sign_service_pb2

from signward_server.core.errors import FieldInvalid
from signward_server.core.keys import (
    Algorithm,
    CustodyKind,
    Freeze,
    Key,
    KeyState,
    KeyVersion,
    Purpose,
    VersionState,
)
from signward_server.core.payloads import Payload
from signward_server.core.public_key import PublicKey
from signward_server.rpc.convert.fields import Fields
from signward_server.rpc.convert.signing import sign_request
from signward_server.rpc.convert.times import moment

__all__ = ["DocumentRefused", "key_of", "key_of_json", "payload_of"]

_KINDS = tuple(f.name for f in sign_service_pb2.SignRequest.DESCRIPTOR.oneofs[0].fields)
_DEPTH = 20  # of messages within messages
_NEVER = datetime.max.replace(tzinfo=UTC)
_ANY_KEY = PublicKey.ed25519(bytes(32))  # no policy sees public keys
_M = TypeVar("_M", bound=Message)


class DocumentRefused(Exception):  # noqa: N818  # says what happened
    """A document that is not what it should be; the text says why, in one line."""


def payload_of(document: object, now_ms: int) -> Payload:
    """Return the payload of a SignRequest's field, ``{"order": {"coin": "BTC", ...}}``.

    An action of the exchange in its own JSON may stand below ``json`` as it is.

    Args:
        document: JSON, parsed.
        now_ms: The timestamp of an order that says none, in milliseconds since the epoch.

    Raises:
        DocumentRefused: It is not exactly one payload that this daemon reads.
    """
    kinds = [kind for kind in document if kind in _KINDS] if isinstance(document, Mapping) else []
    if not isinstance(document, Mapping) or len(kinds) != 1 or len(document) != 1:
        raise DocumentRefused(f"a payload is a table with one key: {' or '.join(_KINDS)}")
    if not isinstance(document[kinds[0]], Mapping):
        raise DocumentRefused(f"the payload {kinds[0]} is a table")
    document = _with_action_as_bytes(document)
    message = _parsed(document, sign_service_pb2.SignRequest())
    message.key = "k"
    if kinds == ["order"] and "timestamp" not in document["order"]:
        message.order.timestamp = now_ms
    if kinds == ["raw"] and not _is_base64(
        document["raw"].get("message") or "", message.raw.message
    ):
        raise DocumentRefused("raw.message is written in base64")
    if kinds == ["hyperliquid"] and not _is_base64(
        document["hyperliquid"].get("json") or "", message.hyperliquid.json
    ):
        raise DocumentRefused("hyperliquid.json is a table, or written in base64")
    try:
        return sign_request(message).payload
    except FieldInvalid as exc:
        raise DocumentRefused(_violations(exc)) from exc


def key_of_json(text: str) -> Key:
    """Return the key of a document such as ``signward key get --json`` prints.

    Raises:
        DocumentRefused: It is no key.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise DocumentRefused("a key is written in JSON") from exc
    return key_of(_parsed(document, resources_pb2.Key()))


def key_of(message: resources_pb2.Key) -> Key:
    """Return the key of a message; what policies do not see may be left out of it.

    Without versions it has one, which is primary.

    Raises:
        DocumentRefused: What policies see is missing or malformed.
    """
    fields = Fields()
    key_id = fields.key_id("id", message.id)
    owner = fields.identity("owner", message.owner)
    if not owner:
        fields.note("owner", "Must be set.")
    algorithm = fields.choice("algorithm", Algorithm, message.algorithm)
    purpose = fields.choice("purpose", Purpose, message.purpose)
    custody = fields.optional_choice("custody", CustodyKind, message.custody)
    state = fields.optional_choice("state", KeyState, message.state)
    freeze = fields.optional_choice("freeze", Freeze, message.freeze)
    labels = fields.labels("labels", message.labels)
    user_id = fields.text("user_id", message.user_id)
    vault = fields.address("vault_address", message.vault_address)
    versions = tuple(_version(fields, version) for version in message.versions)
    try:
        fields.check()
    except FieldInvalid as exc:
        raise DocumentRefused(_violations(exc)) from exc
    if algorithm is None or purpose is None:
        raise AssertionError("a missing choice is noted")
    first = KeyVersion(
        version=message.primary_version or 1,
        state=VersionState.PRIMARY,
        public_key=_ANY_KEY,
        create_time=datetime.fromtimestamp(0, UTC),
    )
    return Key(
        id=key_id,
        algorithm=algorithm,
        custody=custody or CustodyKind.ENVELOPE,
        purpose=purpose,
        network=message.network,
        allow_digest=message.allow_digest,
        vault_address=vault,
        state=state or KeyState.ENABLED,
        freeze=freeze or Freeze.NONE,
        owner=owner,
        user_id=user_id,
        labels=labels,
        primary_version=message.primary_version or first.version,
        versions=versions or (first,),
        create_time=first.create_time,
        update_time=first.create_time,
    )


def _version(fields: Fields, message: resources_pb2.KeyVersion) -> KeyVersion:
    state = fields.choice("versions.state", VersionState, message.state)
    ends = message.HasField("grace_end_time")
    return KeyVersion(
        version=message.version,
        state=state or VersionState.DESTROYED,  # noted, if it is missing
        public_key=_ANY_KEY,
        create_time=datetime.fromtimestamp(0, UTC),
        grace_end_time=moment(message.grace_end_time) if ends else _NEVER,
    )


def _parsed(document: Any, message: _M) -> _M:  # noqa: ANN401  # what is none is refused
    try:
        return ParseDict(document, message, max_recursion_depth=_DEPTH)
    except (ParseError, ValueError, TypeError, AttributeError, RecursionError) as exc:
        # Beside ParseError: what json_format lets through for values of unforeseen types.
        raise DocumentRefused(_one_line(str(exc))) from exc


def _with_action_as_bytes(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a document whose action in the exchange's own JSON is bytes, as the API has it."""
    action = document.get("hyperliquid")
    if not isinstance(action, Mapping) or not isinstance(action.get("json"), Mapping):
        return document
    text = json.dumps(action["json"], separators=(",", ":"), ensure_ascii=False)
    written = base64.b64encode(text.encode("utf-8", "surrogatepass")).decode("ascii")
    return {"hyperliquid": {**action, "json": written}}


def _is_base64(text: str, data: bytes) -> bool:
    """Return whether a text is the base64 of its data; the parser passes over other characters."""
    written = text.translate(str.maketrans("-_", "+/")).rstrip("=")
    return base64.b64encode(data).decode("ascii").rstrip("=") == written


def _violations(error: FieldInvalid) -> str:
    return "; ".join(f"{v.field}: {v.description.rstrip('.')}" for v in error.violations)


def _one_line(text: str) -> str:
    shown = " ".join(text.split())[:300].rstrip(".")
    return shown if shown.isprintable() else ascii(shown)
