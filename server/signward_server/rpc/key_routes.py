"""Routes of KeyService, whichever class answers them."""

from __future__ import annotations

from google.protobuf.message import Message

from signward_server.core.audit_events import AuditEvent
from signward_server.core.method_classes import MethodClass
from signward_server.flows.access import VIEW_KEY
from signward_server.rpc.routes import Route, Unary

__all__ = ["answer_bytes", "key_route"]

_SERVICE = "/signward.v1.KeyService/"
_SWIFT = ("GetPublicKey",)  # answered from memory alone


def key_route(name: str, what: MethodClass, behaviour: Unary, *further: str) -> Route:
    """Return the route of an RPC on a key.

    Args:
        name: Its name, which is that of its policy action too.
        what: What the limits count it as.
        behaviour: Answers it.
        further: Policy actions that it may ask for besides its own and that of viewing.
    """
    actions = (VIEW_KEY, name, *further)
    swift = _always if name in _SWIFT else None
    changes = what in {MethodClass.KEY_CREATION, MethodClass.KEY_CHANGE}
    event = AuditEvent.ADMINISTRATION if changes else AuditEvent.FAILURE
    return Route(_SERVICE + name, actions, what, event, unary=behaviour, swift=swift)


def answer_bytes(message: Message) -> bytes:
    """Return an answer as it goes out."""
    return message.SerializeToString()


def _always(data: bytes) -> bool:
    del data
    return True
