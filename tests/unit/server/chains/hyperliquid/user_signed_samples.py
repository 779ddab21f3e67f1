"""Samples of what is signed as typed data of its own, on the main network."""

from __future__ import annotations

from tests.unit.server.chains.hyperliquid.sample_parts import ADDRESS, LOWER, NONCE, TOKEN, Sample

__all__ = ["USER_SIGNED"]


def _wire(kind: str, fields: dict[str, object], moment: str = "nonce") -> dict[str, object]:
    return {
        "type": kind,
        "signatureChainId": "0x66eee",
        "hyperliquidChain": "Mainnet",
        **fields,
        moment: NONCE,
    }


USER_SIGNED: dict[str, Sample] = {
    "usd_send": Sample(
        {"destination": ADDRESS, "amount": "12.50"},
        _wire("usdSend", {"destination": LOWER, "amount": "12.5"}, "time"),
    ),
    "withdraw": Sample(
        {"destination": ADDRESS, "amount": "7"},
        _wire("withdraw3", {"destination": LOWER, "amount": "7"}, "time"),
    ),
    "spot_send": Sample(
        {"destination": ADDRESS, "token": TOKEN, "amount": "0.5"},
        _wire("spotSend", {"destination": LOWER, "token": TOKEN, "amount": "0.5"}, "time"),
    ),
    "usd_class_transfer": Sample(
        {"amount": "3.0", "to_perp": True, "sub_account": ADDRESS},
        _wire("usdClassTransfer", {"amount": f"3 subaccount:{LOWER}", "toPerp": True}),
    ),
    "send_asset": Sample(
        {
            "destination": ADDRESS,
            "source_dex": "",
            "destination_dex": "spot",
            "token": "USDC",
            "amount": "100",
            "from_sub_account": ADDRESS,
        },
        _wire(
            "sendAsset",
            {
                "destination": LOWER,
                "sourceDex": "",
                "destinationDex": "spot",
                "token": "USDC",
                "amount": "100",
                "fromSubAccount": LOWER,
            },
        ),
    ),
    "approve_agent": Sample(
        {"agent_address": ADDRESS, "agent_name": "bot valid_until 1800000000000"},
        _wire(
            "approveAgent",
            {"agentAddress": LOWER, "agentName": "bot valid_until 1800000000000"},
        ),
    ),
    "approve_builder_fee": Sample(
        {"max_fee_rate": "0.010%", "builder": ADDRESS},
        _wire("approveBuilderFee", {"maxFeeRate": "0.010%", "builder": LOWER}),
    ),
    "token_delegate": Sample(
        {"validator": ADDRESS, "wei": 5, "is_undelegate": False},
        _wire("tokenDelegate", {"validator": LOWER, "wei": 5, "isUndelegate": False}),
    ),
    "convert_to_multi_sig_user": Sample(
        {"authorized_users": ["0x" + "EE" * 20, ADDRESS], "threshold": 2},
        _wire(
            "convertToMultiSigUser",
            {
                "signers": f'{{"authorizedUsers": ["{LOWER}", "0x{"ee" * 20}"], "threshold": 2}}',
            },
        ),
    ),
    "user_dex_abstraction": Sample(
        {"user": ADDRESS, "enabled": True},
        _wire("userDexAbstraction", {"user": LOWER, "enabled": True}),
    ),
    "user_set_abstraction": Sample(
        {"user": ADDRESS, "abstraction": "portfolioMargin"},
        _wire("userSetAbstraction", {"user": LOWER, "abstraction": "portfolioMargin"}),
    ),
}
"""By the kind's name."""
