"""Samples of actions of accounts with several signers."""

from __future__ import annotations

from tests.unit.server.chains.hyperliquid.sample_parts import ADDRESS, LOWER, Sample

__all__ = ["INNER", "OUTER", "WRAPPED"]

OUTER = "0x14791697260e4c9a71f18484c9f997b308e59325"
"""Address of the tests' key."""

INNER: dict[str, object] = {"action": "cancel", "cancel": {"cancels": [{"asset": 1, "oid": 2}]}}

WRAPPED: dict[str, Sample] = {
    "multi_sig": Sample(
        {
            "multi_sig_user": ADDRESS,
            "signatures": [{"r": "0x000A" + "b" * 60, "s": "0xc", "v": 27}],
            "action": INNER,
        },
        {
            "type": "multiSig",
            "signatureChainId": "0x66eee",
            "signatures": [{"r": "0xa" + "b" * 60, "s": "0xc", "v": 27}],
            "payload": {
                "multiSigUser": LOWER,
                "outerSigner": OUTER,
                "action": {"type": "cancel", "cancels": [{"a": 1, "o": 2}]},
            },
        },
    ),
    "multi_sig_share": Sample(
        {"multi_sig_user": ADDRESS, "outer_signer": "0x" + "0d" * 20, "action": INNER},
        {},
    ),
}
"""By the kind's name; a share is not posted."""
