"""A thief before a real daemon with all the policies that are shipped: nothing gets out."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from signward import Client, Freeze, SignwardError
from signward.v1 import hyperliquid_pb2
from signward.v1 import resources_pb2 as resources
from signward.v1 import sign_service_pb2 as pb

from tests.running.homes import Home
from tests.running.process import Daemon
from tests.running.red_team.attempts import DENIED, asked
from tests.running.red_team.besieged import (
    IDENTITIES,
    besiege,
    make_key,
    put_prices,
    reason_of,
    today,
)
from tests.running.red_team.everything import ATTEMPTS
from tests.running.red_team.thieves import HOME, THIEF, THIEVES, Thief
from tests.running.reloads import reload
from tests.running.waiting import eventually

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

AT_ONCE = 40  # tries of one identity: more might only be counted (S38)
BOTS = [thief for thief in THIEVES if thief.tif]
BY_NAME = {thief.policy: thief for thief in THIEVES}


@pytest.fixture(scope="module")
def daemon(new_home: Callable[[], Home]) -> Iterator[Daemon]:
    home = new_home()
    besiege(home)
    with Daemon(home) as daemon:
        with daemon.client("admin") as admin:
            for thief in THIEVES:
                if thief.label:
                    make_key(admin, thief)
        yield daemon


@pytest.fixture
def admin(daemon: Daemon) -> Iterator[Client]:
    with daemon.client("admin") as client:
        yield client


def begin_anew(daemon: Daemon, admin: Client) -> None:
    """Wait until as many failures are recorded one by one as at first (S38)."""

    def size() -> float:  # is shown once a second, after there is room again
        return daemon.metric("signward_audit_sequence")

    def changes() -> bool:
        before = size()
        next(admin.admin.list_audit_records(page_size=1))  # leaves a record
        return eventually(lambda: size() != before)

    assert changes()  # what is shown first may be of a second that had begun already
    assert changes()


def recorded(admin: Client, thief: Thief, count: int) -> dict[str, dict[str, Any]]:
    """Return the records of a thief's tries, by request id, once they are all there."""
    found: dict[str, dict[str, Any]] = {}
    for _ in range(50):
        records = admin.admin.list_audit_records(identity=thief.identity, page_size=500)
        bodies = [json.loads(record.record) for record in records]
        found = {body["request_id"]: body for body in bodies if body.get("request_id")}
        if len(found) >= count:
            return found
        time.sleep(0.1)
    raise AssertionError(f"{len(found)} records")


@pytest.mark.parametrize("thief", THIEVES, ids=lambda thief: thief.policy)
def test_s32_every_attempt_is_refused_and_its_reason_recorded(
    daemon: Daemon, admin: Client, thief: Thief
) -> None:
    wanted, got = {}, {}
    with daemon.client(thief.name) as client:
        for number, attempt in enumerate(ATTEMPTS):
            if number % AT_ONCE == 0:
                begin_anew(daemon, admin)
            request = asked(attempt, today(thief), f"try-{number}")
            got[attempt.name] = reason_of(lambda r=request: client.sign(r))  # type: ignore[misc]
            wanted[attempt.name] = attempt.reason
    assert got == wanted
    records = recorded(admin, thief, len(ATTEMPTS))
    told = {a.name: records[f"try-{n}"]["outcome"] for n, a in enumerate(ATTEMPTS)}
    assert told == wanted
    denied = [records[f"try-{n}"] for n, a in enumerate(ATTEMPTS) if wanted[a.name] == DENIED]
    assert all(record["action"].startswith("SignHyperliquid") for record in denied)


@pytest.mark.parametrize("thief", THIEVES, ids=lambda thief: thief.policy)
def test_s04_no_batch_and_no_stream_lets_through_what_a_call_does_not(
    daemon: Daemon, thief: Thief
) -> None:
    requests = [asked(attempt, today(thief)) for attempt in ATTEMPTS]
    wanted = [attempt.reason for attempt in ATTEMPTS]
    with daemon.client(thief.name) as client:
        answers = [
            a for n in range(0, len(requests), 32) for a in client.sign_batch(requests[n : n + 32])
        ]
        assert [a.reason if isinstance(a, SignwardError) else "" for a in answers] == wanted
        with client.stream() as stream:
            got = [reason_of(lambda r=r: stream.sign(r)) for r in requests]  # type: ignore[misc]
        assert got == wanted


