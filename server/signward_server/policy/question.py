"""What is asked: who wants to do what to which key."""

from __future__ import annotations

from collections.abc import Mapping

from signward_server.core.actions import MAX_NUMBER, ActionKind, FieldType, Resource
from signward_server.core.errors import PayloadUnsupported
from signward_server.core.identity import Authentication, Identity
from signward_server.core.keys import Key, KeyVersion
from signward_server.core.ports import Caller
from signward_server.core.signing import Intent
from signward_server.core.value import value

__all__ = ["Asker", "Question", "Unfit", "require_intent", "require_subject"]

_TYPES = {FieldType.TEXT: str, FieldType.NUMBER: int, FieldType.FLAG: bool}


class Unfit(Exception):  # noqa: N818  # never leaves the package
    """What is asked is not what the schema says, so that no policy can judge it.

    Args:
        problem: What does not fit, one line, no values.
    """


@value
class Asker:
    """A caller that is only thought of; implements ``core.ports.Caller``.

    Attributes:
        identity: Who it would be.
        authentication: How it would have shown that.
        address: Its IP address; empty for a Unix socket.
    """

    identity: Identity
    authentication: Authentication = Authentication.CERTIFICATE
    address: str = ""


@value
class Question:
    """One thing to decide; the fields are those of ``core.ports.Policy.authorize``."""

    caller: Caller
    action: str
    key: Key | None
    version: KeyVersion | None = None
    intent: Intent | None = None
    totals: Mapping[str, int] | None = None
    approved: bool = False


def require_subject(kind: ActionKind, key: Key | None, version: KeyVersion | None) -> None:
    """Return if there is a key where the action takes one, and a version where it signs.

    Raises:
        Unfit: It is not so.
    """
    if kind.resource is not (Resource.SERVER if key is None else Resource.KEY):
        raise Unfit("the action is done to another kind of resource")
    if kind.record and version is None:
        raise Unfit("there is no version that is to sign")


def require_intent(kind: ActionKind, intent: Intent | None) -> None:
    """Return if the Intent has exactly the fields of the action.

    Raises:
        Unfit: It does not.
        PayloadUnsupported: A number is outside of 0..2^63-1 (S6).
    """
    if intent is None:
        if kind.record:
            raise Unfit("there is no Intent")
        return
    fields, types = intent.fields, kind.fields
    if intent.action != kind.name or not kind.record or len(fields) != len(types):
        raise Unfit("the Intent is of another action")
    for name, type_ in types.items():
        field = fields.get(name)
        if type(field) is not _TYPES[type_]:
            raise Unfit("the Intent has other fields")
        if type(field) is int and not 0 <= field <= MAX_NUMBER:
            raise PayloadUnsupported
