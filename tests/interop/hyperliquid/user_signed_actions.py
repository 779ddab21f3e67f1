"""Actions that are typed data of their own: what a caller says, and what the exchange gets.

The keys stand in the order that @nktkas/hyperliquid 0.33.3 posts them in, which is that of the
examples with several signers of hyperliquid-python-sdk; ``time`` and ``nonce`` are set with the
payload's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from hypothesis import strategies as st
from signward.v1 import hyperliquid_pb2 as pb

from tests.interop.hyperliquid import atoms
from tests.interop.hyperliquid.cases import LETTERS, Action

__all__ = ["USER_SIGNED_ACTIONS"]

Drawn = tuple[pb.HyperliquidPayload, Action]


def _action(wire: str, fields: Action, moment: str = "nonce") -> Action:
    return {
        "type": wire,
        "signatureChainId": "0x66eee",
        "hyperliquidChain": "",
        **fields,
        moment: 0,
    }


@st.composite
def _usd_send(draw: st.DrawFn) -> Drawn:
    destination, amount = draw(atoms.addresses()), draw(atoms.amounts())
    record = pb.HyperliquidUsdSend(destination=destination.said, amount=amount.said)
    fields = {"destination": destination, "amount": amount}
    return pb.HyperliquidPayload(usd_send=record), _action("usdSend", fields, "time")


@st.composite
def _withdraw(draw: st.DrawFn) -> Drawn:
    destination, amount = draw(atoms.addresses()), draw(atoms.amounts())
    record = pb.HyperliquidWithdraw(destination=destination.said, amount=amount.said)
    fields = {"destination": destination, "amount": amount}
    return pb.HyperliquidPayload(withdraw=record), _action("withdraw3", fields, "time")


@st.composite
def _spot_send(draw: st.DrawFn) -> Drawn:
    destination, token, amount = (
        draw(atoms.addresses()),
        draw(atoms.tokens()),
        draw(atoms.amounts()),
    )
    record = pb.HyperliquidSpotSend(destination=destination.said, token=token, amount=amount.said)
    fields = {"destination": destination, "token": token, "amount": amount}
    return pb.HyperliquidPayload(spot_send=record), _action("spotSend", fields, "time")


@st.composite
def _usd_class_transfer(draw: st.DrawFn) -> Drawn:
    amount, to_perp = draw(atoms.amounts()), draw(st.booleans())
    account = draw(atoms.perhaps_addresses())
    record = pb.HyperliquidUsdClassTransfer(amount=amount.said, to_perp=to_perp)
    signed: str = amount
    if account is not None:
        record.sub_account = account.said
        signed = f"{amount} subaccount:{account}"
    fields = {"amount": signed, "toPerp": to_perp}
    return pb.HyperliquidPayload(usd_class_transfer=record), _action("usdClassTransfer", fields)


@st.composite
def _send_asset(draw: st.DrawFn) -> Drawn:
    destination, token, amount = (
        draw(atoms.addresses()),
        draw(atoms.tokens()),
        draw(atoms.amounts()),
    )
    source, target = (draw(atoms.dexes()) for _ in range(2))
    account = draw(atoms.sub_accounts())
    record = pb.HyperliquidSendAsset(
        destination=destination.said, source_dex=source, destination_dex=target, token=token,
        amount=amount.said, from_sub_account=account.said,
    )  # fmt: skip
    fields = {
        "destination": destination,
        "sourceDex": source,
        "destinationDex": target,
        "token": token,
        "amount": amount,
        "fromSubAccount": account,
    }
    return pb.HyperliquidPayload(send_asset=record), _action("sendAsset", fields)


@st.composite
def _approve_agent(draw: st.DrawFn) -> Drawn:
    address = draw(atoms.addresses())
    name = draw(atoms.any_of("", "bot", "maker 1", "a" * 16, "bot valid_until 1795000000000"))
    record = pb.HyperliquidApproveAgent(agent_address=address.said, agent_name=name)
    fields = {"agentAddress": address, "agentName": name}
    return pb.HyperliquidPayload(approve_agent=record), _action("approveAgent", fields)


@st.composite
def _approve_builder_fee(draw: st.DrawFn) -> Drawn:
    builder, rate = draw(atoms.addresses()), draw(st.integers(0, 1_000))
    said = draw(atoms.any_of(f"{rate / 1000:.3f}%", f"{rate / 1000:g}%"))
    record = pb.HyperliquidApproveBuilderFee(max_fee_rate=said, builder=builder.said)
    fields = {"maxFeeRate": said, "builder": builder}
    return pb.HyperliquidPayload(approve_builder_fee=record), _action("approveBuilderFee", fields)


@st.composite
def _token_delegate(draw: st.DrawFn) -> Drawn:
    validator, wei, back = (
        draw(atoms.addresses()),
        draw(atoms.counts(lowest=1)),
        draw(st.booleans()),
    )
    record = pb.HyperliquidTokenDelegate(validator=validator.said, wei=wei, is_undelegate=back)
    fields = {"validator": validator, "wei": wei, "isUndelegate": back}
    return pb.HyperliquidPayload(token_delegate=record), _action("tokenDelegate", fields)


@st.composite
def _convert_to_multi_sig_user(draw: st.DrawFn) -> Drawn:
    """As hyperliquid-python-sdk writes the signers: sorted, with a space behind each comma."""
    users = draw(st.lists(atoms.addresses(), max_size=10, unique=True))
    threshold = draw(st.integers(1, len(users))) if users else 0
    record = pb.HyperliquidConvertToMultiSigUser(
        authorized_users=[user.said for user in users], threshold=threshold
    )
    signers = {"authorizedUsers": sorted(users), "threshold": threshold} if users else None
    fields = {"signers": json.dumps(signers)}
    payload = pb.HyperliquidPayload(convert_to_multi_sig_user=record)
    return payload, _action("convertToMultiSigUser", fields)


@st.composite
def _user_dex_abstraction(draw: st.DrawFn) -> Drawn:
    user, enabled = draw(atoms.addresses()), draw(st.booleans())
    record = pb.HyperliquidUserDexAbstraction(user=user.said, enabled=enabled)
    fields = {"user": user, "enabled": enabled}
    return pb.HyperliquidPayload(user_dex_abstraction=record), _action("userDexAbstraction", fields)


@st.composite
def _user_set_abstraction(draw: st.DrawFn) -> Drawn:
    user, abstraction = draw(atoms.addresses()), draw(atoms.any_of(*sorted(LETTERS)))
    record = pb.HyperliquidUserSetAbstraction(user=user.said, abstraction=abstraction)
    fields = {"user": user, "abstraction": abstraction}
    return pb.HyperliquidPayload(user_set_abstraction=record), _action("userSetAbstraction", fields)


USER_SIGNED_ACTIONS: Mapping[str, st.SearchStrategy[Drawn]] = {
    "usd_send": _usd_send(),
    "withdraw": _withdraw(),
    "spot_send": _spot_send(),
    "usd_class_transfer": _usd_class_transfer(),
    "send_asset": _send_asset(),
    "approve_agent": _approve_agent(),
    "approve_builder_fee": _approve_builder_fee(),
    "token_delegate": _token_delegate(),
    "convert_to_multi_sig_user": _convert_to_multi_sig_user(),
    "user_dex_abstraction": _user_dex_abstraction(),
    "user_set_abstraction": _user_set_abstraction(),
}
"""By the name of the kind in this API."""
