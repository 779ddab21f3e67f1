"""``SignwardExchange`` asks for what the SDK would have signed, and posts the answer."""

from __future__ import annotations

import copy
import inspect
import json
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import eth_account
import hyperliquid.exchange
import pytest
from hyperliquid.utils import constants
from hyperliquid.utils.error import ClientError
from signward import PermissionDenied, SignwardError
from signward.hyperliquid import SignwardExchange, hyperliquid_payload
from signward.v1 import sign_service_pb2 as pb

from tests.fakes.exchange_calls import CALLS, META, SPOT_META

URL = "http://127.0.0.1:1"
VAULT = "0x" + "0f" * 20
WALLET = eth_account.Account.from_key("0x" + "11" * 32)
POSITION = {"assetPositions": [{"position": {"coin": "ETH", "szi": "-0.5"}}]}
CHAIN = {"signatureChainId", "hyperliquidChain"}


@dataclass
class Daemon:
    """Notes what it is asked to sign."""

    asked: list[tuple[dict[str, Any], dict[str, Any]]] = field(default_factory=list)
    failure: SignwardError | None = None
    addresses: int = 0

    def sign_hyperliquid(self, key: str, action: Any, **named: Any) -> pb.SignResponse:
        if self.failure:
            raise self.failure
        assert key == "desk"
        self.asked.append((action, named))
        answer = pb.SignResponse()
        answer.hyperliquid.r, answer.hyperliquid.s, answer.hyperliquid.v = "0x1", "0x2", 28
        answer.hyperliquid.post_body = b'{ "signed": "\xc3\xa9" }'
        return answer

    @property
    def accounts(self) -> Daemon:
        return self

    def approve_agent(self, key: str, agent_key: str, **named: Any) -> Any:
        assert key == "desk"
        self.asked.append((agent_key, named))
        return SimpleNamespace(signature=SimpleNamespace(post_body=b"an approval"))

    def get_public_key(self, key: str, *, version: int) -> Any:
        self.addresses += 1
        return SimpleNamespace(public_key=SimpleNamespace(ethereum_address=WALLET.address))


@dataclass
class Session:
    """Notes what is posted."""

    status: int = 200
    text: str = '{"status": "ok"}'
    posted: list[tuple[str, Any, float | None]] = field(default_factory=list)

    def post(self, url: str, *, data: bytes, timeout: float | None) -> Any:
        self.posted.append((url, data, timeout))
        return SimpleNamespace(
            status_code=self.status,
            text=self.text,
            headers={},
            json=lambda: json.loads(self.text),
        )


@pytest.fixture
def daemon():
    return Daemon()


@pytest.fixture
def exchange(daemon):
    made = SignwardExchange(daemon, "desk", URL, META, spot_meta=SPOT_META, timeout=3, version=2)
    made.session = Session()
    made.info.user_state = lambda *_: POSITION
    return made


@pytest.fixture
def sdk(monkeypatch):
    """The SDK's own, which signs, and notes what it would post."""
    made = hyperliquid.exchange.Exchange(WALLET, URL, META, spot_meta=SPOT_META)
    made.posted = []
    made.post = lambda _, body: made.posted.append(body)
    made.info.user_state = lambda *_: POSITION
    monkeypatch.setattr(hyperliquid.exchange, "get_timestamp_ms", lambda: 0)
    return made


def call(exchange: Any, name: str) -> Any:
    arguments, _, named = copy.deepcopy(CALLS[name])  # the SDK changes what it is given
    return getattr(exchange, name)(*arguments, **named)


def public_methods() -> set[str]:
    methods = inspect.getmembers(hyperliquid.exchange.Exchange, inspect.isfunction)
    return {name for name, _ in methods if not name.startswith("_")}


def test_every_method_of_the_sdk_is_tried():
    assert set(CALLS) == public_methods() - {"approve_agent", "post", "set_expires_after"}


@pytest.mark.parametrize("name", CALLS)
def test_the_daemon_is_asked_for_what_the_sdk_signs(exchange, sdk, daemon, name):
    assert call(exchange, name) == {"status": "ok"}
    call(sdk, name)
    [(action, named)] = daemon.asked
    [body] = sdk.posted
    expected = {
        key: value
        for key, value in body["action"].items()
        if key not in CHAIN or (name == "multi_sig")
    }
    if name == "send_asset":  # 1e-05, which the daemon does not take
        expected["amount"] = "0.00001"
    assert list(action.items()) == list(expected.items())  # their order is signed too
    assert named == {
        "vault_address": "",
        "expires_after": 0,
        "nonce": body["nonce"],
        "version": 2,
    }
    assert hyperliquid_payload(action).WhichOneof("action") == CALLS[name].kind


