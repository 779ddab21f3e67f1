"""What a bot of the SDK does, signed by the daemon, counts on an exchange that does not know it."""

from __future__ import annotations

import copy
import json
from typing import Any

import eth_account
import pytest
from hyperliquid.exchange import Exchange as Sdk
from hyperliquid.utils import signing
from paper_exchange.crowd import Crowd
from paper_exchange.exchange import Exchange
from paper_exchange.signers import signer
from signward import InvalidArgument, PermissionDenied, SignwardError
from signward.hyperliquid import read_body

from tests.fakes.exchange_calls import CALLS

pytestmark = pytest.mark.integration

WALLET = eth_account.Account.from_key("0x" + "11" * 32)
GTC = {"limit": {"tif": "Gtc"}}
# What the daemon decides: when it is, and how decimals and addresses are written.
_TIMES = {"nonce", "time"}


def _call(exchange: Any, name: str) -> Any:
    arguments, _, named = copy.deepcopy(CALLS[name])
    return getattr(exchange, name)(*arguments, **named)


@pytest.fixture(scope="module")
def exchange(desk):
    return desk.exchange()


@pytest.fixture
def bodies(exchange, monkeypatch):
    """What is posted, which the exchange does not see."""
    posted = []
    monkeypatch.setattr(exchange, "_post_body", posted.append)
    monkeypatch.setattr(exchange.info, "user_state", lambda *_: _POSITION)
    return posted


_POSITION = {"assetPositions": [{"position": {"coin": "ETH", "szi": "-0.5"}}]}


@pytest.fixture
def sdk(desk, monkeypatch):
    """The SDK's own class, and what it posts."""
    made = Sdk(WALLET, desk.url, timeout=10)
    made.bodies = []
    monkeypatch.setattr(made, "post", lambda _, body: made.bodies.append(body))
    monkeypatch.setattr(made.info, "user_state", lambda *_: _POSITION)
    return made


_NOT_NOW = {"noop", "multi_sig"}  # their nonces are the caller's, and tried below


@pytest.mark.parametrize("name", sorted(set(CALLS) - _NOT_NOW))
def test_the_sdks_action_is_signed_with_the_key(desk, exchange, bodies, sdk, name):
    _call(exchange, name)
    _call(sdk, name)
    [posted] = bodies
    [expected] = sdk.bodies
    body = json.loads(posted)
    assert _written(body["action"]) == _written(expected["action"])
    assert {key: body[key] for key in ("vaultAddress", "expiresAfter")} == {
        "vaultAddress": None,
        "expiresAfter": None,
    }
    assert signer(body, is_mainnet=False) == exchange.wallet.address.lower()
    read = read_body(posted)
    assert desk.client.verify_hyperliquid("desk", read.action, read.signature).valid


def _written(value: Any) -> Any:
    """Return an action as both write it: no times, plain decimals, addresses in lower case."""
    if isinstance(value, dict):
        return [(key, _written(each)) for key, each in sorted(value.items()) if key not in _TIMES]
    if isinstance(value, list | tuple):
        return [_written(each) for each in value]
    if isinstance(value, str):
        if value.startswith("{"):
            return _written(json.loads(value))
        plain = "0.00001" if value == "1e-05" else value
        return plain.removesuffix(".0").lower()
    return value


def test_a_priority_rate_is_signed_with_the_key(exchange, bodies, sdk):
    orders = CALLS["bulk_orders"].arguments[0]
    for each in (exchange, sdk):
        each.bulk_orders(copy.deepcopy(orders), grouping={"p": 10_000})
    body = json.loads(bodies[0])
    assert body["action"]["grouping"] == {"p": 10_000}
    assert _written(body["action"]) == _written(sdk.bodies[0]["action"])
    assert signer(body, is_mainnet=False) == exchange.wallet.address.lower()


def test_there_is_always_something_to_take(monkeypatch):
    paper, mids = Exchange(), []
    crowd, trade = Crowd(paper), paper.trade
    crowd.round()

    def observed(account, action):
        answer = trade(account, action)
        mids.extend(book.mid() for book in paper.markets.books.values())
        return answer

    monkeypatch.setattr(paper, "trade", observed)
    crowd.round()
    assert mids
    assert None not in mids


def test_orders_are_traded(exchange):
    resting = exchange.order("ETH", True, 0.1, 3000, GTC)
    oid = resting["response"]["data"]["statuses"][0]["resting"]["oid"]
    assert exchange.cancel("ETH", oid)["response"]["data"]["statuses"] == ["success"]
    assert "filled" in exchange.market_open("ETH", True, 0.1)["response"]["data"]["statuses"][0]
    assert "filled" in exchange.market_close("ETH")["response"]["data"]["statuses"][0]


