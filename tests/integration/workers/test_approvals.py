"""Signatures that take two, on a daemon of several workers (S15, S33)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta

import pytest
from signward import Client, PermissionDenied, SignwardError
from signward.audit.verifier_keys import parse_verifier_key
from signward.cli.refusals import described, refusal_of
from signward.v1 import hyperliquid_pb2 as hl
from signward.v1 import resources_pb2 as resources
from signward.v1 import sign_service_pb2 as pb

from tests.running.crews import crew
from tests.running.homes import Home
from tests.running.keys import unrecorded
from tests.running.postgres import shared_server
from tests.running.process import PATIENT

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]

ROUNDS = 5
CONNECTIONS = 6
MINUTES = timedelta(minutes=10)
TAKES_TWO = """
@id("two-see")
permit (principal, action == Action::"ViewKey", resource)
when { ["bot", "other"].contains(principal.name) };

@id("takes-two")
permit (principal, action == Action::"SignHyperliquidVaultTransfer", resource)
when { ["bot", "other"].contains(principal.name) && context.approved };

@id("approves")
permit (principal, action == Action::"ApproveRequest", resource)
when { ["admin", "bot"].contains(principal.name) };
"""


def transfer(usd: int, request_id: str = "", key: str = "treasury") -> pb.SignRequest:
    action = hl.HyperliquidVaultTransfer(vault_address="0x" + "11" * 20, is_deposit=True, usd=usd)
    payload = hl.HyperliquidPayload(vault_transfer=action)
    return pb.SignRequest(key=key, hyperliquid=payload, request_id=request_id)


def digest_of(client: Client, request: pb.SignRequest) -> str:
    """Ask, be refused, and return what could be approved."""
    with pytest.raises(PermissionDenied) as caught:
        client.sign(request)
    return caught.value.metadata["approval_digest"]


def asked(client: Client, request: pb.SignRequest) -> str:
    try:
        return client.sign(request).hyperliquid.r
    except SignwardError as error:
        return error.reason


def make(client: Client, name: str) -> None:
    client.create_key(
        name,
        algorithm=resources.ALGORITHM_ECDSA_SECP256K1,
        purpose=resources.PURPOSE_HYPERLIQUID,
        custody=resources.CUSTODY_ENVELOPE,
        network="testnet",
    )


@pytest.mark.parametrize("where", ["file", "database"])
def test_s15_an_approval_is_good_for_one_signature_wherever_it_is_asked_for(
    new_home: Callable[[], Home], where: str
) -> None:
    home = new_home()
    home.permit(TAKES_TWO, "two.cedar")
    home.issue("other")
    flags: tuple[str, ...] = PATIENT
    if where == "database":
        flags += ("--set", f"store.url={shared_server().new_database()}")
    with crew(home, 2, *flags) as daemon, ExitStack() as opened:
        names = ["bot", "other"] * (CONNECTIONS // 2)
        clients = [opened.enter_context(daemon.client(name)) for name in names]
        admin = opened.enter_context(daemon.client("admin"))
        make(clients[0], "treasury")
        make(clients[0], "second")
        pool = opened.enter_context(ThreadPoolExecutor(CONNECTIONS))
        for number in range(1, ROUNDS + 1):
            request = transfer(number)
            digest = digest_of(clients[0], request)
            if number == 1:
                _ensure_shown(admin, digest)
            clients[0].admin.approve_request(digest, expires=MINUTES)
            assert asked(clients[0], request) == "POLICY_DENIED"  # one's own
            admin.admin.approve_request(digest, expires=MINUTES, reason="seen")
            assert asked(clients[0], transfer(number, key="second")) == "POLICY_DENIED"
            outcomes = Counter(pool.map(lambda client: asked(client, request), clients))  # noqa: B023
            assert outcomes.pop("POLICY_DENIED") == CONNECTIONS - 1
            assert len(outcomes) == 1
        origin = parse_verifier_key((home.path / "audit.pub").read_text()).name
        records = [
            record.record
            for log in (origin, f"{origin}/worker-1")
            for record in admin.admin.list_audit_records(log=log, outcome="OK", event="signature")
        ]
        assert len(records) == ROUNDS
        assert all(b'"approver":"cn:admin"' in record for record in records)


def _ensure_shown(client: Client, digest: str) -> None:
    """Look at what is asked for, as ``signward approve`` does."""
    shown = refusal_of(client, digest)
    assert shown is not None
    assert shown.intent["amount"] == 100
    assert list(described(shown))[1:3] == [
        "key treasury, version 1",
        "SignHyperliquidVaultTransfer",
    ]


def test_s33_a_retry_after_a_restart_rests_on_the_same_approval_and_nonce(
    new_home: Callable[[], Home],
) -> None:
    home = new_home()
    home.permit(TAKES_TWO, "two.cedar")
    request = transfer(5, "r1")
    with crew(home, 2) as daemon, daemon.client() as bot, daemon.client("admin") as admin:
        make(bot, "treasury")
        digest = digest_of(bot, request)
        admin.admin.approve_request(digest, expires=MINUTES)
        first = bot.sign(request)
        assert unrecorded(bot.sign(request)) == unrecorded(first)
        daemon.kill()
    with crew(home, 2) as daemon, daemon.client() as bot, daemon.client("admin") as admin:
        again = bot.sign(request)
        for answer in (first, again):
            answer.ClearField("audit_log")
        assert unrecorded(again) == unrecorded(first)
        assert asked(bot, transfer(5, "r2")) == "POLICY_DENIED"
        admin.admin.approve_request(digest, expires=MINUTES)
        assert bot.sign(request).hyperliquid.nonce == first.hyperliquid.nonce
        other = bot.sign(transfer(5, "r2"))  # the approval was not used up
        assert other.hyperliquid.nonce > first.hyperliquid.nonce
        assert asked(bot, transfer(5, "r3")) == "POLICY_DENIED"
