"""A daemon whose bot may sign whatever the exchange knows, and a paper exchange to post it to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from paper_exchange.crowd import Crowd
from paper_exchange.exchange import Exchange
from paper_exchange.server import Server
from signward import Algorithm, Client, Purpose
from signward.hyperliquid import SignwardExchange

from tests.running.homes import Home
from tests.running.process import Daemon

KEY = "desk"
_EVERYTHING = """\
@id("the-bot-does-everything")
permit (principal == Identity::"cn:bot", action, resource);

@id("no-key-of-the-treasury")
forbid (
  principal == Identity::"cn:bot",
  action == Action::"SignHyperliquidWithdraw",
  resource
)
when { resource.id == "bounded" };

@id("small-orders")
forbid (principal == Identity::"cn:bot", action == Action::"SignHyperliquidOrder", resource)
when { resource.id == "bounded" && context.hyperliquid.notional > 100000000000 };
"""


@dataclass(frozen=True, slots=True)
class Desk:
    """Where a bot works.

    Attributes:
        daemon: Signs.
        client: The bot's connection to it.
        paper: Takes what was signed.
        url: Where it is.
    """

    daemon: Daemon
    client: Client
    paper: Exchange
    url: str

    def key(self, name: str) -> str:
        """Make a key with an account on the exchange; return its address."""
        self.client.create_key(
            name,
            algorithm=Algorithm.ALGORITHM_ECDSA_SECP256K1,
            purpose=Purpose.PURPOSE_HYPERLIQUID,
            network="testnet",
        )
        address = self.client.get_public_key(name).public_key.ethereum_address
        self.paper.accounts.open(address)
        return address

    def exchange(self, key: str = KEY, **named: Any) -> SignwardExchange:
        """Return what a bot works with."""
        return SignwardExchange(self.client, key, self.url, timeout=10, **named)


@pytest.fixture(scope="module")
def desk(new_home: Callable[[], Home]) -> Iterator[Desk]:
    home = new_home()
    home.permit(_EVERYTHING)
    paper = Exchange()
    with (
        Daemon(home) as daemon,
        daemon.client() as client,
        Crowd(paper),
        Server(paper) as server,
    ):
        made = Desk(daemon, client, paper, server.url)
        made.key(KEY)
        yield made
