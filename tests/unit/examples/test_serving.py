"""The paper exchange over HTTP, with a crowd that trades."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import eth_account
import pytest
import requests
from hyperliquid.exchange import Exchange as Sdk
from hyperliquid.utils.error import ClientError
from paper_exchange.crowd import Crowd
from paper_exchange.exchange import Exchange
from paper_exchange.markets import PERPETUALS
from paper_exchange.server import Server

_EXAMPLES = Path(__file__).parents[3] / "client" / "examples"
WALLET = eth_account.Account.from_key("0x" + "11" * 32)


@pytest.fixture
def url():
    exchange = Exchange()
    exchange.accounts.open(WALLET.address)
    with Crowd(exchange, pause=60), Server(exchange) as server:
        yield server.url


def test_the_sdk_trades_over_http(url):
    sdk = Sdk(WALLET, url, timeout=10)
    assert len(sdk.info.meta()["universe"]) == len(PERPETUALS)
    bids, asks = sdk.info.l2_snapshot("ETH")["levels"]
    assert len(bids) == len(asks) == 4
    assert float(bids[0]["px"]) < float(sdk.info.all_mids()["ETH"]) < float(asks[0]["px"])
    answer = sdk.market_open("ETH", True, 0.1)
    assert "filled" in answer["response"]["data"]["statuses"][0]
    with pytest.raises(ClientError):
        sdk.info.candles_snapshot("ETH", "1m", 0, 1)


def test_the_crowd_takes_what_is_near(url):
    exchange = Exchange()
    exchange.accounts.open(WALLET.address)
    crowd = Crowd(exchange)
    crowd.round()
    near = {"a": 4, "b": True, "p": "3199.9", "s": "1", "r": False, "t": {"limit": {"tif": "Gtc"}}}
    account = WALLET.address.lower()
    exchange.trade(account, {"type": "order", "orders": [near], "grouping": "na"})
    for _ in range(20):
        crowd.round()
    assert exchange.info({"type": "userFills", "user": account})


@pytest.mark.parametrize(
    ("path", "content", "status"),
    [("/other", b"{}", 404), ("/info", b"{", 422), ("/info", b'"x"', 422), ("/exchange", b"", 422)],
)
def test_what_is_not_understood_is_refused(url, path, content, status):
    assert requests.post(url + path, data=content, timeout=10).status_code == status


def test_the_program_serves_until_it_is_stopped():
    command = [sys.executable, str(_EXAMPLES / "hyperliquid_exchange.py")]
    with subprocess.Popen(
        [*command, "--account", WALLET.address],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            url = json.loads(process.stdout.readline())["url"]
            assert Sdk(WALLET, url, timeout=10).cancel("ETH", 1)["status"] == "ok"
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
