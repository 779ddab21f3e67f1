"""One action of each kind that is posted."""

from __future__ import annotations

from tests.unit.server.chains.hyperliquid.l1_samples import (
    ADDRESS,
    L1_SAMPLES,
    LIMIT,
    LOWER,
    NONCE,
    TOKEN,
    TRIGGER,
    Sample,
)
from tests.unit.server.chains.hyperliquid.user_samples import OTHER, SHARE, USER_SAMPLES

__all__ = [
    "ADDRESS",
    "LIMIT",
    "LOWER",
    "NONCE",
    "OTHER",
    "SAMPLES",
    "SHARE",
    "TOKEN",
    "TRIGGER",
    "Sample",
]

SAMPLES: dict[str, Sample] = {**L1_SAMPLES, **USER_SAMPLES}
"""By the kind's name; what holds a nonce holds ``NONCE``, and the network is mainnet."""
