"""Every worker has an audit log; each answers for all, and together they are verified."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator

import pytest
from signward.audit.checkpoints import parse_checkpoint, verify_checkpoint
from signward.audit.log_list import key_of, parse_log_list
from signward.audit.merkle import leaf_hash
from signward.audit.proofs import check_inclusion
from signward.audit.verifier_keys import VerifierKey, parse_verifier_key
from signward.audit.whole import verify_home
from signward.cli.app import app
from typer.testing import CliRunner

from tests.running.crews import connected, crew
from tests.running.homes import Home
from tests.running.keys import create, sign_request
from tests.running.process import PATIENT, Daemon, NotReady

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

MANY = 24
"""Connections, of which each worker has some but once in eight million times."""


@pytest.fixture(scope="module")
def home(new_home: Callable[[], Home]) -> Home:
    return new_home()


@pytest.fixture(scope="module")
def daemon(home: Home) -> Iterator[Daemon]:
    with crew(home, 2, "--set", "reload.interval=1h", *PATIENT) as running:
        with connected(running) as clients:
            create(clients[0], "logged")
            for client in clients * 2:
                client.sign(sign_request("logged"))
        yield running


@pytest.fixture(scope="module")
def key(home: Home) -> VerifierKey:
    return parse_verifier_key((home.path / "audit.pub").read_text())


def test_any_worker_answers_for_the_logs_of_all(daemon: Daemon, key: VerifierKey) -> None:
    with connected(daemon, count=MANY) as clients, connected(daemon, "admin") as admins:
        answers = [client.sign(sign_request("logged")) for client in clients]
        logs = {answer.audit_log for answer in answers}
        assert logs == {key.name, f"{key.name}/worker-1"}
        lists = {admin.admin.get_checkpoint().log_list for admin in admins}
        [note] = lists
        assert logs < set(parse_log_list(note, key).origins)
        for answer in answers[:12]:
            for admin in admins[:3]:
                shown = admin.admin.prove_inclusion(answer.audit_sequence, log=answer.audit_log)
                checkpoint = parse_checkpoint(shown.checkpoint)
                verify_checkpoint(checkpoint, key_of(key, answer.audit_log))
                [record] = [
                    next(admin.admin.list_audit_records(
                        answer.audit_sequence, log=answer.audit_log, page_size=1
                    ))
                ]  # fmt: skip
                assert record.log == answer.audit_log
                leaf = leaf_hash(record.record)
                check_inclusion(
                    answer.audit_sequence, checkpoint.size, leaf, checkpoint.root, shown.hashes
                )


def test_a_tail_of_another_workers_log_is_told_of_each_record(
    daemon: Daemon, key: VerifierKey
) -> None:
    with connected(daemon, count=MANY) as clients, connected(daemon, "admin", 6) as admins:
        worker = f"{key.name}/worker-1"
        tails = [
            admin.admin.tail_audit_records(admin.admin.get_checkpoint(log=worker).size, log=worker)
            for admin in admins
        ]
        wanted = [
            answer.audit_sequence
            for answer in (client.sign(sign_request("logged")) for client in clients)
            if answer.audit_log == worker
        ]
        for tail in tails:
            with tail:
                seen = [next(tail).sequence]
                while seen[-1] < wanted[-1]:
                    seen.append(next(tail).sequence)
            assert set(wanted) <= set(range(seen[0], seen[-1] + 1))
            assert seen == list(range(seen[0], seen[-1] + 1))


def test_commands_see_all_logs_of_a_home_that_is_served(home: Home, daemon: Daemon) -> None:
    found = CliRunner().invoke(app, ["audit", "verify", str(home.path), "--json"])
    assert found.exit_code == 0, found.output
    fields = json.loads(found.stdout)
    assert (fields["intact"], fields["listed"]) == (True, 3)
    exported = CliRunner().invoke(app, ["audit", "export", str(home.path), "--key", "logged"])
    times = [json.loads(line)["time"] for line in exported.stdout.splitlines()]
    assert len(times) > 20
    assert times == sorted(times)


def test_s36_a_dropped_worker_log_is_noticed_and_never_begun_again(
    new_home: Callable[[], Home],
) -> None:
    home = new_home()
    with crew(home, 2) as daemon, connected(daemon) as clients:
        create(clients[0], "k")
        for client in clients:
            client.sign(sign_request("k"))
    key = parse_verifier_key((home.path / "audit.pub").read_text())
    folder = home.path / "audit"
    assert verify_home(folder, key, processes=1).intact
    shutil.move(folder / "worker-1", home.path / "kept")
    assert not verify_home(folder, key, processes=1).intact
    with pytest.raises(NotReady, match="in the list, and gone"), crew(home, 2):
        pass
    assert not (folder / "worker-1").exists()
    shutil.move(home.path / "kept", folder / "worker-1")
    with crew(home, 2):
        pass
    with crew(home, 1):  # the logs of more workers stay
        pass
    report = verify_home(folder, key, processes=1)
    assert (report.intact, report.listed) == (True, 3)