def test_a_vault_and_an_expiry_are_signed(desk):
    leader = desk.exchange()
    vault = leader.create_sub_account("one")["response"]["data"]
    exchange = desk.exchange(vault_address=vault)
    exchange.set_expires_after(4_102_444_800_000)
    answer = exchange.order("SOL", True, 1, 100, GTC)
    assert "resting" in answer["response"]["data"]["statuses"][0]
    assert desk.paper.info({"type": "openOrders", "user": vault})


def test_what_the_policy_refuses_is_not_posted(desk, monkeypatch):
    desk.key("bounded")
    exchange = desk.exchange("bounded")
    posted = []
    monkeypatch.setattr(exchange, "_post_body", posted.append)
    with pytest.raises(PermissionDenied) as refused:
        exchange.withdraw_from_bridge(5.0, WALLET.address)
    assert refused.value.metadata["policies"] == "no-key-of-the-treasury"
    with pytest.raises(PermissionDenied) as refused:
        exchange.order("ETH", True, 10, 3000, GTC)
    assert refused.value.metadata["policies"] == "small-orders"
    assert posted == []


def test_an_amount_that_is_none_is_refused_by_name(exchange):
    with pytest.raises(InvalidArgument) as refused:
        exchange.usd_transfer(float("nan"), WALLET.address)
    assert [each.field for each in refused.value.violations] == ["hyperliquid.usd_send.amount"]


def test_the_callers_nonce_is_signed_once(exchange):
    nonce = signing.get_timestamp_ms() + 500
    assert exchange.noop(nonce)["status"] == "ok"
    with pytest.raises(SignwardError) as refused:
        exchange.noop(nonce)
    assert refused.value.reason == "NONCE_OUT_OF_WINDOW"


def test_an_agent_is_a_key_of_the_daemon(desk):
    desk.key("master")
    master = desk.exchange("master")
    desk.client.create_key(
        "agent",
        algorithm=desk.client.get_key("master").algorithm,
        purpose=desk.client.get_key("master").purpose,
        network="testnet",
    )
    answer, agent_key = master.approve_agent("bot", agent_key="agent")
    assert (answer["status"], agent_key) == ("ok", "agent")
    agent = desk.exchange("agent", account_address=master.wallet.address)
    assert agent.order("SOL", True, 1, 100, GTC)["status"] == "ok"
    assert desk.paper.info({"type": "openOrders", "user": master.wallet.address.lower()})


@pytest.mark.parametrize("kind", ["l1", "send", "abstraction"])
def test_several_signers_act_together(desk, kind):
    """One signer is a key of the daemon, one signs with the SDK, and a third key submits."""
    name = f"several-{kind}"
    user, outer = desk.key(f"{name}-user"), desk.key(f"{name}-outer")
    desk.key(f"{name}-first")
    first = desk.exchange(f"{name}-first")
    signers = sorted([first.wallet.address.lower(), WALLET.address.lower()])
    assert desk.exchange(f"{name}-user").convert_to_multi_sig_user(signers, 2)["status"] == "ok"
    nonce = signing.get_timestamp_ms()
    constants = {"signatureChainId": "0x66eee", "hyperliquidChain": "Testnet"}
    address = WALLET.address.lower()
    inner: dict[str, Any] = {
        "l1": {"type": "scheduleCancel"},
        "send": {
            "type": "usdSend",
            **constants,
            "destination": address,
            "amount": "1",
            "time": nonce,
        },
        "abstraction": {
            "type": "userSetAbstraction",
            **constants,
            "user": address,
            "abstraction": "disabled",
            "nonce": nonce,
        },
    }[kind]
    shares = [first.multi_sig_share(user, outer, inner, nonce), _share(inner, user, outer, nonce)]
    answer = desk.exchange(f"{name}-outer").multi_sig(user, inner, shares, nonce)
    assert answer["status"] == "ok", answer


def _share(action: dict[str, Any], user: str, outer: str, nonce: int) -> Any:
    """Sign as the SDK's wallet."""
    typed = {
        "usdSend": (signing.USD_SEND_SIGN_TYPES, "HyperliquidTransaction:UsdSend"),
        "userSetAbstraction": (
            signing.USER_SET_ABSTRACTION_SIGN_TYPES,
            "HyperliquidTransaction:UserSetAbstraction",
        ),
    }
    if action["type"] in typed:
        return signing.sign_multi_sig_user_signed_action_payload(
            WALLET, action, False, *typed[action["type"]], user, outer
        )
    return signing.sign_multi_sig_l1_action_payload(
        WALLET, action, False, None, nonce, None, user, outer
    )
