"""``signward sign hyperliquid`` and ``signward verify hyperliquid``."""

from __future__ import annotations

import json
import time

import pytest

from tests.fakes.sign_service import FIRST_NONCE
from tests.fakes.statuses import status

CANCEL = {"type": "cancel", "cancels": [{"a": 1, "o": 7}]}


@pytest.fixture
def key(daemon):
    return daemon.add_key("desk")


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "order.json"
    path.write_text(json.dumps(CANCEL, indent=2))
    return path


def test_sign_prints_what_is_needed_to_post(daemon, key, run, file):
    outcome = run("sign", "hyperliquid", "desk", "--json", str(file))
    assert outcome.code == 0, outcome.stderr
    r, s, v, nonce, body = outcome.stdout.splitlines()
    posted = json.loads(body)
    assert posted["signature"] == {"r": r, "s": s, "v": int(v)}
    assert posted["nonce"] == int(nonce) == FIRST_NONCE
    [request] = daemon.calls("Sign")
    assert request.hyperliquid.cancel.cancels[0].oid == 7


def test_sign_sends_its_options(daemon, key, run):
    run(
        "sign", "hyperliquid", "desk", "--json", "-", "--vault", "0xa",
        "--expires-after", "4102444800000", "--nonce", "5", "--version", "1", "--request-id", "r",
        "--expected-fingerprint", "0x" + "ab" * 32, input=json.dumps(CANCEL).encode(),
    )  # fmt: skip
    [request] = daemon.calls("Sign")
    payload = request.hyperliquid
    assert (payload.vault_address, payload.expires_after, payload.nonce) == (
        "0xa", 4_102_444_800_000, 5,
    )  # fmt: skip
    assert (request.version, request.request_id) == (1, "r")
    assert request.expected_fingerprint == b"\xab" * 32


@pytest.mark.parametrize("reason", ["NONCE_OUT_OF_WINDOW", "NETWORK_MISMATCH"])
def test_a_withdrawal_with_a_time_of_its_own_says_how_it_goes_without(daemon, key, run, reason):
    chain = {"signatureChainId": "0xa4b1", "hyperliquidChain": "Testnet"}
    bare = {"type": "withdraw3", "destination": "0x" + "ab" * 20, "amount": "7"}
    daemon.plan("Sign", status("FAILED_PRECONDITION", reason, "No."))
    action = json.dumps({**bare, **chain, "time": 1700000000000}).encode()
    outcome = run("sign", "hyperliquid", "desk", "--json", "-", input=action)
    assert outcome.code == 5
    assert "without time, nonce, signatureChainId and hyperliquidChain" in outcome.stderr
    outcome = run("sign", "hyperliquid", "desk", "--json", "-", input=json.dumps(bare).encode())
    assert outcome.code == 0, outcome.stderr
    request = daemon.calls("Sign")[-1]
    assert (request.hyperliquid.withdraw.amount, request.hyperliquid.nonce) == ("7", 0)


def test_sign_takes_a_priority_rate(daemon, key, run):
    order = {"a": 1, "b": True, "p": "1", "s": "1", "r": False, "t": {"limit": {"tif": "Ioc"}}}
    action = json.dumps({"type": "order", "orders": [order], "grouping": {"p": 7}}).encode()
    outcome = run("sign", "hyperliquid", "desk", "--json", "-", input=action)
    assert outcome.code == 0, outcome.stderr
    assert daemon.calls("Sign")[0].hyperliquid.order.priority_rate == 7


def test_sign_as_json(key, run, file):
    answer = run("sign", "hyperliquid", "desk", "--json", str(file), "--as-json").json
    assert answer["hyperliquid"]["nonce"] == str(FIRST_NONCE)


def test_a_kind_that_is_not_known_goes_as_json(daemon, key, run):
    outcome = run("sign", "hyperliquid", "desk", "--json", "-", input=b'{"type": "x", "n": [1]}')
    assert outcome.code == 0, outcome.stderr
    assert daemon.calls("Sign")[0].hyperliquid.json == b'{"type":"x","n":[1]}'


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"no JSON", "is no action"),
        (b"[]", "is no action"),
        (b"5", "is no action"),
        (b'{"type": "noop", "type": "order"}', "named twice"),
        (b'{"type": "x", "amount": 1.5}', "amounts are texts"),
        (b'{"type": "x", "amount": NaN}', "amounts are texts"),
        (b'{"type": "usdSend", "time": 7}', "another nonce"),
        (b"[" * 100_000, "too deep"),
    ],
)
def test_what_is_no_action_is_a_usage_error(daemon, run, content, problem):
    outcome = run("sign", "hyperliquid", "desk", "--json", "-", "--nonce", "5", input=content)
    assert outcome.code == 2
    assert problem in outcome.stderr
    assert daemon.seen == []


def test_a_body_steers_no_terminal_and_says_the_same(daemon, key, run, monkeypatch):
    sign = daemon.sign

    def hostile(request):
        answer = sign(request)
        answer.hyperliquid.post_body = '{"name":"a  b\x9b\u202e"}'.encode()
        return answer

    monkeypatch.setattr(daemon, "sign", hostile)
    outcome = run("sign", "hyperliquid", "desk", "--json", "-", input=b'{"type":"noop"}')
    body = outcome.stdout.splitlines()[-1]
    assert body.isprintable()
    assert json.loads(body) == {"name": "a  b\x9b\u202e"}


def test_verify_takes_the_body(key, run, file, tmp_path):
    signed = run("sign", "hyperliquid", "desk", "--json", str(file), "--vault", "0xa")
    body = tmp_path / "body.json"
    body.write_text(signed.stdout.splitlines()[-1])
    outcome = run("verify", "hyperliquid", "desk", "--body", str(body))
    assert (outcome.code, outcome.stdout) == (0, "valid: made by version 1\n")
    body.write_text(body.read_text().replace('"0xa"', '"0xb"'))
    assert run("verify", "hyperliquid", "desk", "--body", str(body)).code == 1


def test_what_is_no_body_is_a_usage_error(daemon, run):
    outcome = run("verify", "hyperliquid", "desk", "--body", "-", input=b"{}")
    assert outcome.code == 2
    assert "is no signed body" in outcome.stderr
    assert daemon.seen == []


@pytest.mark.parametrize(
    ("text", "left"), [("30s", 30), ("2h", 7_200), ("2100-01-01T00:00:00Z", None)]
)
def test_an_end_may_be_said_as_people_do(daemon, key, run, file, text, left):
    run("sign", "hyperliquid", "desk", "--json", str(file), "--expires-after", text)
    [request] = daemon.calls("Sign")
    end = request.hyperliquid.expires_after
    if left is None:
        assert end == 4_102_444_800_000
    else:
        assert end / 1000 - time.time() == pytest.approx(left, abs=20)


@pytest.mark.parametrize("text", ["9", "1795284575", "2001-01-01T00:00:00Z", "soon", "-5"])
def test_an_end_that_is_over_or_none_is_told_before_anything_is_asked(daemon, run, file, text):
    outcome = run("sign", "hyperliquid", "desk", "--json", str(file), f"--expires-after={text}")
    assert outcome.code == 2
    assert text in outcome.stderr
    assert daemon.seen == []
