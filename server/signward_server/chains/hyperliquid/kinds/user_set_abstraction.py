"""Sets how balances are held."""

from __future__ import annotations

from collections.abc import Mapping

from signward_server.chains.hyperliquid.kind import Built, Kind, Setting, policy_action
from signward_server.chains.hyperliquid.reader import Reader
from signward_server.chains.hyperliquid.typed_form import TypedForm, user_signed
from signward_server.core.actions import FieldType

__all__ = ["USER_SET_ABSTRACTION"]

_WORDS = {name: name for name in ("unifiedAccount", "portfolioMargin", "disabled")}
# What is posted within a wrapper abbreviates what its signers sign: hyperliquid-python-sdk
# 0.24.0, exchange.py, USER_SET_ABSTRACTION_WIRE_VALUES.
_LETTERS = {"unifiedAccount": "u", "portfolioMargin": "p", "disabled": "i"}
_LETTER_WORDS = {letter: word for word, letter in _LETTERS.items()}


def _build(reader: Reader, setting: Setting) -> Built:
    user, abstraction = reader.address("user"), reader.choice("abstraction", _WORDS)
    intent = USER_SET_ABSTRACTION.intent(setting, {"user": user, "abstraction": abstraction})
    fields = {"user": user, "abstraction": abstraction, "nonce": 0}
    wire = user_signed("userSetAbstraction", setting.network, fields)
    posted = {**wire, "abstraction": _LETTERS[abstraction]}
    return Built(wire, (intent,), account=user, wrapped=posted)


def _record(action: Mapping[str, object]) -> dict[str, object]:
    """Convert either form; which one belongs there shows when it is compared."""
    word = action.get("abstraction")
    return {"user": action.get("user"), "abstraction": _LETTER_WORDS.get(str(word), word)}


USER_SET_ABSTRACTION = Kind(
    name="user_set_abstraction",
    wire="userSetAbstraction",
    action=policy_action(
        "user_set_abstraction",
        {"user": FieldType.TEXT, "abstraction": FieldType.TEXT},
        restricted=True,
    ),
    build=_build,
    record=_record,
    typed=TypedForm(
        "UserSetAbstraction",
        (("address", "user"), ("string", "abstraction"), ("uint64", "nonce")),
    ),
    nonce="nonce",
)
