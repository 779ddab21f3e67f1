"""Stakes with a validator, or takes a stake back."""

from __future__ import annotations

from collections.abc import Mapping

from signward_server.chains.hyperliquid.kind import Built, Kind, Setting, policy_action
from signward_server.chains.hyperliquid.reader import Reader
from signward_server.chains.hyperliquid.renaming import renamed
from signward_server.chains.hyperliquid.typed_form import TypedForm, user_signed
from signward_server.core.actions import FieldType

__all__ = ["TOKEN_DELEGATE"]

_MAX_WEI = 2**64 - 1
_NAMES = {"validator": "validator", "wei": "wei", "isUndelegate": "is_undelegate"}


def _build(reader: Reader, setting: Setting) -> Built:
    validator, wei = reader.address("validator"), reader.uint("wei", _MAX_WEI)
    back = reader.flag("is_undelegate")
    intent = TOKEN_DELEGATE.intent(
        setting,
        {"validator": validator, "wei": reader.within("wei", wei), "is_undelegate": back},
    )
    fields = {"validator": validator, "wei": wei, "isUndelegate": back, "nonce": 0}
    return Built(user_signed("tokenDelegate", setting.network, fields), (intent,))


def _record(action: Mapping[str, object]) -> dict[str, object]:
    return renamed(action, _NAMES)


TOKEN_DELEGATE = Kind(
    name="token_delegate",
    wire="tokenDelegate",
    action=policy_action(
        "token_delegate",
        {
            "validator": FieldType.TEXT,
            "wei": FieldType.NUMBER,
            "is_undelegate": FieldType.FLAG,
        },
        restricted=True,
    ),
    build=_build,
    record=_record,
    typed=TypedForm(
        "TokenDelegate",
        (
            ("address", "validator"),
            ("uint64", "wei"),
            ("bool", "isUndelegate"),
            ("uint64", "nonce"),
        ),
    ),
    nonce="nonce",
)
