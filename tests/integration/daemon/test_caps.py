"""Caps of a real daemon: counted before it is judged, for every way of asking (S12, S13, S41)."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path

import pytest
from signward import Client, ResourceExhausted, SignwardError
from signward_server.core.startup import ExitCode

from tests.running.capped import (
    LIMIT,
    RAW_LIMIT,
    bought,
    cap,
    order_key,
    order_request,
    raw_request,
)
from tests.running.clocks import WITH_CLOCKS, Clocks
from tests.running.homes import Home
from tests.running.keys import create
from tests.running.offline import offline
from tests.running.process import Daemon, serve_and_fail
from tests.running.waiting import eventually

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

SPENT = "SPEND_LIMIT"
HOUR = timedelta(hours=1)
PART = HOUR / 128


@pytest.fixture
def capped(home: Home) -> Home:
    cap(home)
    return home


@pytest.fixture
def clocks(tmp_path: Path) -> Clocks:
    return Clocks(tmp_path / "clocks")


def running(home: Home, clocks: Clocks) -> Daemon:
    return Daemon(home, command=WITH_CLOCKS, **clocks.variables)


def buy(client: Client, notional: int, request_id: str = "", now: float | None = None) -> str:
    timestamp = round((time.time() if now is None else now) * 1000)
    return bought(client, order_request("k", notional, timestamp, request_id))


def test_s12_what_is_spent_counts_over_keys_calls_and_restarts(capped: Home) -> None:
    with Daemon(capped) as daemon, daemon.client() as bot, daemon.client("admin") as admin:
        order_key(bot, "k")
        order_key(bot, "other")
        assert buy(bot, 60) == ""
        assert bought(bot, order_request("other", 41, round(time.time() * 1000))) == SPENT
        assert buy(bot, 40) == ""
        assert buy(bot, 1) == SPENT
        assert admin.health()
        name = 'signward_refusals_total{reason="SPEND_LIMIT"}'
        assert daemon.metric(name) == 2
        assert daemon.metric('signward_cap_reservations_total{cap="notional"}') == 4
        assert daemon.metric('signward_cap_releases_total{cap="notional"}') == 2
    with Daemon(capped) as daemon, daemon.client() as bot:
        assert buy(bot, 1) == SPENT
        assert buy(bot, 0) == ""


def test_s12_who_is_refused_is_told_by_what_and_until_when(capped: Home) -> None:
    with Daemon(capped) as daemon, daemon.client() as bot:
        order_key(bot, "k")
        assert buy(bot, LIMIT) == ""
        with pytest.raises(ResourceExhausted) as refused:
            bot.sign(order_request("k", 1, round(time.time() * 1000)))
        error = refused.value
        assert error.reason == SPENT
        assert error.metadata["limits"] == "notional"
        assert error.metadata["policies"] == "cap-notional"
        assert error.retry_after is not None
        assert 3550 < error.retry_after <= (HOUR + PART).total_seconds()
        with pytest.raises(ResourceExhausted) as never:
            bot.sign(order_request("k", LIMIT + 1, round(time.time() * 1000)))
        assert never.value.retry_after is None


def test_s12_items_reserve_one_by_one_however_they_come(capped: Home) -> None:
    requests = [raw_request("k") for _ in range(RAW_LIMIT + 3)]
    with Daemon(capped) as daemon, daemon.client() as bot:
        for key in ("k", "streamed"):
            create(bot, key)
        items = bot.sign_batch(requests)
        reasons = [each.reason if isinstance(each, SignwardError) else "" for each in items]
        assert reasons == [""] * RAW_LIMIT + [SPENT] * 3
        with bot.stream() as stream:
            sent = [stream.send(raw_request("streamed")) for _ in requests]
            errors = [each.exception() for each in sent]
        reasons = [each.reason if isinstance(each, SignwardError) else "" for each in errors]
        assert sorted(reasons) == [""] * RAW_LIMIT + [SPENT] * 3


def test_s33_a_retry_is_not_charged_twice(capped: Home) -> None:
    with Daemon(capped) as daemon, daemon.client() as bot:
        create(bot, "raw")
        for _ in range(3 * RAW_LIMIT):
            bot.sign(raw_request("raw", "same"))
        for _ in range(RAW_LIMIT - 1):
            assert bought(bot, raw_request("raw")) == ""
        assert bought(bot, raw_request("raw")) == SPENT


def test_s13_no_step_of_the_clock_frees_anything_and_time_does(
    capped: Home, clocks: Clocks
) -> None:
    def buys(client: Client, notional: int) -> str:
        return buy(client, notional, now=clocks.now().timestamp())

    with running(capped, clocks) as daemon, daemon.client() as bot:
        order_key(bot, "k")
        assert buys(bot, LIMIT) == ""
        clocks.step_wall(timedelta(hours=5))
        assert buys(bot, 1) == SPENT
    with running(capped, clocks) as daemon, daemon.client() as bot:
        assert buys(bot, 1) == SPENT
    clocks.step_wall(-timedelta(hours=4))
    with running(capped, clocks) as daemon, daemon.client() as bot:
        assert buys(bot, 1) == SPENT
        clocks.pass_time(HOUR - timedelta(minutes=2))
        assert eventually(lambda: buys(bot, 1) == SPENT)
        clocks.pass_time(timedelta(minutes=2) + PART)
        assert eventually(lambda: buys(bot, LIMIT) == "")


def test_s41_an_adopted_home_begins_with_its_windows_closed(
    capped: Home, clocks: Clocks, tmp_path: Path
) -> None:
    with running(capped, clocks) as daemon, daemon.client() as bot:
        create(bot, "k")
    copy = capped.copy(tmp_path / "copy")
    assert offline("adopt", "--yes", home=copy).returncode == 0
    with running(copy, clocks) as daemon, daemon.client() as bot:
        with pytest.raises(ResourceExhausted) as refused:
            bot.sign(raw_request("k"))
        assert refused.value.reason == SPENT
        assert refused.value.retry_after is not None
        assert 3500 < refused.value.retry_after <= 3600
        clocks.pass_time(HOUR)
        assert eventually(lambda: bought(bot, raw_request("k")) == "")


def test_s22_what_was_spent_goes_along_to_another_kek(capped: Home) -> None:
    with Daemon(capped) as daemon, daemon.client() as bot:
        order_key(bot, "k")
        assert buy(bot, LIMIT) == ""
    assert offline("kek", "rotate", home=capped).returncode == 0
    with Daemon(capped) as daemon, daemon.client() as bot:
        assert buy(bot, 1) == SPENT
        assert buy(bot, 0) == ""


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('["SignOrder"]', '["SignOrders"]', "caps.notional counts SignOrders, which is no action"),
        ('"notional"\nact', '"notionals"\nact', "SignOrder, which has no number notionals"),
        ("[caps.notional]", "[caps.notionals]", "window.notional"),
    ],
)
def test_what_caps_and_policies_do_not_agree_on_is_refused_by_name(
    capped: Home, old: str, new: str, told: str
) -> None:
    capped.configure(old, new)
    for command in (("policy", "check"), ("config", "check"))[: 1 if "window" in told else 2]:
        checked = offline(*command, home=capped)
        assert checked.returncode == ExitCode.USAGE
        assert told in checked.stderr or "there is no cap 'notional'" in checked.stderr
    failed = serve_and_fail(capped)
    assert failed.code == ExitCode.USAGE
    assert told in failed.said or "there is no cap 'notional'" in failed.said


def test_policies_are_reloaded_with_the_caps_in_force(capped: Home) -> None:
    slow = ("--set", "reload.interval=1h")
    with Daemon(capped, *slow) as daemon, daemon.client() as bot, daemon.client("admin") as admin:
        create(bot, "k")
        for _ in range(RAW_LIMIT):
            assert bought(bot, raw_request("k")) == ""
        assert bought(bot, raw_request("k")) == SPENT
        text = (capped.policies / "caps.cedar").read_text()
        capped.permit(text.replace(f"messages > {RAW_LIMIT}", "messages > 9"), "caps.cedar")
        assert all(not part.problem for part in admin.admin.reload())
        assert bought(bot, raw_request("k")) == ""
        capped.permit(text.replace("window.messages", "window.message"), "caps.cedar")
        assert any("does not read" in part.problem for part in admin.admin.reload())
        assert bought(bot, raw_request("k")) == ""


def test_explanations_and_tables_know_the_windows(capped: Home) -> None:
    (capped.policies / "starter.test.yaml").unlink()
    table = capped.policies / "caps.test.yaml"
    table.write_text(
        """
