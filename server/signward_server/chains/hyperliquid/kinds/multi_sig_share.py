"""Signs an action of an account with several signers as one of them."""

from __future__ import annotations

from collections.abc import Mapping

from signward_server.chains.hyperliquid.kind import Built, Kind, Setting, policy_action
from signward_server.chains.hyperliquid.reader import Reader
from signward_server.chains.hyperliquid.wrapping import read_inner, share
from signward_server.core.actions import FieldType
from signward_server.core.errors import NonceOutOfWindow

__all__ = ["MULTI_SIG_SHARE"]

_AHEAD_MS = 5_000


def _build(reader: Reader, setting: Setting) -> Built:
    """Read it. Its nonce is that of whoever submits, so that the signer's own stay as they are.

    Raises:
        NonceOutOfWindow: The nonce is more than 5 s ahead (S31).
    """
    latest = setting.now_ms + _AHEAD_MS
    if setting.now_ms and setting.nonce > latest:
        raise NonceOutOfWindow(metadata={"latest": str(latest)})
    user, outer = reader.address("multi_sig_user"), reader.address("outer_signer")
    inner = read_inner(reader, setting, MULTI_SIG_SHARE.name)
    intent = MULTI_SIG_SHARE.intent(
        setting, {"multi_sig_user": user, "outer_signer": outer, "kind": inner.kind.name}
    )
    intents = (intent, *inner.built.intents)
    sealed = share(inner, setting, user, outer)
    return Built({}, intents, grants=inner.built.grants, account=user, sealed=sealed)


def _record(action: Mapping[str, object]) -> dict[str, object]:  # noqa: ARG001  # the Kind's
    """Return nothing: the exchange has no such action."""
    return {}


MULTI_SIG_SHARE = Kind(
    name="multi_sig_share",
    wire="",
    action=policy_action(
        "multi_sig_share",
        {
            "multi_sig_user": FieldType.TEXT,
            "outer_signer": FieldType.TEXT,
            "kind": FieldType.TEXT,
        },
        restricted=True,
    ),
    build=_build,
    record=_record,
)
