"""One action of each kind, as a record of the API, beside the exchange's action of it."""

from __future__ import annotations

from tests.unit.server.chains.hyperliquid.sample_parts import (
    ADDRESS,
    CLOID,
    LOWER,
    NONCE,
    TOKEN,
    Sample,
)
from tests.unit.server.chains.hyperliquid.user_signed_samples import USER_SIGNED
from tests.unit.server.chains.hyperliquid.wrapped_samples import WRAPPED

__all__ = [
    "ADDRESS",
    "CLOID",
    "LIMIT",
    "LIMIT_WIRE",
    "LOWER",
    "NONCE",
    "SAMPLES",
    "TOKEN",
    "Sample",
]

LIMIT: dict[str, object] = {
    "asset": 3,
    "is_buy": True,
    "limit_px": "65000.50",
    "sz": "0.25",
    "reduce_only": False,
    "type": "limit",
    "limit": {"tif": "ioc"},
    "cloid": CLOID,
}
LIMIT_WIRE: dict[str, object] = {
    "a": 3,
    "b": True,
    "p": "65000.5",
    "s": "0.25",
    "r": False,
    "t": {"limit": {"tif": "Ioc"}},
    "c": CLOID.lower(),
}
TRIGGER: dict[str, object] = {
    "asset": 10_107,
    "is_buy": False,
    "limit_px": "103",
    "sz": "0",
    "reduce_only": True,
    "type": "trigger",
    "trigger": {"is_market": True, "trigger_px": "104.00", "tpsl": "sl"},
    "cloid": "",
}
TRIGGER_WIRE: dict[str, object] = {
    "a": 10_107,
    "b": False,
    "p": "103",
    "s": "0",
    "r": True,
    "t": {"trigger": {"isMarket": True, "triggerPx": "104", "tpsl": "sl"}},
}

SAMPLES: dict[str, Sample] = {
    "order": Sample(
        {
            "orders": [LIMIT, TRIGGER],
            "grouping": "normal_tpsl",
            "builder": {"address": ADDRESS, "fee": 10},
        },
        {
            "type": "order",
            "orders": [LIMIT_WIRE, TRIGGER_WIRE],
            "grouping": "normalTpsl",
            "builder": {"b": LOWER, "f": 10},
        },
    ),
    "cancel": Sample(
        {"cancels": [{"asset": 0, "oid": 1}, {"asset": 10_000, "oid": 2**33}]},
        {"type": "cancel", "cancels": [{"a": 0, "o": 1}, {"a": 10_000, "o": 2**33}]},
    ),
    "cancel_by_cloid": Sample(
        {"cancels": [{"asset": 7, "cloid": CLOID}]},
        {"type": "cancelByCloid", "cancels": [{"asset": 7, "cloid": CLOID.lower()}]},
    ),
    "modify": Sample(
        {"target": "oid", "oid": 77, "order": LIMIT},
        {"type": "modify", "oid": 77, "order": LIMIT_WIRE},
    ),
    "batch_modify": Sample(
        {
            "modifies": [
                {"target": "cloid", "cloid": CLOID, "order": TRIGGER},
                {"target": "oid", "oid": 0, "order": LIMIT},
            ]
        },
        {
            "type": "batchModify",
            "modifies": [
                {"oid": CLOID.lower(), "order": TRIGGER_WIRE},
                {"oid": 0, "order": LIMIT_WIRE},
            ],
        },
    ),
    "update_leverage": Sample(
        {"asset": 1, "is_cross": True, "leverage": 21},
        {"type": "updateLeverage", "asset": 1, "isCross": True, "leverage": 21},
    ),
    "update_isolated_margin": Sample(
        {"asset": 1, "is_buy": True, "ntli": -1_000_000},
        {"type": "updateIsolatedMargin", "asset": 1, "isBuy": True, "ntli": -1_000_000},
    ),
    "schedule_cancel": Sample({"time": NONCE}, {"type": "scheduleCancel", "time": NONCE}),
    "twap_order": Sample(
        {
            "asset": 5,
            "is_buy": True,
            "sz": "12.50",
            "reduce_only": False,
            "minutes": 30,
            "randomize": True,
        },
        {
            "type": "twapOrder",
            "twap": {"a": 5, "b": True, "s": "12.5", "r": False, "m": 30, "t": True},
        },
    ),
    "twap_cancel": Sample(
        {"asset": 5, "twap_id": 123_456}, {"type": "twapCancel", "a": 5, "t": 123_456}
    ),
    "noop": Sample({}, {"type": "noop"}),
    "vault_transfer": Sample(
        {"vault_address": ADDRESS, "is_deposit": True, "usd": 5_000_000},
        {"type": "vaultTransfer", "vaultAddress": LOWER, "isDeposit": True, "usd": 5_000_000},
    ),
    "create_sub_account": Sample(
        {"name": "desk two"}, {"type": "createSubAccount", "name": "desk two"}
    ),
    "sub_account_transfer": Sample(
        {"sub_account_user": ADDRESS, "is_deposit": False, "usd": 10},
        {"type": "subAccountTransfer", "subAccountUser": LOWER, "isDeposit": False, "usd": 10},
    ),
    "sub_account_spot_transfer": Sample(
        {"sub_account_user": ADDRESS, "is_deposit": True, "token": TOKEN, "amount": "1.50"},
        {
            "type": "subAccountSpotTransfer",
            "subAccountUser": LOWER,
            "isDeposit": True,
            "token": TOKEN,
            "amount": "1.5",
        },
    ),
    "agent_send_asset": Sample(
        {
            "destination": ADDRESS,
            "source_dex": "",
            "destination_dex": "spot",
            "token": TOKEN,
            "amount": "100",
            "from_sub_account": "",
        },
        {
            "type": "agentSendAsset",
            "destination": LOWER,
            "sourceDex": "",
            "destinationDex": "spot",
            "token": TOKEN,
            "amount": "100",
            "fromSubAccount": "",
            "nonce": NONCE,
        },
    ),
    **USER_SIGNED,
    **WRAPPED,
}
"""By the kind's name; what holds a nonce holds ``NONCE``."""
