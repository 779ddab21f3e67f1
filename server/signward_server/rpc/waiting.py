"""Which requests to sign may have to wait for the store, whatever their keys are."""

from __future__ import annotations

from signward.v1 import sign_service_pb2 as pb

__all__ = ["may_wait"]

# Actions of the exchange that no store is asked about but for caps: nobody else approves them, and
# they give no rights.
_TRADING = frozenset(
    {
        "order",
        "cancel",
        "cancel_by_cloid",
        "modify",
        "batch_modify",
        "update_leverage",
        "update_isolated_margin",
        "schedule_cancel",
        "twap_order",
        "twap_cancel",
        "noop",
    }
)


def may_wait(message: pb.SignRequest) -> bool:
    """Return whether a request is none for the thread that serves everybody."""
    if message.request_id:
        return True
    if not message.HasField("hyperliquid"):
        return False
    payload = message.hyperliquid
    return payload.nonce != 0 or payload.WhichOneof("action") not in _TRADING
