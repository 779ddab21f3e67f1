"""Moves margin into or out of an isolated position."""

from __future__ import annotations

from collections.abc import Mapping

from signward_server.chains.hyperliquid.decimals import units_of_millionths
from signward_server.chains.hyperliquid.kind import Built, Kind, Setting, policy_action
from signward_server.chains.hyperliquid.reader import Reader
from signward_server.chains.hyperliquid.renaming import renamed
from signward_server.core.actions import FieldType

__all__ = ["UPDATE_ISOLATED_MARGIN"]


_NAMES = {"asset": "asset", "isBuy": "is_buy", "ntli": "ntli"}
_MAX_NTLI = 2**63 - 1


def _build(reader: Reader, setting: Setting) -> Built:
    asset, is_buy = reader.uint("asset"), reader.flag("is_buy")
    ntli = reader.uint("ntli", _MAX_NTLI, -_MAX_NTLI)
    amount = reader.within("ntli", units_of_millionths(abs(ntli)))
    intent = UPDATE_ISOLATED_MARGIN.intent(
        setting, {"asset": asset, "amount": amount, "removes": ntli < 0}
    )
    wire: dict[str, object] = {
        "type": "updateIsolatedMargin",
        "asset": asset,
        "isBuy": is_buy,
        "ntli": ntli,
    }
    return Built(wire, (intent,))


def _record(action: Mapping[str, object]) -> dict[str, object]:
    return renamed(action, _NAMES)


UPDATE_ISOLATED_MARGIN = Kind(
    name="update_isolated_margin",
    wire="updateIsolatedMargin",
    action=policy_action(
        "update_isolated_margin",
        {"asset": FieldType.NUMBER, "amount": FieldType.NUMBER, "removes": FieldType.FLAG},
    ),
    build=_build,
    record=_record,
)
