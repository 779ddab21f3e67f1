"""Rotations in a race with signatures, on several workers that share a database."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from signward import Client, SignwardError
from signward.v1 import sign_service_pb2 as pb

from tests.running.crews import connected, crew
from tests.running.homes import Home
from tests.running.keys import create, sign_request
from tests.running.postgres import shared_server
from tests.running.process import PATIENT

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

WORKERS = 3
ROTATIONS = 50
SIGNATURES = 2_000


def test_each_signature_verifies_under_its_version_and_only_rotations_lose(home: Home) -> None:
    url = shared_server().new_database()
    flags = ("--set", f"store.url={url}", *PATIENT)
    with crew(home, WORKERS, *flags) as daemon, connected(daemon) as clients:
        create(clients[0], "k")
        rotated = Count(ROTATIONS)
        with ThreadPoolExecutor(len(clients)) as pool:
            rotating = [pool.submit(rotate, client, rotated) for client in clients[:4]]
            share = SIGNATURES // len(clients[4:])
            signing = [pool.submit(sign, client, share) for client in clients[4:]]
            lost = [reason for each in rotating for reason in each.result()]
            answers = [answer for each in signing for answer in each.result()]
        assert set(lost) <= {"ETAG_MISMATCH"}
        versions = {each.version: each for each in clients[0].list_key_versions("k")}
        assert sorted(versions) == list(range(1, ROTATIONS + 2))
        assert len({each.public_key.fingerprint for each in versions.values()}) == ROTATIONS + 1
        assert len(answers) == SIGNATURES
        for answer in answers:
            key = Ed25519PublicKey.from_public_bytes(versions[answer.version].public_key.raw)
            key.verify(answer.raw.signature, b"message")
        assert len({answer.version for answer in answers}) > 1  # they did race


class Count:
    """How many are left to do, for threads that share the work."""

    def __init__(self, left: int) -> None:
        self._left = left
        self._changing = threading.Lock()

    def take(self) -> bool:
        """Return whether one more is to be done."""
        with self._changing:
            self._left -= 1
            return self._left >= 0


def rotate(client: Client, rotations: Count) -> Sequence[str]:
    """Rotate until there are enough rotations; return why those were refused that lost."""
    lost = []
    while rotations.take():
        while True:
            try:
                client.rotate_key("k", grace_period=timedelta(hours=1))
            except SignwardError as error:
                lost.append(error.reason)
            else:
                break
    return lost


def sign(client: Client, count: int) -> Sequence[pb.SignResponse]:
    return [client.sign(sign_request("k", b"message")) for _ in range(count)]
