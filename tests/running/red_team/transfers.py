"""Moving value, rights or a fee to the thief, plainly."""

from __future__ import annotations

from typing import Final

from signward.v1 import hyperliquid_pb2 as pb

from tests.running.red_team.attempts import Attempt
from tests.running.red_team.thieves import HOME, THIEF, payload

__all__ = ["TRANSFERS"]

_TOKEN: Final = "USDC:0x6d1e7cde53ba9467b783cb7c530ce054"  # noqa: S105  # of a coin
_USD: Final = 1_000_000


def _always(name: str, **action: object) -> Attempt:
    return Attempt(name, lambda _: payload(**action))


TRANSFERS: Final = (
    _always("withdraw", withdraw=pb.HyperliquidWithdraw(destination=THIEF, amount="1")),
    _always(
        "withdraw to the pinned address, which nobody has approved",
        withdraw=pb.HyperliquidWithdraw(destination=HOME, amount="1"),
    ),
    _always(
        "withdraw more than is withdrawn at once",
        withdraw=pb.HyperliquidWithdraw(destination=HOME, amount="100000.01"),
    ),
    _always("send USDC", usd_send=pb.HyperliquidUsdSend(destination=THIEF, amount="1")),
    _always(
        "send a spot token",
        spot_send=pb.HyperliquidSpotSend(destination=THIEF, token=_TOKEN, amount="1"),
    ),
    _always(
        "send a token",
        send_asset=pb.HyperliquidSendAsset(destination=THIEF, token=_TOKEN, amount="1"),
    ),
    _always(
        "send a token as an agent",
        agent_send_asset=pb.HyperliquidAgentSendAsset(destination=THIEF, token=_TOKEN, amount="1"),
    ),
    _always(
        "move USDC between spot and perpetuals",
        usd_class_transfer=pb.HyperliquidUsdClassTransfer(amount="1", to_perp=True),
    ),
    _always(
        "move USDC of a sub-account",
        usd_class_transfer=pb.HyperliquidUsdClassTransfer(amount="1", sub_account=THIEF),
    ),
    _always(
        "put USDC into a vault",
        vault_transfer=pb.HyperliquidVaultTransfer(vault_address=THIEF, is_deposit=True, usd=_USD),
    ),
    _always(
        "take USDC out of a vault",
        vault_transfer=pb.HyperliquidVaultTransfer(vault_address=THIEF, usd=_USD),
    ),
    _always("make a sub-account", create_sub_account=pb.HyperliquidCreateSubAccount(name="mine")),
    _always(
        "move USDC to a sub-account",
        sub_account_transfer=pb.HyperliquidSubAccountTransfer(
            sub_account_user=THIEF, is_deposit=True, usd=_USD
        ),
    ),
    _always(
        "move a spot token to a sub-account",
        sub_account_spot_transfer=pb.HyperliquidSubAccountSpotTransfer(
            sub_account_user=THIEF, is_deposit=True, token=_TOKEN, amount="1"
        ),
    ),
    _always(
        "stake with a validator",
        token_delegate=pb.HyperliquidTokenDelegate(validator=THIEF, wei=10**8),
    ),
    _always(
        "let a builder take a fee",
        approve_builder_fee=pb.HyperliquidApproveBuilderFee(max_fee_rate="0.1%", builder=THIEF),
    ),
    _always(
        "make the account one of the thief's signers",
        convert_to_multi_sig_user=pb.HyperliquidConvertToMultiSigUser(
            authorized_users=[THIEF], threshold=1
        ),
    ),
    _always(
        "make balances one",
        user_dex_abstraction=pb.HyperliquidUserDexAbstraction(user=THIEF, enabled=True),
    ),
    _always(
        "hold balances otherwise",
        user_set_abstraction=pb.HyperliquidUserSetAbstraction(
            user=THIEF, abstraction="unifiedAccount"
        ),
    ),
    _always(
        "make the thief an agent",
        approve_agent=pb.HyperliquidApproveAgent(agent_address=THIEF, agent_name="bot"),
    ),
    _always(
        "put the thief in the place of the agent without a name",
        approve_agent=pb.HyperliquidApproveAgent(agent_address=THIEF),
    ),
)
