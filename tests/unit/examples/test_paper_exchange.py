"""The paper exchange takes what the exchange would take, and refuses what it would refuse."""

from __future__ import annotations

import copy

import eth_account
import pytest
from hyperliquid.exchange import Exchange as Sdk
from hyperliquid.utils import signing
from hyperliquid.utils.types import Cloid
from paper_exchange.exchange import Exchange

NOW = 1_795_000_000_000
MAKER, TAKER, STRANGER = (eth_account.Account.from_key("0x" + f"{n:02x}" * 32) for n in (1, 2, 3))
GTC, IOC, ALO = ({"limit": {"tif": tif}} for tif in ("Gtc", "Ioc", "Alo"))
STOP = {"trigger": {"isMarket": True, "triggerPx": 60000.0, "tpsl": "sl"}}


class Clock:
    def __init__(self):
        self.now = NOW

    def __call__(self):
        self.now += 1
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr("hyperliquid.exchange.get_timestamp_ms", clock)
    return clock


@pytest.fixture
def paper(clock):
    exchange = Exchange(clock=clock)
    for wallet in (MAKER, TAKER):
        exchange.accounts.open(wallet.address)
    return exchange


@pytest.fixture
def connect(paper):
    """The SDK's own class, which signs by itself, on the paper exchange."""

    def connected(wallet, **named):
        meta, spot_meta = (paper.info({"type": each}) for each in ("meta", "spotMeta"))
        sdk = Sdk(wallet, "http://127.0.0.1:1", meta, spot_meta=spot_meta, **named)
        sdk.bodies = []

        def post(path, body):
            if path == "/info":
                return paper.info(body)
            sdk.bodies.append(copy.deepcopy(body))
            return paper.post(body)

        sdk.post = sdk.info.post = post
        return sdk

    return connected


@pytest.fixture
def maker(connect):
    return connect(MAKER)


@pytest.fixture
def taker(connect):
    return connect(TAKER)


def status(answer):
    [only] = answer["response"]["data"]["statuses"]
    return only


def refusal(answer):
    assert answer["status"] == "err"
    return answer["response"]


def test_orders_rest_and_are_filled_best_price_first(maker, taker):
    worse = status(maker.order("BTC", True, 0.01, 64000, GTC))["resting"]["oid"]
    status(maker.order("BTC", True, 0.01, 64500, GTC, cloid=Cloid.from_int(5)))
    filled = status(taker.order("BTC", False, 0.015, 63000, GTC))["filled"]
    assert (filled["totalSz"], filled["avgPx"]) == ("0.015", "64333.333")
    [left] = maker.info.open_orders(MAKER.address)
    assert (left["oid"], left["sz"], left["origSz"]) == (worse, "0.005", "0.01")
    [first, second] = maker.info.user_fills(MAKER.address)[::-1]
    assert (first["px"], first["sz"], first["crossed"]) == ("64500", "0.01", False)
    assert (second["px"], second["startPosition"]) == ("64000", "0.01")
    book = maker.info.l2_snapshot("BTC")
    assert book["levels"] == [[{"px": "64000", "sz": "0.005", "n": 1}], []]
    [position] = taker.info.user_state(TAKER.address)["assetPositions"]
    assert position["position"]["szi"] == "-0.015"


def test_one_does_not_trade_with_oneself(maker):
    maker.order("BTC", True, 0.01, 64000, GTC)
    assert "resting" in status(maker.order("BTC", False, 0.01, 64000, GTC))


@pytest.mark.parametrize(
    ("order", "problem"),
    [
        (("BTC", True, 0.01, 65000, ALO), "would have immediately matched"),
        (("BTC", False, 0.01, 65000, IOC), "could not immediately match"),
        (("BTC", True, 0.0001, 65000, GTC), "minimum value of $10"),
        (("BTC", True, 0.01, 65000, GTC, True), "would increase position"),
    ],
)
def test_orders_that_the_book_does_not_take(maker, taker, order, problem):
    maker.order("BTC", False, 0.01, 65000, GTC)
    assert problem in status(taker.order(*order))["error"]


def test_a_position_is_closed_by_a_reduce_only_order(maker, taker):
    for is_buy, price in ((False, 65000), (True, 64000)):
        maker.order("BTC", is_buy, 0.02, price, GTC)
    assert "filled" in status(taker.market_open("BTC", True, 0.01))
    assert "filled" in status(taker.market_close("BTC"))
    state = taker.info.user_state(TAKER.address)
    assert (state["assetPositions"], state["withdrawable"]) == ([], "99990.00")


