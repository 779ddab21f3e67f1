"""Every kind of action that is known; a new one is a file here and a line below."""

from __future__ import annotations

from types import MappingProxyType

from signward_server.chains.hyperliquid.kinds.agent_send_asset import AGENT_SEND_ASSET
from signward_server.chains.hyperliquid.kinds.batch_modify import BATCH_MODIFY
from signward_server.chains.hyperliquid.kinds.cancel import CANCEL
from signward_server.chains.hyperliquid.kinds.cancel_by_cloid import CANCEL_BY_CLOID
from signward_server.chains.hyperliquid.kinds.create_sub_account import CREATE_SUB_ACCOUNT
from signward_server.chains.hyperliquid.kinds.modify import MODIFY
from signward_server.chains.hyperliquid.kinds.noop import NOOP
from signward_server.chains.hyperliquid.kinds.order import ORDER
from signward_server.chains.hyperliquid.kinds.schedule_cancel import SCHEDULE_CANCEL
from signward_server.chains.hyperliquid.kinds.sub_account_spot_transfer import (
    SUB_ACCOUNT_SPOT_TRANSFER,
)
from signward_server.chains.hyperliquid.kinds.sub_account_transfer import SUB_ACCOUNT_TRANSFER
from signward_server.chains.hyperliquid.kinds.twap_cancel import TWAP_CANCEL
from signward_server.chains.hyperliquid.kinds.twap_order import TWAP_ORDER
from signward_server.chains.hyperliquid.kinds.update_isolated_margin import UPDATE_ISOLATED_MARGIN
from signward_server.chains.hyperliquid.kinds.update_leverage import UPDATE_LEVERAGE
from signward_server.chains.hyperliquid.kinds.vault_transfer import VAULT_TRANSFER

__all__ = ["KINDS", "KINDS_BY_WIRE"]

_ALL = (
    ORDER,
    CANCEL,
    CANCEL_BY_CLOID,
    MODIFY,
    BATCH_MODIFY,
    UPDATE_LEVERAGE,
    UPDATE_ISOLATED_MARGIN,
    SCHEDULE_CANCEL,
    TWAP_ORDER,
    TWAP_CANCEL,
    NOOP,
    VAULT_TRANSFER,
    CREATE_SUB_ACCOUNT,
    SUB_ACCOUNT_TRANSFER,
    SUB_ACCOUNT_SPOT_TRANSFER,
    AGENT_SEND_ASSET,
)

KINDS = MappingProxyType({kind.name: kind for kind in _ALL})
"""By their names in the API."""

KINDS_BY_WIRE = MappingProxyType({kind.wire: kind for kind in _ALL if kind.wire})
"""By the exchange's ``type``."""
