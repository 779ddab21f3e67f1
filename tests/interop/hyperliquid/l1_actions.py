"""Actions that are packed and hashed: what a caller says, and what the exchange gets."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import strategies as st
from signward.v1 import hyperliquid_pb2 as pb

from tests.interop.hyperliquid import atoms
from tests.interop.hyperliquid.cases import Action
from tests.interop.hyperliquid.order_actions import ORDER_ACTIONS

__all__ = ["L1_ACTIONS"]

Drawn = tuple[pb.HyperliquidPayload, Action]

_MILLIONTHS = (2**63 - 1) // 100  # amounts are judged in 1e-8 units


@st.composite
def _cancel(draw: st.DrawFn) -> Drawn:
    pairs = draw(st.lists(st.tuples(atoms.assets(), atoms.counts()), min_size=1, max_size=20))
    payload = pb.HyperliquidPayload()
    payload.cancel.cancels.extend(pb.HyperliquidCancel(asset=a, oid=o) for a, o in pairs)
    return payload, {"type": "cancel", "cancels": [{"a": a, "o": o} for a, o in pairs]}


@st.composite
def _cancel_by_cloid(draw: st.DrawFn) -> Drawn:
    pairs = draw(st.lists(st.tuples(atoms.assets(), atoms.cloids()), min_size=1, max_size=20))
    payload = pb.HyperliquidPayload()
    payload.cancel_by_cloid.cancels.extend(
        pb.HyperliquidCloidCancel(asset=asset, cloid=cloid.said) for asset, cloid in pairs
    )
    cancels = [{"asset": asset, "cloid": cloid} for asset, cloid in pairs]
    return payload, {"type": "cancelByCloid", "cancels": cancels}


@st.composite
def _update_leverage(draw: st.DrawFn) -> Drawn:
    asset, cross, leverage = draw(atoms.assets()), draw(st.booleans()), draw(atoms.counts(100, 1))
    record = pb.HyperliquidUpdateLeverage(asset=asset, is_cross=cross, leverage=leverage)
    action = {"type": "updateLeverage", "asset": asset, "isCross": cross, "leverage": leverage}
    return pb.HyperliquidPayload(update_leverage=record), action


@st.composite
def _update_isolated_margin(draw: st.DrawFn) -> Drawn:
    asset, buy = draw(atoms.assets()), draw(st.booleans())
    ntli = draw(atoms.counts(_MILLIONTHS, 1)) * draw(atoms.any_of(1, -1))
    record = pb.HyperliquidUpdateIsolatedMargin(asset=asset, is_buy=buy, ntli=ntli)
    action = {"type": "updateIsolatedMargin", "asset": asset, "isBuy": buy, "ntli": ntli}
    return pb.HyperliquidPayload(update_isolated_margin=record), action


@st.composite
def _schedule_cancel(draw: st.DrawFn) -> Drawn:
    time = draw(st.none() | atoms.moments())
    payload = pb.HyperliquidPayload(schedule_cancel=pb.HyperliquidScheduleCancel(time=time))
    return payload, {"type": "scheduleCancel"} | ({} if time is None else {"time": time})


@st.composite
def _twap_order(draw: st.DrawFn) -> Drawn:
    asset, size, minutes = draw(atoms.assets()), draw(atoms.sizes()), draw(st.integers(5, 1_440))
    buy, reduce_only, randomize = (draw(st.booleans()) for _ in range(3))
    record = pb.HyperliquidTwapOrder(
        asset=asset, is_buy=buy, sz=size.said, reduce_only=reduce_only, minutes=minutes,
        randomize=randomize,
    )  # fmt: skip
    twap = {"a": asset, "b": buy, "s": size, "r": reduce_only, "m": minutes, "t": randomize}
    return pb.HyperliquidPayload(twap_order=record), {"type": "twapOrder", "twap": twap}


@st.composite
def _twap_cancel(draw: st.DrawFn) -> Drawn:
    asset, number = draw(atoms.assets()), draw(atoms.counts())
    record = pb.HyperliquidTwapCancel(asset=asset, twap_id=number)
    return pb.HyperliquidPayload(twap_cancel=record), {
        "type": "twapCancel",
        "a": asset,
        "t": number,
    }


def _noop() -> st.SearchStrategy[Drawn]:
    return st.builds(lambda: (pb.HyperliquidPayload(noop=pb.HyperliquidNoop()), {"type": "noop"}))


@st.composite
def _vault_transfer(draw: st.DrawFn) -> Drawn:
    vault, deposit, usd = (
        draw(atoms.addresses()),
        draw(st.booleans()),
        draw(atoms.counts(_MILLIONTHS, 1)),
    )
    record = pb.HyperliquidVaultTransfer(vault_address=vault.said, is_deposit=deposit, usd=usd)
    action = {"type": "vaultTransfer", "vaultAddress": vault, "isDeposit": deposit, "usd": usd}
    return pb.HyperliquidPayload(vault_transfer=record), action


def _create_sub_account() -> st.SearchStrategy[Drawn]:
    return st.one_of(atoms.names(), atoms.names(64)).map(
        lambda name: (
            pb.HyperliquidPayload(create_sub_account=pb.HyperliquidCreateSubAccount(name=name)),
            {"type": "createSubAccount", "name": name},
        )
    )


@st.composite
def _sub_account_transfer(draw: st.DrawFn) -> Drawn:
    user, deposit, usd = (
        draw(atoms.addresses()),
        draw(st.booleans()),
        draw(atoms.counts(_MILLIONTHS, 1)),
    )
    record = pb.HyperliquidSubAccountTransfer(
        sub_account_user=user.said, is_deposit=deposit, usd=usd
    )
    action = {
        "type": "subAccountTransfer",
        "subAccountUser": user,
        "isDeposit": deposit,
        "usd": usd,
    }
    return pb.HyperliquidPayload(sub_account_transfer=record), action


@st.composite
def _sub_account_spot_transfer(draw: st.DrawFn) -> Drawn:
    user, deposit = draw(atoms.addresses()), draw(st.booleans())
    token, amount = draw(atoms.tokens()), draw(atoms.amounts())
    record = pb.HyperliquidSubAccountSpotTransfer(
        sub_account_user=user.said, is_deposit=deposit, token=token, amount=amount.said
    )
    action = {
        "type": "subAccountSpotTransfer",
        "subAccountUser": user,
        "isDeposit": deposit,
        "token": token,
        "amount": amount,
    }
    return pb.HyperliquidPayload(sub_account_spot_transfer=record), action


@st.composite
def _agent_send_asset(draw: st.DrawFn) -> Drawn:
    """The nonce that it carries is set with that of the payload."""
    destination, token, amount = (
        draw(atoms.addresses()),
        draw(atoms.tokens()),
        draw(atoms.amounts()),
    )
    source, target = (draw(atoms.dexes()) for _ in range(2))
    account = draw(atoms.sub_accounts())
    record = pb.HyperliquidAgentSendAsset(
        destination=destination.said, source_dex=source, destination_dex=target, token=token,
        amount=amount.said, from_sub_account=account.said,
    )  # fmt: skip
    action = {
        "type": "agentSendAsset",
        "destination": destination,
        "sourceDex": source,
        "destinationDex": target,
        "token": token,
        "amount": amount,
        "fromSubAccount": account,
        "nonce": 0,
    }
    return pb.HyperliquidPayload(agent_send_asset=record), action


L1_ACTIONS: Mapping[str, st.SearchStrategy[Drawn]] = {
    **ORDER_ACTIONS,
    "cancel": _cancel(),
    "cancel_by_cloid": _cancel_by_cloid(),
    "update_leverage": _update_leverage(),
    "update_isolated_margin": _update_isolated_margin(),
    "schedule_cancel": _schedule_cancel(),
    "twap_order": _twap_order(),
    "twap_cancel": _twap_cancel(),
    "noop": _noop(),
    "vault_transfer": _vault_transfer(),
    "create_sub_account": _create_sub_account(),
    "sub_account_transfer": _sub_account_transfer(),
    "sub_account_spot_transfer": _sub_account_spot_transfer(),
    "agent_send_asset": _agent_send_asset(),
}
"""By the name of the kind in this API."""
