"""Actions that move money, or say who may act."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from paper_exchange.accounts import Accounts
from paper_exchange.answers import DEFAULT, Rejected
from paper_exchange.signers import Json

__all__ = ["TRANSFERS"]


def _pay(accounts: Accounts, account: str, action: Json) -> dict[str, Any]:
    """Take the amount from the account, and give it to the destination if that is here."""
    amount, payer = Decimal(action["amount"]), accounts.open(account)
    if amount > payer.usdc:
        raise Rejected("Insufficient balance for withdrawal.")
    payer.usdc -= amount
    if action["type"] == "usdSend" and (payee := accounts.get(action["destination"])):
        payee.usdc += amount
    return DEFAULT


def _approve_agent(accounts: Accounts, account: str, action: Json) -> dict[str, Any]:
    agent = action["agentAddress"]
    if accounts.get(agent):
        raise Rejected(f"Agent {agent} is an account itself")
    accounts.approve(account, agent, action.get("agentName", ""))
    return DEFAULT


def _create_sub_account(accounts: Accounts, account: str, action: Json) -> dict[str, Any]:
    digest = hashlib.sha256(f"{account}/{action['name']}".encode()).hexdigest()
    address = f"0x{digest[:40]}"
    accounts.open(address, leader=account).usdc = Decimal(0)
    return {"status": "ok", "response": {"type": "createSubAccount", "data": address}}


def _sub_account_transfer(accounts: Accounts, account: str, action: Json) -> dict[str, Any]:
    sub_account = action["subAccountUser"]
    if accounts.acted_for(account, sub_account) is None:
        raise Rejected(f"{sub_account} is no sub-account")
    millionths = Decimal(action["usd"]) if action["isDeposit"] else -Decimal(action["usd"])
    accounts.open(account).usdc -= millionths / 1_000_000
    accounts.open(sub_account).usdc += millionths / 1_000_000
    return DEFAULT


def _convert_to_multi_sig_user(accounts: Accounts, account: str, action: Json) -> dict[str, Any]:
    signers = json.loads(action["signers"]) or {"authorizedUsers": [], "threshold": 0}
    converted = accounts.open(account)
    converted.signers = frozenset(user.lower() for user in signers["authorizedUsers"])
    converted.threshold = signers["threshold"]
    return DEFAULT


TRANSFERS: Mapping[str, Callable[[Accounts, str, Json], dict[str, Any]]] = {
    "usdSend": _pay,
    "withdraw3": _pay,
    "approveAgent": _approve_agent,
    "createSubAccount": _create_sub_account,
    "subAccountTransfer": _sub_account_transfer,
    "convertToMultiSigUser": _convert_to_multi_sig_user,
}
"""By the action's type. Any other action that is signed well is answered with ok, and does nothing.

Raises:
    Rejected: The action cannot be carried out.
"""