def test_orders_are_cancelled_and_replaced(maker):
    oid = status(maker.order("BTC", True, 0.01, 64000, GTC))["resting"]["oid"]
    cloid = Cloid.from_int(6)
    maker.order("BTC", True, 0.01, 63000, GTC, cloid=cloid)
    replaced = status(maker.modify_order(oid, "BTC", True, 0.02, 64100, GTC))["resting"]["oid"]
    assert replaced > oid
    assert "already canceled" in status(maker.cancel("BTC", oid))["error"]
    assert "Cannot modify" in status(maker.modify_order(oid, "BTC", True, 1, 1, GTC))["error"]
    assert "already canceled" in status(maker.cancel("ETH", replaced))["error"]
    assert status(maker.cancel("BTC", replaced)) == "success"
    assert status(maker.cancel_by_cloid("BTC", cloid)) == "success"
    assert maker.info.open_orders(MAKER.address) == []


def test_a_single_modify_is_answered_as_a_whole(maker, paper):
    oid = status(maker.order("BTC", True, 0.01, 64000, GTC))["resting"]["oid"]
    modify = {"type": "modify", "oid": oid, "order": maker.bodies[0]["action"]["orders"][0]}
    assert paper.trade(MAKER.address.lower(), modify)["status"] == "ok"
    assert "Cannot modify" in refusal(paper.trade(MAKER.address.lower(), modify))


def test_an_order_that_waits_for_a_price_waits(maker, taker):
    maker.order("BTC", False, 0.01, 60000, STOP)
    assert "could not" in status(taker.order("BTC", True, 0.01, 60000, IOC))["error"]
    assert len(maker.info.open_orders(MAKER.address)) == 1


def test_everything_is_cancelled_at_a_time(maker, clock):
    maker.order("BTC", True, 0.01, 64000, GTC)
    maker.schedule_cancel(clock.now + 50)
    maker.schedule_cancel(None)
    clock.now += 100
    maker.update_leverage(3, "BTC")
    assert len(maker.info.open_orders(MAKER.address)) == 1
    maker.schedule_cancel(clock.now + 50)
    clock.now += 100
    maker.update_leverage(3, "BTC")
    assert maker.info.open_orders(MAKER.address) == []


def test_a_stranger_does_not_exist(connect):
    assert "does not exist" in refusal(connect(STRANGER).cancel("BTC", 1))


@pytest.mark.parametrize("change", ["nonce", "vaultAddress", "expiresAfter", "action"])
def test_a_body_that_was_changed_is_of_a_stranger(maker, paper, change):
    maker.cancel("BTC", 1)
    [body] = maker.bodies
    other = {
        "nonce": body["nonce"] + 1,
        "vaultAddress": MAKER.address,
        "expiresAfter": NOW + 10_000,
        "action": {"type": "noop"},
    }
    assert "does not exist" in refusal(paper.post(body | {change: other[change]}))


def test_signatures_of_the_other_network_are_of_strangers(maker):
    paper = Exchange(is_mainnet=True, clock=lambda: NOW)
    paper.accounts.open(MAKER.address)
    maker.cancel("BTC", 1)
    assert "does not exist" in refusal(paper.post(maker.bodies[0]))
    maker.usd_transfer(1.0, TAKER.address)
    assert refusal(paper.post(maker.bodies[1])) == "the action is for another chain"


def test_a_nonce_counts_once_and_among_the_hundred_highest(maker, paper, monkeypatch):
    nonces = []
    monkeypatch.setattr("hyperliquid.exchange.get_timestamp_ms", lambda: nonces[-1])

    def post(nonce):
        nonces.append(nonce)
        return maker.cancel("BTC", 1)

    assert post(NOW)["status"] == "ok"
    assert "duplicate" in refusal(post(NOW))
    assert [post(NOW + n)["status"] for n in range(2, 200, 2)] == ["ok"] * 99
    assert post(NOW + 1)["status"] == "ok"  # out of order, above the lowest of the hundred
    assert "below the 100 highest" in refusal(post(NOW - 1))
    assert "too far" in refusal(post(NOW - 3 * 86_400_000))
    assert "too far" in refusal(post(NOW + 2 * 86_400_000))


def test_an_action_expires(maker, clock):
    maker.set_expires_after(clock.now)
    assert "expired" in refusal(maker.cancel("BTC", 1))
    maker.set_expires_after(clock.now + 1000)
    assert maker.cancel("BTC", 1)["status"] == "ok"


def test_an_agent_trades_and_pays_nobody(maker, connect):
    answer, secret = maker.approve_agent("bot")
    assert answer["status"] == "ok"
    agent = connect(eth_account.Account.from_key(secret), account_address=MAKER.address)
    assert "resting" in status(agent.order("BTC", True, 0.01, 64000, GTC))
    assert len(maker.info.open_orders(MAKER.address)) == 1
    assert "does not exist" in refusal(agent.usd_transfer(1.0, TAKER.address))
    maker.approve_agent("bot")  # another key takes the name
    assert "does not exist" in refusal(agent.cancel("BTC", 1))
    assert maker.approve_agent()[0]["status"] == "ok"


def test_an_account_is_no_agent(maker, monkeypatch):
    monkeypatch.setattr("secrets.token_hex", lambda _: "02" * 32)
    assert "is an account itself" in refusal(maker.approve_agent("bot")[0])