keys:
  k: {owner: cn:bot, purpose: order}
cases:
  - name: at the limit
    identity: cn:bot
    key: k
    payload: {order: {action: order, coin: BTC, isBuy: true, sz: 1, limitPx: 1}}
    totals: {notional: 10000000000}
    expect: allow
  - name: above it
    identity: cn:bot
    key: k
    payload: {order: {action: order, coin: BTC, isBuy: true, sz: 1, limitPx: 1}}
    totals: {notional: 10000000001}
    expect: deny
    reason: SPEND_LIMIT
    by: [cap-notional]
  - name: alone
    identity: cn:bot
    key: k
    payload: {order: {action: order, coin: BTC, isBuy: true, sz: 100, limitPx: 1}}
    expect: allow
  - name: too much alone
    identity: cn:bot
    key: k
    payload: {order: {action: order, coin: BTC, isBuy: true, sz: 100.00000001, limitPx: 1}}
    expect: deny
    reason: SPEND_LIMIT
"""
    )
    tested = offline("policy", "test", home=capped)
    assert tested.returncode == 0, tested.stdout + tested.stderr
    home = ("--table", str(table), "--case", "above it", "--config", str(capped.configuration))
    told = offline("policy", "explain", *home, home=capped)
    assert told.returncode == 1
    assert "not allowed: SPEND_LIMIT" in told.stdout
    assert "context.window.notional = 10000000001" in told.stdout
    assert '"notional": Long' in offline("policy", "schema", home=capped).stdout
    assert "window" not in offline("policy", "schema").stdout
