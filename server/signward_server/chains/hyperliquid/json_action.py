"""Actions that come as JSON text: those of a known kind are judged as that kind."""

from __future__ import annotations

from collections.abc import Mapping

from signward_server.chains.hyperliquid.json_text import JsonRefused, read_object
from signward_server.chains.hyperliquid.kind import Built, Kind, Setting
from signward_server.chains.hyperliquid.packing import packed
from signward_server.chains.hyperliquid.sealing import numbered_wire
from signward_server.chains.hyperliquid.typed_form import user_signed
from signward_server.core.errors import FieldInvalid, NetworkMismatch

__all__ = ["JSON_FIELD", "ensure_same", "object_of"]

JSON_FIELD = "hyperliquid.json"


def object_of(text: object, field: str = JSON_FIELD) -> dict[str, object]:
    """Return the action that a text holds.

    Args:
        text: The bytes.
        field: Where they stand in the request.

    Raises:
        FieldInvalid: It holds none that could be signed.
    """
    if type(text) is not bytes:
        raise FieldInvalid.at(field, "Must be JSON as bytes.")
    try:
        return read_object(text)
    except JsonRefused as refused:
        raise FieldInvalid.at(field, str(refused)) from refused


def ensure_same(
    kind: Kind,
    built: Built,
    action: Mapping[str, object],
    setting: Setting,
    field: str = JSON_FIELD,
) -> None:
    """Return if an action was built again from its record as it came, to the byte.

    So that nothing is signed that was not read: no further key, no other order of keys, no
    other form of a number. What is within a wrapper may come in either of its two forms: as its
    signers write it, or as the posted wrapper holds it.

    Raises:
        NetworkMismatch: It says another network, or the chain id of another.
        FieldInvalid: It was not.
    """
    if kind.typed is not None:
        constants = user_signed(kind.wire, setting.network, {})
        if any(action.get(name, said) != said for name, said in constants.items()):
            raise NetworkMismatch
    if kind.nonce and not (setting.nonce and action.get(kind.nonce) == setting.nonce):
        text = (
            f"Must be said, and be {kind.nonce} of the action as well; clients send an action "
            f"without {kind.nonce}, signatureChainId and hyperliquidChain as a message, which "
            "needs none."
        )
        raise FieldInvalid.at("hyperliquid.nonce", text)
    forms: list[Mapping[str, object]] = [built.wire]
    if setting.wrapper and built.wrapped is not None:
        forms.append(built.wrapped)
    came = packed(action)
    if all(packed(numbered_wire(kind, form, setting.nonce)) != came for form in forms):
        raise FieldInvalid.at(
            field,
            "Must have exactly the keys of its kind in the exchange's order, numbers without "
            "needless zeros, and addresses in lower case.",
        )
