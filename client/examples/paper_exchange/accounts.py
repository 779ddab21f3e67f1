"""Accounts: their money, positions and fills, and who may act for them."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from paper_exchange.book import Fill

__all__ = ["Account", "Accounts"]

_DEPOSIT = Decimal(100_000)


@dataclass(slots=True)
class Account:
    """One account.

    Attributes:
        usdc: What it has, before what its positions are worth.
        positions: Size by coin, below zero when short.
        paid: What was paid for the position, by coin.
        fills: As the exchange tells them, the oldest first.
        signers: Who has to sign for it, when several must.
        threshold: How many of them; 0: it is an ordinary account.
    """

    usdc: Decimal = _DEPOSIT
    positions: dict[str, Decimal] = field(default_factory=dict)
    paid: dict[str, Decimal] = field(default_factory=dict)
    fills: list[dict[str, Any]] = field(default_factory=list)
    signers: frozenset[str] = frozenset()
    threshold: int = 0

    def take(self, fill: Fill, now: int) -> None:
        """Book a fill."""
        order, sign = fill.order, 1 if fill.order.is_buy else -1
        before = self.positions.get(order.coin, Decimal(0))
        self.positions[order.coin] = before + sign * fill.size
        self.paid[order.coin] = (
            self.paid.get(order.coin, Decimal(0)) + sign * fill.size * fill.price
        )
        self.usdc -= sign * fill.size * fill.price
        self.fills.append(
            {
                "coin": order.coin,
                "px": str(fill.price),
                "sz": str(fill.size),
                "side": "B" if order.is_buy else "A",
                "time": now,
                "startPosition": str(before),
                "oid": order.oid,
                "cloid": order.cloid or None,
                "crossed": fill.is_taker,
            }
        )


class Accounts:
    """All accounts, their agents, and the vaults and sub-accounts that they lead."""

    def __init__(self) -> None:
        self._accounts: dict[str, Account] = {}
        self._agents: dict[str, str] = {}  # agent: account
        self._named: dict[tuple[str, str], str] = {}  # account and name: agent
        self._led: dict[str, str] = {}  # vault: leader

    def open(self, address: str, leader: str = "") -> Account:
        """Open an account, if there is none; with a leader: a vault or sub-account of it."""
        address = address.lower()
        if leader:
            self._led[address] = leader.lower()
        return self._accounts.setdefault(address, Account())

    def get(self, address: str) -> Account | None:
        """Return an account."""
        return self._accounts.get(address.lower())

    def approve(self, account: str, agent: str, name: str) -> None:
        """Let an agent act for an account, in the place of the one of that name."""
        self._agents.pop(self._named.pop((account, name), ""), None)
        self._named[account, name] = agent.lower()
        self._agents[agent.lower()] = account

    def acted_for(self, signer: str, vault: str | None, *, as_agent: bool = True) -> str | None:
        """Return the account that a signer acts for, ``None`` if it may not."""
        account = signer if signer in self._accounts else None
        if account is None and as_agent:
            account = self._agents.get(signer)
        if vault and account is not None:
            return vault.lower() if self._led.get(vault.lower()) == account else None
        return account
