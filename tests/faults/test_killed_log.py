"""kill -9 of the daemon while it signs: what a client received is in the verified log."""

from __future__ import annotations

import json
import logging
import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest
from signward import SignwardError
from signward.audit.folder import list_folder
from signward.audit.reading import read_bodies
from signward.audit.verifier_keys import parse_verifier_key
from signward.audit.verifying import Report, verify_log
from signward.v1 import sign_service_pb2 as pb

from tests.running.calls import SIGN
from tests.running.homes import PATIENCE, Home
from tests.running.keys import create, sign_request
from tests.running.process import UNMEASURED, Daemon, serve_and_fail

_log = logging.getLogger(__name__)
pytestmark = pytest.mark.integration

LONGEST_LIFE = 0.4  # seconds of signing before the kill
BATCH = 24


class Signers:
    """Callers by every way there is, who keep each answer until the daemon dies."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self._first = threading.Event()
        self.received: list[pb.SignResponse] = []

    def run_and_kill(self, after: float) -> None:
        ways = (self._single, self._single, self._batch, self._stream)
        with ThreadPoolExecutor(len(ways)) as pool:
            done = [pool.submit(way) for way in ways]
            assert self._first.wait(PATIENCE)
            time.sleep(after)
            self._daemon.kill()
            for each in done:
                each.result(PATIENCE)

    def _keep(self, answers: list[pb.SignResponse]) -> None:
        self.received += answers
        self._first.set()

    def _single(self) -> None:
        with self._daemon.client(timeout=10) as client:
            for number in range(100_000):
                try:
                    self._keep([client.sign(_request(number))])
                except SignwardError:
                    return

    def _batch(self) -> None:
        requests = [_request(number) for number in range(BATCH)]
        with self._daemon.client(timeout=10) as client:
            while True:
                try:
                    answers = client.sign_batch(requests)
                except SignwardError:
                    return
                self._keep([a for a in answers if isinstance(a, pb.SignResponse)])

    def _stream(self) -> None:
        with self._daemon.client(timeout=10) as client:
            method = client.channel.stream_stream(SIGN + "SignStream")
            answers = method(_items(), timeout=30)
            try:
                for data in answers:
                    self._keep([pb.SignStreamResponse.FromString(data).response])
            except grpc.RpcError:  # the daemon has been killed
                return


def _items() -> Iterator[bytes]:
    for number in range(1, 2000):
        item = pb.SignStreamRequest(id=number, request=_request(number))
        yield item.SerializeToString()


def _request(number: int) -> pb.SignRequest:
    return sign_request("k", b"%d" % number)


def verified(home: Home) -> Report:
    """Verify the log of a home; nothing may speak against it."""
    key = parse_verifier_key((home.path / "audit.pub").read_text().strip())
    report = verify_log(home.path / "audit", key)
    assert report.intact, report.findings
    return report


def records(home: Home) -> dict[int, dict[str, object]]:
    bodies = read_bodies(list_folder(home.path / "audit"))
    found = [(number, json.loads(body)) for number, body in bodies]
    assert [number for number, _ in found] == list(range(len(found)))
    return dict(found)


def rounds(home: Home, number: int) -> None:
    """Kill a daemon so often; after each restart hold its log against what was received."""
    chance = random.Random(20261121)  # noqa: S311 -- moments to kill at, not secrets
    received: dict[int, pb.SignResponse] = {}
    answered = 0
    daemon = Daemon(home, **UNMEASURED)
    try:
        with daemon.client() as client:
            create(client, "k")
        for _ in range(number):
            signers = Signers(daemon)
            signers.run_and_kill(chance.uniform(0, LONGEST_LIFE))
            answered += len(signers.received)
            received |= {answer.audit_sequence: answer for answer in signers.received}
            assert len(received) == answered  # no number was given twice
            daemon = Daemon(home, **UNMEASURED)
            _compare(home, received)
        assert daemon.stop() == 0
    finally:
        daemon.kill()
    report = verified(home)
    assert report.proved == report.size  # the end of a log that was closed is signed
    _compare(home, received)
    _log.info("%d signatures in %d records", answered, report.size)


def _compare(home: Home, received: dict[int, pb.SignResponse]) -> None:
    report = verified(home)
    found = records(home)
    for number, answer in received.items():
        record = found[number]
        assert answer.audit_log == report.log
        assert (record["event"], record["outcome"], record["key"]) == ("signature", "OK", "k")
        assert record["digest"] == answer.signed_bytes_digest.hex()


@pytest.mark.timeout(400)
def test_every_signature_that_was_received_is_in_the_log(home: Home) -> None:
    rounds(home, 10)


@pytest.mark.soak
@pytest.mark.timeout(3000)
def test_every_signature_that_was_received_is_in_the_log_soak(home: Home) -> None:
    rounds(home, 200)


def test_a_torn_record_is_cut_and_the_cut_is_recorded(home: Home) -> None:
    with Daemon(home) as daemon, daemon.client() as client:
        create(client, "k")
        received = client.sign(_request(1))
        daemon.kill()
    log = home.path / "audit" / f"{0:020d}.log"
    whole = log.read_bytes()
    log.write_bytes(whole + b"\x00\x00\x01\x00torn")
    with Daemon(home) as daemon, daemon.client() as client:
        client.sign(_request(2))
        assert daemon.stop() == 0
    found = records(home)
    assert found[received.audit_sequence]["digest"] == received.signed_bytes_digest.hex()
    cuts = [record for record in found.values() if record["event"] == "recovered"]
    assert len(cuts) == 1
    assert cuts[0]["details"]["bytes"] == 8  # type: ignore[index]
    verified(home)


def test_a_log_that_was_cut_below_a_checkpoint_is_not_gone_on_with(home: Home) -> None:
    with Daemon(home) as daemon, daemon.client() as client:
        create(client, "k")
        client.sign(_request(1))
        assert daemon.stop() == 0
    log = home.path / "audit" / f"{0:020d}.log"
    log.write_bytes(log.read_bytes()[:-20])
    before = {path.name: path.read_bytes() for path in (home.path / "audit").iterdir()}
    outcome = serve_and_fail(home)
    assert outcome.code == 6
    assert "audit" in outcome.said
    after = {path.name: path.read_bytes() for path in (home.path / "audit").iterdir()}
    assert before == after


def test_the_record_is_there_before_the_answer(home: Home) -> None:
    log = home.path / "audit" / f"{0:020d}.log"
    with Daemon(home) as daemon, daemon.client() as client:
        create(client, "k")
        for number in range(50):
            digest = client.sign(_request(number)).signed_bytes_digest.hex()
            assert digest.encode() in log.read_bytes()


def test_a_batch_takes_few_writes(home: Home) -> None:
    with Daemon(home) as daemon, daemon.client() as client:
        create(client, "k")
        client.sign(_request(0))
        before = _writes(daemon)
        answers = client.sign_batch([_request(number) for number in range(256)])
        assert all(isinstance(answer, pb.SignResponse) for answer in answers)
        assert _writes(daemon) - before < 128


def _writes(daemon: Daemon) -> int:
    """Return how often the daemon has written to a file; sockets are not counted."""
    text = Path(f"/proc/{daemon.pid}/io").read_text()
    return int(dict(line.split(": ") for line in text.splitlines())["syscw"])
