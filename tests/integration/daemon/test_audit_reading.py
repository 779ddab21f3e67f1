"""The audit log of a real daemon, as its API and its files show it."""

from __future__ import annotations

import json
import threading
import time

import pytest
from signward import Client, PermissionDenied, SignwardError
from signward.audit.checkpoints import parse_checkpoint, verify_checkpoint
from signward.audit.folder import list_folder
from signward.audit.merkle import leaf_hash
from signward.audit.proofs import check_consistency, check_inclusion
from signward.audit.reading import read_bodies
from signward.audit.verifier_keys import VerifierKey, parse_verifier_key

from tests.running.homes import Home
from tests.running.ports import free_port
from tests.running.process import Daemon
from tests.running.reloads import reload

pytestmark = pytest.mark.integration

BOT = "cn:bot"
_MAY_PROVE = (
    'permit (principal == Identity::"cn:bot", action == Action::"GetAuditProof", resource);'
)


def _key(home: Home) -> VerifierKey:
    return parse_verifier_key((home.path / "audit.pub").read_text())


def _signed(client: Client, key: str, count: int) -> list[int]:
    return [client.sign_raw(key, f"m{n}".encode()).audit_sequence for n in range(count)]


@pytest.fixture
def bot_key(shared_daemon: Daemon) -> str:
    name = f"audit-{time.monotonic_ns()}"
    with shared_daemon.client() as client:
        client.create_key(name, custody=1, algorithm=1, purpose=1)
    return name


def test_a_checkpoint_covers_what_was_answered_before(shared_daemon: Daemon, bot_key: str) -> None:
    log_key = _key(shared_daemon.home)
    with shared_daemon.client() as bot, shared_daemon.client("admin") as admin:
        for _ in range(5):
            [sequence] = _signed(bot, bot_key, 1)
            answer = admin.admin.get_checkpoint()
            checkpoint = parse_checkpoint(answer.checkpoint)
            verify_checkpoint(checkpoint, log_key)
            assert (checkpoint.size, checkpoint.root) == (answer.size, answer.root_hash)
            assert checkpoint.size > sequence
            assert answer.verifier_key == str(log_key)
            assert answer.first_sequence == 0


def test_every_signature_has_its_record_and_a_proof_of_it(
    shared_daemon: Daemon, bot_key: str
) -> None:
    with shared_daemon.client() as bot, shared_daemon.client("admin") as admin:
        sequences = _signed(bot, bot_key, 20)
        found = list(admin.admin.list_audit_records(key=bot_key, event="signature", page_size=7))
        assert [record.sequence for record in found] == sequences
        for record in found:
            assert (record.identity, record.outcome, record.version) == (BOT, "OK", 1)
            assert json.loads(record.record)["seq"] == record.sequence
            answer = admin.admin.prove_inclusion(record.sequence)
            checkpoint = parse_checkpoint(answer.checkpoint)
            verify_checkpoint(checkpoint, _key(shared_daemon.home))
            leaf = leaf_hash(record.record)
            check_inclusion(record.sequence, checkpoint.size, leaf, checkpoint.root, answer.hashes)
            assert not answer.HasField("record")  # of somebody else


def test_the_log_goes_on_from_every_checkpoint(shared_daemon: Daemon, bot_key: str) -> None:
    with shared_daemon.client() as bot, shared_daemon.client("admin") as admin:
        known = [parse_checkpoint(admin.admin.get_checkpoint().checkpoint)]
        for _ in range(4):
            _signed(bot, bot_key, 3)
            answer = admin.admin.prove_consistency(known[-1].size)
            shown = parse_checkpoint(answer.checkpoint)
            check_consistency(known[-1].size, shown.size, known[-1].root, shown.root, answer.hashes)
            known.append(shown)
        assert known[-1].size >= known[0].size + 12


def test_what_the_api_shows_is_what_the_files_hold(shared_daemon: Daemon, bot_key: str) -> None:
    with shared_daemon.client() as bot, shared_daemon.client("admin") as admin:
        _signed(bot, bot_key, 5)
        shown = {r.sequence: r.record for r in admin.admin.list_audit_records(page_size=50)}
    held = dict(read_bodies(list_folder(shared_daemon.home.path / "audit")))
    assert shown
    assert shown == {sequence: held[sequence] for sequence in range(len(shown))}


def test_reading_is_recorded(shared_daemon: Daemon) -> None:
    with shared_daemon.client("admin") as admin:
        before = admin.admin.get_checkpoint().size
        list(admin.admin.list_audit_records(before, identity="cn:nobody"))
        found = [
            json.loads(record.record)
            for record in admin.admin.list_audit_records(before, event="administration")
        ]
    [reading] = [each for each in found if "cn:nobody" in each.get("note", "")]
    assert (reading["identity"], reading["action"]) == ("cn:admin", "ListAuditRecords")
    assert reading["note"] == f"start={before} identity=cn:nobody"


def test_a_tail_shows_each_signature_once_and_in_order(shared_daemon: Daemon, bot_key: str) -> None:
    with shared_daemon.client() as bot, shared_daemon.client("admin") as admin:
        signed: list[int] = []
        signing = threading.Thread(target=lambda: signed.extend(_signed(bot, bot_key, 300)))
        start = admin.admin.get_checkpoint().size
        with admin.admin.tail_audit_records(start, key=bot_key, event="signature") as tail:
            signing.start()
            seen = [next(tail).sequence for _ in range(300)]
        signing.join()
        assert seen == signed


def test_a_caller_without_the_right_reads_nothing(shared_daemon: Daemon) -> None:
    with shared_daemon.client() as bot:
        for ask in (
            bot.admin.get_checkpoint,
            lambda: next(bot.admin.list_audit_records()),
            lambda: next(bot.admin.tail_audit_records(0)),
            lambda: bot.admin.prove_inclusion(0),
        ):
            with pytest.raises(PermissionDenied):
                ask()


def test_a_caller_may_be_let_prove_its_own_records_and_read_no_others(home: Home) -> None:
    home.permit(_MAY_PROVE, "prove.cedar")
    with Daemon(home) as daemon, daemon.client() as bot, daemon.client("admin") as admin:
        bot.create_key("own", custody=1, algorithm=1, purpose=1)
        [sequence] = _signed(bot, "own", 1)
        answer = bot.admin.prove_inclusion(sequence)
        assert json.loads(answer.record.record)["key"] == "own"
        reload(admin, ())
        reloads = [r for r in admin.admin.list_audit_records() if r.action == "Reload"]
        [other] = [record.sequence for record in reloads if record.outcome == "OK"]
        assert not bot.admin.prove_inclusion(other).HasField("record")
        with pytest.raises(PermissionDenied):
            next(bot.admin.list_audit_records())


def test_a_tail_goes_on_after_the_daemon_was_restarted(home: Home) -> None:
    flags = ("--set", f"listen.tcp=127.0.0.1:{free_port()}")
    with Daemon(home, *flags) as daemon:
        admin = daemon.client("admin")
        tail = admin.admin.tail_audit_records(0)
        first = [next(tail).sequence for _ in range(2)]
    with Daemon(home, *flags) as daemon, daemon.client() as bot, admin, tail:
        bot.create_key("later", custody=1, algorithm=1, purpose=1)
        seen, actions = [], {""}
        while "CreateKey" not in actions:
            try:
                record = next(tail)
            except SignwardError:
                time.sleep(0.2)
                continue
            seen.append(record.sequence)
            actions.add(record.action)
    assert first + seen == list(range(len(first + seen)))