@pytest.mark.parametrize("thief", [*BOTS, BY_NAME["cancel_only"]], ids=lambda thief: thief.policy)
def test_what_an_identity_may_do_is_signed(daemon: Daemon, thief: Thief) -> None:
    with daemon.client(thief.name) as client:
        good = today(thief).good()
        answer = client.sign(pb.SignRequest(key=thief.key, hyperliquid=good))
        assert answer.hyperliquid.post_body
        assert answer.hyperliquid.v in (27, 28)


def test_s39_keys_of_others_do_not_exist(daemon: Daemon) -> None:
    for thief in THIEVES:
        with daemon.client(thief.name) as client:
            for other in THIEVES:
                if other.key == thief.key or thief.policy == "cancel_only":
                    continue
                good = today(other).good()
                request = pb.SignRequest(key=other.key, hyperliquid=good)
                assert reason_of(lambda r=request: client.sign(r)) == "KEY_NOT_FOUND"  # type: ignore[misc]


def test_no_thief_administers(daemon: Daemon) -> None:
    soon = datetime.now(UTC) + timedelta(hours=1)
    for name in IDENTITIES:
        with daemon.client(name) as client:
            tries = {
                "make a key": lambda: client.create_key(
                    "mine",
                    algorithm=resources.ALGORITHM_ECDSA_SECP256K1,
                    purpose=resources.PURPOSE_HYPERLIQUID,
                    network="mainnet",
                ),
                "relabel a key": lambda: client.update_key("mm", labels={"hyperliquid": "agent"}),
                "take a key": lambda: client.update_key("mm", owner=f"cn:{name}"),  # noqa: B023
                "thaw a key": lambda: client.admin.unfreeze_key("mm"),
                "make an API key": lambda: client.admin.create_api_key("cn:admin", expires=soon),
                "reload": client.admin.reload,
            }
            if name != "controller":  # who approves reads what it approves
                tries["read the records"] = lambda: list(client.admin.list_audit_records())
            for what, call in tries.items():
                assert reason_of(call) in (DENIED, "KEY_NOT_FOUND"), (name, what)


def test_s33_a_request_id_brings_no_other_content_in(daemon: Daemon) -> None:
    thief = today(BY_NAME["market_maker"])
    with daemon.client(thief.name) as client:
        first = pb.SignRequest(key="mm", hyperliquid=thief.good(), request_id="once")
        signed = client.sign(first)
        other = pb.SignRequest(
            key="mm", hyperliquid=thief.orders(thief.order("64999")), request_id="once"
        )
        assert reason_of(lambda: client.sign(other)) == "REQUEST_ID_REUSED"
        again = client.sign(first)
        assert again.hyperliquid == signed.hyperliquid
        used = pb.SignRequest(key="mm", hyperliquid=thief.good())
        used.hyperliquid.nonce = signed.hyperliquid.nonce
        assert reason_of(lambda: client.sign(used)) == DENIED


def test_s12_a_days_value_is_spent_once_however_it_is_asked_for(
    daemon: Daemon, admin: Client
) -> None:
    thief = replace(BY_NAME["taker_daily_cap"], key="spender")
    make_key(admin, thief)

    def purchase() -> pb.SignRequest:
        late = today(thief)
        payload = late.orders(late.order("65000", "0.38"))  # 24,700 USD
        return pb.SignRequest(key=thief.key, hyperliquid=payload)

    def take(number: int) -> str:
        if number % 2:
            (answer,) = client.sign_batch([purchase()])
            return answer.reason if isinstance(answer, SignwardError) else ""
        return reason_of(lambda: client.sign(purchase()))

    with daemon.client(thief.name) as client, ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(take, range(60)))
        assert set(answers) == {"", "SPEND_LIMIT"}
        assert answers.count("") == 1_000_000 // 24_700
        with pytest.raises(SignwardError) as told:
            client.sign(purchase())
        assert told.value.reason == "SPEND_LIMIT"
        assert told.value.metadata["limits"] == "hl_taker_daily"
        assert told.value.retry_after is not None


