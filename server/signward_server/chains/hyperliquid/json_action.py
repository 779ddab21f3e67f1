"""Actions that come as JSON text: those of a known kind are judged as that kind."""

from __future__ import annotations

from collections.abc import Mapping

from signward_server.chains.hyperliquid.json_text import JsonRefused, read_object
from signward_server.chains.hyperliquid.kind import Built, Kind, Setting, user_signed
from signward_server.chains.hyperliquid.kinds import KINDS_BY_WIRE
from signward_server.chains.hyperliquid.kinds.json import UNKNOWN
from signward_server.chains.hyperliquid.packing import packed
from signward_server.chains.hyperliquid.sealing import numbered_wire
from signward_server.core.errors import FieldInvalid, NetworkMismatch

__all__ = ["JSON_FIELD", "ensure_same", "kind_of_json", "object_of"]

JSON_FIELD = "hyperliquid.json"


def object_of(text: object) -> dict[str, object]:
    """Return the action that a text holds.

    Raises:
        FieldInvalid: It holds none that could be signed.
    """
    if type(text) is not bytes:
        raise FieldInvalid.at(JSON_FIELD, "Must be JSON as bytes.")
    try:
        return read_object(text)
    except JsonRefused as refused:
        raise FieldInvalid.at(JSON_FIELD, str(refused)) from refused


def kind_of_json(action: Mapping[str, object]) -> Kind:
    """Return the kind of an action of the exchange; ``UNKNOWN`` for one that is not listed."""
    return KINDS_BY_WIRE.get(str(action.get("type")), UNKNOWN)


def ensure_same(kind: Kind, built: Built, action: Mapping[str, object], setting: Setting) -> None:
    """Return if an action was built again from its record as it came, to the byte.

    So that nothing is signed that was not read: no further key, no other order of keys, no
    other form of a number.

    Raises:
        NetworkMismatch: It says another network, or the chain id of another.
        FieldInvalid: It was not.
    """
    if kind.typed is not None:
        constants = user_signed(kind.wire, setting, {})
        if any(action.get(name, said) != said for name, said in constants.items()):
            raise NetworkMismatch
    if kind.nonce and not (setting.nonce and action.get(kind.nonce) == setting.nonce):
        text = f"Must be said, and be {kind.nonce} of the action as well."
        raise FieldInvalid.at("hyperliquid.nonce", text)
    if packed(numbered_wire(kind, built.wire, setting.nonce)) != packed(action):
        raise FieldInvalid.at(
            JSON_FIELD,
            "Must have exactly the keys of its kind in the exchange's order, numbers without "
            "needless zeros, and addresses in lower case.",
        )
