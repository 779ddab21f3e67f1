"""A home with 10,000 keys: ready within its memory, and every key signs."""

from __future__ import annotations

import logging
import time
from pathlib import Path

import pytest
from signward.v1 import resources_pb2 as resources
from signward.v1 import sign_service_pb2 as pb

from tests.running.filling import key_name
from tests.running.homes import Home
from tests.running.keys import sign_request
from tests.running.process import UNMEASURED, Daemon
from tests.running.stock import stocked

_log = logging.getLogger(__name__)
pytestmark = pytest.mark.integration

KEYS = 10_000
MOST_KIB = 200 * 1024


@pytest.mark.timeout(400)  # another process may be making the home
def test_a_daemon_with_ten_thousand_keys_keeps_within_its_memory(
    pristine: Home, shelf: Path
) -> None:
    home = stocked(pristine, shelf / "many", KEYS)
    started = time.monotonic()
    with Daemon(home, **UNMEASURED) as daemon, daemon.client() as client:
        seconds, resident = time.monotonic() - started, daemon.status("VmRSS")
        _log.info("%d keys: ready after %.2f s, %d KiB", KEYS, seconds, resident)
        assert daemon.status("VmHWM") < MOST_KIB
        assert sum(1 for _ in client.list_keys(page_size=500)) == KEYS
        for start in range(0, KEYS, 2500):
            numbers = range(start, start + 128)
            kinds = resources.ALGORITHM_ED25519, resources.ALGORITHM_ECDSA_SECP256K1
            answers = client.sign_batch(
                sign_request(key_name(number), b"message", kinds[number % 2]) for number in numbers
            )
            assert all(isinstance(answer, pb.SignResponse) for answer in answers)
        _log.info("after signing with 512 of them: %d KiB", daemon.status("VmRSS"))
        assert daemon.status("VmHWM") < MOST_KIB