def withdraw(amount: str, destination: str = HOME) -> pb.SignRequest:
    action = hyperliquid_pb2.HyperliquidWithdraw(destination=destination, amount=amount)
    payload = hyperliquid_pb2.HyperliquidPayload(withdraw=action)
    return pb.SignRequest(key="treasury", hyperliquid=payload)


def test_s15_a_withdrawal_takes_two_and_its_approval_is_for_nothing_else(
    daemon: Daemon, admin: Client
) -> None:
    soon = datetime.now(UTC) + timedelta(minutes=5)
    begin_anew(daemon, admin)  # what came before may have used up the room for this identity
    with daemon.client("treasury") as treasury, daemon.client("controller") as controller:
        with pytest.raises(SignwardError) as refused:
            treasury.sign(withdraw("1000"))
        digest = bytes.fromhex(refused.value.metadata["approval_digest"])
        records = controller.admin.list_audit_records(identity="cn:treasury")
        notes = {json.loads(each.record).get("note") for each in records}
        assert f"approval_digest {digest.hex()}" in notes
        approve = treasury.admin.approve_request
        assert reason_of(lambda: approve(digest, expires=soon)) == DENIED
        controller.admin.approve_request(digest, expires=soon)
        assert reason_of(lambda: treasury.sign(withdraw("1000.000001"))) == DENIED
        assert reason_of(lambda: treasury.sign(withdraw("1000", THIEF))) == DENIED
        assert reason_of(lambda: controller.sign(withdraw("1000"))) == "KEY_NOT_FOUND"
        with ThreadPoolExecutor(8) as pool:
            tries = [withdraw("1000")] * 8
            answers = list(pool.map(lambda r: reason_of(lambda: treasury.sign(r)), tries))
        assert sorted(answers) == ["", *[DENIED] * 7]
        assert reason_of(lambda: treasury.sign(withdraw("1000"))) == DENIED


def test_who_is_on_call_stops_everything_but_cancels(daemon: Daemon, admin: Client) -> None:
    bot, watchdog = BY_NAME["agent_only"], BY_NAME["cancel_only"]
    cancel = pb.SignRequest(key="agent", hyperliquid=watchdog.good())
    with daemon.client("on-call") as on_call:
        on_call.admin.freeze_key("agent", mode=Freeze.FREEZE_CANCEL_ONLY)
        assert reason_of(lambda: on_call.admin.unfreeze_key("agent")) == DENIED
        assert reason_of(lambda: on_call.sign(cancel)) == DENIED
    with daemon.client(bot.name) as client, daemon.client(watchdog.name) as other:
        order = pb.SignRequest(key="agent", hyperliquid=today(bot).good())
        assert reason_of(lambda: client.sign(order)) == "KEY_FROZEN"
        assert client.sign(cancel).key == other.sign(cancel).key == "agent"
    admin.admin.unfreeze_key("agent")
    with daemon.client(bot.name) as client:
        assert client.sign(pb.SignRequest(key="agent", hyperliquid=today(bot).good())).key


def test_s32_reference_prices_take_effect_and_a_bad_file_does_not(
    daemon: Daemon, admin: Client
) -> None:
    thief, home = BY_NAME["market_maker"], daemon.home

    def quote(price: str) -> str:
        with daemon.client(thief.name) as client:
            late = today(thief)
            made = late.orders(late.order(price))
            return reason_of(lambda: client.sign(pb.SignRequest(key="mm", hyperliquid=made)))

    try:
        assert (quote("65000"), quote("70000")) == ("", DENIED)
        put_prices(home, **{"0": "70000"})
        results = {result.part: result for result in reload(admin, ())}
        assert results[6].problem == ""
        assert (quote("65000"), quote("70000")) == (DENIED, "")
        (home.path / "prices.json").write_text('{"time": 1, "mainnet": {"0": "1", "0": "2"}}')
        results = {result.part: result for result in reload(admin, ())}
        assert "has a key twice" in results[6].problem
        assert (quote("65000"), quote("70000")) == (DENIED, "")
        assert daemon.metric("signward_reference_prices") == 4
    finally:
        put_prices(home)
        reload(admin, ())