def test_a_priority_rate_is_asked_for_as_the_sdk_signs_it(exchange, sdk, daemon):
    for each in (exchange, sdk):
        each.bulk_orders(copy.deepcopy(CALLS["bulk_orders"].arguments[0]), grouping={"p": 5})
    [(action, _)] = daemon.asked
    [body] = sdk.posted
    assert list(action.items()) == list(body["action"].items())
    message = hyperliquid_payload(action).order
    assert (message.priority_rate, len(message.orders)) == (5, 1)


@pytest.mark.parametrize("name", CALLS)
def test_vault_and_expiry_are_those_that_the_sdk_signs(exchange, daemon, monkeypatch, name):
    signed = []
    monkeypatch.setattr(
        hyperliquid.exchange,
        "sign_l1_action",
        lambda _, __, vault, ___, expires, ____: signed.append((vault or "", expires)),
    )
    monkeypatch.setattr(
        hyperliquid.exchange,
        "sign_multi_sig_action",
        lambda _, __, ___, vault, ____, expires: signed.append((vault or "", expires)),
    )
    sdk = hyperliquid.exchange.Exchange(WALLET, URL, META, VAULT, spot_meta=SPOT_META)
    sdk.post = lambda *_: None
    exchange.vault_address = VAULT
    for each in (sdk, exchange):
        each.info.user_state = lambda *_: POSITION
        each.set_expires_after(9)
        call(each, name)
    [(_, named)] = daemon.asked
    assert (named["vault_address"], named["expires_after"]) == (signed or [("", 0)])[0]


def test_exactly_what_was_signed_is_posted(exchange):
    exchange.cancel("BTC", 1)
    assert exchange.session.posted == [(f"{URL}/exchange", b'{ "signed": "\xc3\xa9" }', 3)]


def test_what_the_daemon_refuses_is_not_posted(exchange, daemon):
    daemon.failure = PermissionDenied("no", reason="POLICY_DENIED")
    with pytest.raises(PermissionDenied):
        exchange.cancel("BTC", 1)
    assert exchange.session.posted == []


def test_answers_are_those_of_the_sdk(exchange):
    exchange.session = Session(text="no JSON")
    assert exchange.cancel("BTC", 1) == {"error": "Could not parse JSON: no JSON"}
    exchange.session = Session(status=422, text='{"code": 1, "msg": "no"}')
    with pytest.raises(ClientError):
        exchange.cancel("BTC", 1)


def test_an_agent_is_not_made_in_this_process(exchange, daemon):
    with pytest.raises(TypeError, match="a key of the daemon"):
        exchange.approve_agent("bot")
    assert daemon.asked == exchange.session.posted == []


@pytest.mark.parametrize(
    ("url", "network"), [(URL, "testnet"), (constants.MAINNET_API_URL, "mainnet")]
)
def test_an_agent_is_a_key_of_the_daemon(exchange, daemon, url, network):
    exchange.base_url = url
    assert exchange.approve_agent("bot", agent_key="agent") == ({"status": "ok"}, "agent")
    assert daemon.asked == [("agent", {"network": network, "agent_name": "bot"})]
    assert exchange.session.posted == [(f"{url}/exchange", b"an approval", 3)]
    exchange.approve_agent(agent_key="agent")
    assert daemon.asked[-1][1]["agent_name"] == ""


def test_nothing_is_signed_in_this_process(exchange):
    with pytest.raises(TypeError, match="the daemon signs"):
        exchange.wallet.sign_message(b"")


def test_the_address_is_asked_for_once(exchange, daemon):
    assert daemon.addresses == 0
    assert exchange.wallet.address == exchange.wallet.address == WALLET.address
    assert daemon.addresses == 1


def test_a_share_is_signed_over_what_the_others_signed_and_not_posted(exchange, daemon):
    inner = {"type": "usdSend", "amount": "1.0", "time": 5}
    exchange.set_expires_after(9)
    signature = exchange.multi_sig_share("0xa", "0xb", inner, 5, vault_address=VAULT)
    assert signature == {"r": "0x1", "s": "0x2", "v": 28}
    [(share, named)] = daemon.asked
    assert (share.multi_sig_user, share.outer_signer) == ("0xa", "0xb")
    assert share.action.json == b'{"type":"usdSend","amount":"1.0","time":5}'
    assert named == {"vault_address": VAULT, "expires_after": 9, "nonce": 5, "version": 2}
    assert exchange.session.posted == []


def test_the_sdks_own_class_stays_as_it_is(sdk):
    call(sdk, "cancel")
    assert set(sdk.posted[0]["signature"]) == {"r", "s", "v"}
    assert issubclass(SignwardExchange, hyperliquid.exchange.Exchange)
    assert SignwardExchange.cancel is hyperliquid.exchange.Exchange.cancel
    assert SignwardExchange.bulk_cancel is not hyperliquid.exchange.Exchange.bulk_cancel
    assert inspect.signature(SignwardExchange.bulk_cancel) == inspect.signature(
        hyperliquid.exchange.Exchange.bulk_cancel
    )
