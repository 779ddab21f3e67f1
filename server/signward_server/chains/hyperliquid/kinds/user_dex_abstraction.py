"""Sets whether balances of the exchanges are one."""

from __future__ import annotations

from collections.abc import Mapping

from signward_server.chains.hyperliquid.kind import Built, Kind, Setting, policy_action
from signward_server.chains.hyperliquid.reader import Reader
from signward_server.chains.hyperliquid.renaming import renamed
from signward_server.chains.hyperliquid.typed_form import TypedForm, user_signed
from signward_server.core.actions import FieldType

__all__ = ["USER_DEX_ABSTRACTION"]

_NAMES = {"user": "user", "enabled": "enabled"}


def _build(reader: Reader, setting: Setting) -> Built:
    user, enabled = reader.address("user"), reader.flag("enabled")
    intent = USER_DEX_ABSTRACTION.intent(setting, {"user": user, "enabled": enabled})
    fields = {"user": user, "enabled": enabled, "nonce": 0}
    wire = user_signed("userDexAbstraction", setting.network, fields)
    return Built(wire, (intent,), account=user)


def _record(action: Mapping[str, object]) -> dict[str, object]:
    return renamed(action, _NAMES)


USER_DEX_ABSTRACTION = Kind(
    name="user_dex_abstraction",
    wire="userDexAbstraction",
    action=policy_action(
        "user_dex_abstraction",
        {"user": FieldType.TEXT, "enabled": FieldType.FLAG},
        restricted=True,
    ),
    build=_build,
    record=_record,
    typed=TypedForm(
        "UserDexAbstraction", (("address", "user"), ("bool", "enabled"), ("uint64", "nonce"))
    ),
    nonce="nonce",
)
