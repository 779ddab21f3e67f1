"""Every kind of action that is known; a new one is a file here and a line below."""

from __future__ import annotations

from types import MappingProxyType

from signward_server.chains.hyperliquid.kinds.agent_send_asset import AGENT_SEND_ASSET
from signward_server.chains.hyperliquid.kinds.approve_agent import APPROVE_AGENT
from signward_server.chains.hyperliquid.kinds.approve_builder_fee import APPROVE_BUILDER_FEE
from signward_server.chains.hyperliquid.kinds.batch_modify import BATCH_MODIFY
from signward_server.chains.hyperliquid.kinds.cancel import CANCEL
from signward_server.chains.hyperliquid.kinds.cancel_by_cloid import CANCEL_BY_CLOID
from signward_server.chains.hyperliquid.kinds.convert_to_multi_sig_user import (
    CONVERT_TO_MULTI_SIG_USER,
)
from signward_server.chains.hyperliquid.kinds.create_sub_account import CREATE_SUB_ACCOUNT
from signward_server.chains.hyperliquid.kinds.modify import MODIFY
from signward_server.chains.hyperliquid.kinds.multi_sig import MULTI_SIG
from signward_server.chains.hyperliquid.kinds.multi_sig_share import MULTI_SIG_SHARE
from signward_server.chains.hyperliquid.kinds.noop import NOOP
from signward_server.chains.hyperliquid.kinds.order import ORDER
from signward_server.chains.hyperliquid.kinds.schedule_cancel import SCHEDULE_CANCEL
from signward_server.chains.hyperliquid.kinds.send_asset import SEND_ASSET
from signward_server.chains.hyperliquid.kinds.spot_send import SPOT_SEND
from signward_server.chains.hyperliquid.kinds.sub_account_spot_transfer import (
    SUB_ACCOUNT_SPOT_TRANSFER,
)
from signward_server.chains.hyperliquid.kinds.sub_account_transfer import SUB_ACCOUNT_TRANSFER
from signward_server.chains.hyperliquid.kinds.token_delegate import TOKEN_DELEGATE
from signward_server.chains.hyperliquid.kinds.twap_cancel import TWAP_CANCEL
from signward_server.chains.hyperliquid.kinds.twap_order import TWAP_ORDER
from signward_server.chains.hyperliquid.kinds.update_isolated_margin import UPDATE_ISOLATED_MARGIN
from signward_server.chains.hyperliquid.kinds.update_leverage import UPDATE_LEVERAGE
from signward_server.chains.hyperliquid.kinds.usd_class_transfer import USD_CLASS_TRANSFER
from signward_server.chains.hyperliquid.kinds.usd_send import USD_SEND
from signward_server.chains.hyperliquid.kinds.user_dex_abstraction import USER_DEX_ABSTRACTION
from signward_server.chains.hyperliquid.kinds.user_set_abstraction import USER_SET_ABSTRACTION
from signward_server.chains.hyperliquid.kinds.vault_transfer import VAULT_TRANSFER
from signward_server.chains.hyperliquid.kinds.withdraw import WITHDRAW

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
    USD_SEND,
    WITHDRAW,
    SPOT_SEND,
    USD_CLASS_TRANSFER,
    SEND_ASSET,
    APPROVE_AGENT,
    APPROVE_BUILDER_FEE,
    TOKEN_DELEGATE,
    CONVERT_TO_MULTI_SIG_USER,
    USER_DEX_ABSTRACTION,
    USER_SET_ABSTRACTION,
    MULTI_SIG,
    MULTI_SIG_SHARE,
)

KINDS = MappingProxyType({kind.name: kind for kind in _ALL})
"""By their names in the API."""

KINDS_BY_WIRE = MappingProxyType({kind.wire: kind for kind in _ALL if kind.wire})
"""By the exchange's ``type``."""
