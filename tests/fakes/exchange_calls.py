"""A call of every method of the SDK's ``Exchange`` that posts something, with its arguments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from hyperliquid.utils.types import Cloid

__all__ = ["CALLS", "META", "SPOT_META", "Call"]

META = {
    "universe": [
        {"name": "BTC", "szDecimals": 5},
        {"name": "ETH", "szDecimals": 4},
        {"name": "SOL", "szDecimals": 2},
    ]
}
SPOT_META: dict[str, list[Any]] = {"universe": [], "tokens": []}
_A, _B = "0x" + "0A" * 20, "0x" + "0b" * 20
_CLOID = Cloid.from_int(7)
_GTC = {"limit": {"tif": "Gtc"}}
_STOP = {"trigger": {"isMarket": True, "triggerPx": 60000.5, "tpsl": "sl"}}
_TOKEN = "PURR:0x" + "0d" * 16


class Call(NamedTuple):
    """What a method is called with.

    Attributes:
        arguments: By position.
        kind: Member of the API's oneof that its action becomes.
        named: By name.
    """

    arguments: tuple[Any, ...]
    kind: str
    named: Mapping[str, Any] = {}


_ORDER = ("BTC", True, 0.01, 65000.5, _GTC)
_MODIFY = {
    "oid": _CLOID,
    "order": {
        "coin": "ETH",
        "is_buy": False,
        "sz": 1.0,
        "limit_px": 3200.0,
        "order_type": _STOP,
        "reduce_only": True,
        "cloid": _CLOID,
    },
}

CALLS: Mapping[str, Call] = {
    "order": Call(_ORDER, "order", {"cloid": _CLOID, "builder": {"b": _A, "f": 10}}),
    "bulk_orders": Call(
        (
            [
                {
                    "coin": "SOL",
                    "is_buy": True,
                    "sz": 10.0,
                    "limit_px": 150.25,
                    "order_type": _STOP,
                    "reduce_only": True,
                },
            ],
            None,
            "positionTpsl",
        ),
        "order",
    ),
    "modify_order": Call((7, *_ORDER), "batch_modify"),
    "bulk_modify_orders_new": Call(([_MODIFY, {**_MODIFY, "oid": 5}],), "batch_modify"),
    "market_open": Call(("ETH", True, 0.1, 3200.0), "order"),
    "market_close": Call(("ETH", None, 3200.0), "order"),
    "cancel": Call(("BTC", 7), "cancel"),
    "cancel_by_cloid": Call(("BTC", _CLOID), "cancel_by_cloid"),
    "bulk_cancel": Call(([{"coin": "BTC", "oid": 7}, {"coin": "ETH", "oid": 8}],), "cancel"),
    "bulk_cancel_by_cloid": Call(([{"coin": "BTC", "cloid": _CLOID}],), "cancel_by_cloid"),
    "schedule_cancel": Call((4_102_444_800_000,), "schedule_cancel"),
    "update_leverage": Call((5, "BTC", False), "update_leverage"),
    "update_isolated_margin": Call((-1.5, "BTC"), "update_isolated_margin"),
    "set_referrer": Call(("CODE",), "json"),
    "create_sub_account": Call(("one",), "create_sub_account"),
    "usd_class_transfer": Call((1.5, True), "usd_class_transfer"),
    "send_asset": Call((_A, "", "spot", _TOKEN, 0.00001), "send_asset"),
    "sub_account_transfer": Call((_A, True, 1_000_000), "sub_account_transfer"),
    "sub_account_spot_transfer": Call((_A, False, _TOKEN, 1.5), "sub_account_spot_transfer"),
    "vault_usd_transfer": Call((_A, True, 1_000_000), "vault_transfer"),
    "usd_transfer": Call((1.0, _A), "usd_send"),
    "spot_transfer": Call((1.0, _A, _TOKEN), "spot_send"),
    "token_delegate": Call((_A, 100, False), "token_delegate"),
    "withdraw_from_bridge": Call((2.5, _A), "withdraw"),
    "approve_builder_fee": Call((_A, "0.001%"), "approve_builder_fee"),
    "convert_to_multi_sig_user": Call(([_B, _A], 1), "convert_to_multi_sig_user"),
    "spot_deploy_register_token": Call(("TOKEN", 2, 5, 1000, "A token"), "json"),
    "spot_deploy_user_genesis": Call((1, [(_A, "5")], [(2, "6")]), "json"),
    "spot_deploy_enable_freeze_privilege": Call((1,), "json"),
    "spot_deploy_freeze_user": Call((1, _A, True), "json"),
    "spot_deploy_revoke_freeze_privilege": Call((1,), "json"),
    "spot_deploy_enable_quote_token": Call((1,), "json"),
    "spot_deploy_token_action_inner": Call(("enableQuoteToken", 1), "json"),
    "spot_deploy_genesis": Call((1, "1000", True), "json"),
    "spot_deploy_register_spot": Call((1, 0), "json"),
    "spot_deploy_register_hyperliquidity": Call((1, 2.0, 3.0, 4, 5), "json"),
    "spot_deploy_set_deployer_trading_fee_share": Call((1, "50%"), "json"),
    "perp_deploy_register_asset": Call(
        (
            "dex",
            None,
            "COIN",
            2,
            "1.5",
            1,
            True,
            {"fullName": "A dex", "collateralToken": 0, "oracleUpdater": _A},
        ),
        "json",
    ),
    "perp_deploy_set_oracle": Call(("dex", {"B": "1", "A": "2"}, [{"A": "3"}], {"A": "4"}), "json"),
    "c_signer_unjail_self": Call((), "json"),
    "c_signer_jail_self": Call((), "json"),
    "c_signer_inner": Call(("jailSelf",), "json"),
    "c_validator_register": Call(("1.2.3.4", "v", "d", True, 5, _A, False, 1), "json"),
    "c_validator_change_profile": Call((None, "v", None, True, None, 5, None), "json"),
    "c_validator_unregister": Call((), "json"),
    "multi_sig": Call(
        (
            _A,
            {"type": "noop"},
            [{"r": "0x1", "s": "0x2", "v": 27}],
            1_795_000_000_000,
        ),
        "multi_sig",
    ),
    "use_big_blocks": Call((True,), "json"),
    "agent_enable_dex_abstraction": Call((), "json"),
    "agent_set_abstraction": Call(("u",), "json"),
    "user_dex_abstraction": Call((_A, True), "user_dex_abstraction"),
    "user_set_abstraction": Call((_A, "unifiedAccount"), "user_set_abstraction"),
    "noop": Call((1_795_000_000_000,), "noop"),
    "gossip_priority_bid": Call((1, "1.2.3.4", 5), "json"),
}
"""By the method's name."""
