"""Certificates and CAs change while clients sign: promise 9, through the wire."""

from __future__ import annotations

import logging
import time

import pytest

from tests.faults.rotating import Rotation, calling, succeed
from tests.running.homes import Home
from tests.running.keys import create
from tests.running.process import Daemon

pytestmark = pytest.mark.integration

_log = logging.getLogger(__name__)
INTERVAL = 1.0
FLAGS = (
    "--set",
    "reload.interval=1s",
    "--set",
    'tls.client_ca=[{file = "tls/client-ca.crt", names = ["bot", "admin"]}]',
)
SPARE = 2.0  # seconds in which a busy machine does what takes milliseconds


def rounds(home: Home, seconds: float) -> None:
    """Exchange every certificate each second, and CAs as quickly as clients follow."""
    rotation = Rotation(home)
    with Daemon(home, *FLAGS) as daemon:
        with daemon.client() as first:
            create(first, "k")
        with (
            daemon.client("admin") as admin,
            calling(daemon, "k") as (clients, callers),
            rotation.ticking(),
        ):
            end = time.monotonic() + seconds
            outs = [succeed(rotation, daemon, admin, clients, "k")]
            while len(outs) < 2 or time.monotonic() < end:
                outs.append(succeed(rotation, daemon, admin, clients, "k"))
        calls = sum(caller.calls for caller in callers)
        _log.info(
            "%d calls over %d connections, %d exchanges, %d CAs; the longest call %.0f ms; "
            "calls of a removed CA were let in for %.2f s at most",
            calls,
            sum(client.reconnections for client in clients) + len(clients),
            rotation.exchanges,
            len(outs),
            1000 * max(caller.longest for caller in callers),
            max(outs),
        )
        assert [caller.failures for caller in callers] == [[]] * len(callers)
        assert max(outs) <= INTERVAL + SPARE
        assert rotation.exchanges >= seconds - 2
        assert daemon.metric('signward_reload_refusals_total{part="policy"}') == 0


def test_promise_9_no_call_fails_while_certificates_and_cas_change(home: Home) -> None:
    rounds(home, 4)


@pytest.mark.soak
def test_promise_9_no_call_fails_in_a_minute_of_changes_soak(home: Home) -> None:
    rounds(home, 60)