def test_money_moves(maker, taker):
    assert maker.usd_transfer(5.5, TAKER.address)["status"] == "ok"
    assert maker.withdraw_from_bridge(4.5, STRANGER.address)["status"] == "ok"
    assert maker.info.user_state(MAKER.address)["withdrawable"] == "99990.0"
    assert maker.info.user_state(TAKER.address)["withdrawable"] == "100005.5"
    assert "Insufficient" in refusal(maker.usd_transfer(1e6, TAKER.address))
    assert maker.approve_builder_fee(TAKER.address, "0.001%")["status"] == "ok"


def test_a_sub_account_is_acted_for_by_its_leader(maker, taker, connect):
    sub_account = maker.create_sub_account("one")["response"]["data"]
    assert maker.sub_account_transfer(sub_account, True, 3_000_000)["status"] == "ok"
    assert maker.sub_account_transfer(sub_account, False, 1_000_000)["status"] == "ok"
    assert maker.info.user_state(sub_account)["withdrawable"] == "2"
    assert "no sub-account" in refusal(taker.sub_account_transfer(sub_account, True, 1))
    for wallet, resting in ((MAKER, True), (TAKER, False)):
        order = connect(wallet, vault_address=sub_account).order("BTC", True, 0.01, 64000, GTC)
        assert (order["status"] == "ok") is resting


def test_several_signers_act_together(maker, taker, connect, clock):
    users = [TAKER.address.lower(), STRANGER.address.lower()]
    maker.convert_to_multi_sig_user(users, 2)
    assert "needs 2 signatures" in refusal(maker.cancel("BTC", 1))
    inner = {"type": "noop"}
    send = {
        "type": "usdSend",
        "signatureChainId": "0x66eee",
        "hyperliquidChain": "Testnet",
        "destination": TAKER.address.lower(),
        "amount": "1",
    }
    for action, typed in ((inner, False), (send, True)):
        nonce = clock()
        if typed:
            action["time"] = nonce
        both = [share(each, action, nonce, typed) for each in (TAKER, STRANGER)]
        answer = taker.multi_sig(MAKER.address, action, both, nonce)
        assert answer["status"] == "ok", answer
    nonce = clock()
    abstraction = {
        "type": "userSetAbstraction",
        "signatureChainId": "0x66eee",
        "hyperliquidChain": "Testnet",
        "user": MAKER.address.lower(),
        "abstraction": "disabled",
        "nonce": nonce,
    }
    both = [share(each, abstraction, nonce, True) for each in (TAKER, STRANGER)]
    assert taker.multi_sig(MAKER.address, abstraction, both, nonce)["status"] == "ok"
    assert taker.bodies[-1]["action"]["payload"]["action"]["abstraction"] == "i"
    one = [share(TAKER, inner, clock.now + 1, False)]
    assert "too few" in refusal(taker.multi_sig(MAKER.address, inner, one, clock()))
    assert "is no account of several" in refusal(taker.multi_sig(TAKER.address, inner, [], clock()))
    broken = [{"r": "0x0", "s": "0x0", "v": 27}]
    assert "is none" in refusal(taker.multi_sig(MAKER.address, inner, broken, clock()))


def share(wallet, action, nonce, typed):
    users = (MAKER.address, TAKER.address)
    if typed:
        types, name = {
            "usdSend": (signing.USD_SEND_SIGN_TYPES, "UsdSend"),
            "userSetAbstraction": (signing.USER_SET_ABSTRACTION_SIGN_TYPES, "UserSetAbstraction"),
        }[action["type"]]
        return signing.sign_multi_sig_user_signed_action_payload(
            wallet, action, False, types, f"HyperliquidTransaction:{name}", *users
        )
    return signing.sign_multi_sig_l1_action_payload(
        wallet, action, False, None, nonce, None, *users
    )


@pytest.mark.parametrize(
    "change",
    [
        {"signature": {"r": "0x0", "s": "0x0", "v": 27}},
        {"signature": {"r": "zz", "s": "0x0", "v": 27}},
        {"signature": None},
        {"nonce": "x"},
    ],
)
def test_what_is_no_signature_is_refused(maker, paper, change):
    maker.cancel("BTC", 1)
    assert refusal(paper.post(maker.bodies[0] | change)) == "the signature is none"


def test_a_nonce_within_an_action_is_that_of_the_body(maker, paper):
    maker.usd_transfer(1.0, TAKER.address)
    body = maker.bodies[0]
    assert "another nonce" in refusal(paper.post(body | {"nonce": body["nonce"] + 1}))


@pytest.mark.parametrize("body", [{}, {"action": {}}, {"action": {"type": "order"}, "nonce": 1}])
def test_what_is_no_body_is_refused(paper, body):
    assert refusal(paper.post(body)) == "Failed to deserialize the JSON body"


def test_what_is_not_known_is_no_answer(paper):
    for request in ({"type": "other"}, {}, {"type": "l2Book", "coin": "DOGE"}):
        with pytest.raises(KeyError):
            paper.info(request)
