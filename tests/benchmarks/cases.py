"""What is measured: the requests, and which echo each case is compared with."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from signward.v1 import key_service_pb2 as keys_pb
from signward.v1 import sign_service_pb2 as sign_pb

__all__ = [
    "BATCH_SIZE",
    "CASES",
    "ED25519_KEY",
    "MESSAGE",
    "ORDER_KEY",
    "SECP256K1_KEY",
    "Case",
]

ED25519_KEY = "bench-ed25519"
SECP256K1_KEY = "bench-secp256k1"
ORDER_KEY = "bench-order"
MESSAGE = bytes(200)
BATCH_SIZE = 64


@dataclass(frozen=True, slots=True)
class Case:
    """One thing that a client does.

    Attributes:
        name: Its name in the results.
        echo: Name of its echo in the results: the same RPC, answered by the bare server.
        method: The RPC.
        request: Sent each time; for a stream, the item within.
        weight: How many times the work of one signature it is, so that blocks last alike.
    """

    name: str
    echo: str
    method: str
    request: Any  # each RPC has its own message
    weight: int = 1

    @property
    def streams(self) -> bool:
        """Whether it sends items over a stream."""
        return self.method == "SignStream"


_ED25519 = sign_pb.SignRequest(key=ED25519_KEY, raw=sign_pb.RawMessage(message=MESSAGE))
_SECP256K1 = sign_pb.SignRequest(
    key=SECP256K1_KEY, raw=sign_pb.RawMessage(message=MESSAGE, hash=sign_pb.HASH_SHA256)
)
_ORDER = sign_pb.SignRequest(
    key=ORDER_KEY,
    order=sign_pb.OrderIntent(
        action="order",
        coin="ETH",
        is_buy=True,
        sz="0.25",
        limit_px="3120.5",
        timestamp=int(time.time() * 1000),
    ),
)

CASES = (
    Case(
        "get_public_key",
        "echo_get_public_key",
        "GetPublicKey",
        keys_pb.GetPublicKeyRequest(key_id=ED25519_KEY),
    ),
    Case("sign_ed25519", "echo", "Sign", _ED25519),
    Case("sign_secp256k1", "echo_sign_secp256k1", "Sign", _SECP256K1),
    Case("sign_order", "echo_sign_order", "Sign", _ORDER),
    Case(
        "sign_batch_64",
        "echo_sign_batch_64",
        "SignBatch",
        sign_pb.SignBatchRequest(requests=[_ED25519] * BATCH_SIZE),
        weight=8,
    ),
    Case("sign_stream", "echo_sign_stream", "SignStream", _ED25519),
)
