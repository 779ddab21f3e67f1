"""Samples of user-signed actions, and of what is signed by several."""

from __future__ import annotations

from tests.unit.server.chains.hyperliquid.l1_samples import (
    ADDRESS,
    L1_SAMPLES,
    LOWER,
    NONCE,
    TOKEN,
    Sample,
)

OTHER = "0x" + "cd" * 20
# Of the private key of hyperliquid-python-sdk's tests/signing_test.py.
OUTER = "0x14791697260e4c9a71f18484c9f997b308e59325"
SIGNATURE = {"r": "0x01" + "2" * 62, "s": "0x3", "v": 28}
SIGNATURE_WIRE = {"r": "0x1" + "2" * 62, "s": "0x3", "v": 28}


def _mainnet(kind: str, **fields: object) -> dict[str, object]:
    head = {"type": kind, "signatureChainId": "0x66eee", "hyperliquidChain": "Mainnet"}
    return {**head, **fields}


USER_SAMPLES: dict[str, Sample] = {
    "usd_send": Sample(
        {"destination": ADDRESS, "amount": "1.50"},
        _mainnet("usdSend", destination=LOWER, amount="1.5", time=NONCE),
    ),
    "withdraw": Sample(
        {"destination": ADDRESS, "amount": "100"},
        _mainnet("withdraw3", destination=LOWER, amount="100", time=NONCE),
    ),
    "spot_send": Sample(
        {"destination": ADDRESS, "token": TOKEN, "amount": "0.1"},
        _mainnet("spotSend", destination=LOWER, token=TOKEN, amount="0.1", time=NONCE),
    ),
    "usd_class_transfer": Sample(
        {"amount": "7", "to_perp": True, "sub_account": ADDRESS},
        _mainnet("usdClassTransfer", amount=f"7 subaccount:{LOWER}", toPerp=True, nonce=NONCE),
    ),
    "send_asset": Sample(
        {
            "destination": ADDRESS,
            "source_dex": "",
            "destination_dex": "xyz",
            "token": TOKEN,
            "amount": "2",
            "from_sub_account": "",
        },
        _mainnet(
            "sendAsset",
            destination=LOWER,
            sourceDex="",
            destinationDex="xyz",
            token=TOKEN,
            amount="2",
            fromSubAccount="",
            nonce=NONCE,
        ),
    ),
    "approve_agent": Sample(
        {"agent_address": ADDRESS, "agent_name": "bot"},
        _mainnet("approveAgent", agentAddress=LOWER, agentName="bot", nonce=NONCE),
    ),
    "approve_builder_fee": Sample(
        {"max_fee_rate": "0.001%", "builder": ADDRESS},
        _mainnet("approveBuilderFee", maxFeeRate="0.001%", builder=LOWER, nonce=NONCE),
    ),
    "token_delegate": Sample(
        {"validator": ADDRESS, "wei": 5, "is_undelegate": False},
        _mainnet("tokenDelegate", validator=LOWER, wei=5, isUndelegate=False, nonce=NONCE),
    ),
    "convert_to_multi_sig_user": Sample(
        {"authorized_users": [OTHER, ADDRESS], "threshold": 2},
        _mainnet(
            "convertToMultiSigUser",
            signers=f'{{"authorizedUsers": ["{LOWER}", "{OTHER}"], "threshold": 2}}',
            nonce=NONCE,
        ),
    ),
    "user_dex_abstraction": Sample(
        {"user": ADDRESS, "enabled": True},
        _mainnet("userDexAbstraction", user=LOWER, enabled=True, nonce=NONCE),
    ),
    "user_set_abstraction": Sample(
        {"user": ADDRESS, "abstraction": "disabled"},
        _mainnet("userSetAbstraction", user=LOWER, abstraction="disabled", nonce=NONCE),
    ),
    "multi_sig": Sample(
        {
            "multi_sig_user": ADDRESS,
            "signatures": [SIGNATURE],
            "action": {"action": "cancel", "cancel": L1_SAMPLES["cancel"].record},
        },
        {
            "type": "multiSig",
            "signatureChainId": "0x66eee",
            "signatures": [SIGNATURE_WIRE],
            "payload": {
                "multiSigUser": LOWER,
                "outerSigner": OUTER,
                "action": L1_SAMPLES["cancel"].wire,
            },
        },
    ),
}

SHARE: dict[str, object] = {
    "multi_sig_user": ADDRESS,
    "outer_signer": OTHER,
    "action": {"action": "noop", "noop": {}},
}
"""Of the one kind that is not posted, and so has no action of the exchange."""
