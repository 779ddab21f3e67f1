"""One address cannot take all files of a daemon (S42)."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.running.homes import Home
from tests.running.keys import create, sign_request
from tests.running.process import Daemon
from tests.running.waiting import eventually

pytestmark = pytest.mark.integration

CAP, FLOOD = 20, 200


def test_s42_a_flood_of_connections_is_closed_and_a_good_client_signs(home: Home) -> None:
    flags = (
        "--set",
        f"limits.connections_per_address={CAP}",
        "--set",
        "limits.handshake_timeout=30s",
    )
    with Daemon(home, *flags) as daemon, daemon.client() as client, ExitStack() as stack:
        create(client, "k")
        before = files(daemon)
        assert daemon.metric("signward_connections_closed_total") == 0
        for _ in range(FLOOD):
            source = ("127.0.0.2", 0)
            stack.enter_context(
                socket.create_connection(("127.0.0.1", daemon.port), 10, source_address=source)
            )
            client.sign(sign_request("k"))
        closed = "signward_connections_closed_total"
        assert eventually(lambda: daemon.metric(closed) == FLOOD - CAP)
        assert eventually(lambda: files(daemon) <= before + CAP + 2)
        assert daemon.metric(closed) == FLOOD - CAP, "each is counted once"
        assert client.reconnections == 0
        with daemon.client() as another:
            assert another.sign(sign_request("k")).version == 1
        assert eventually(lambda: "too many connections" in daemon.said)
        assert "127.0.0.2" not in daemon.said


def files(daemon: Daemon) -> int:
    return sum(1 for _ in Path(f"/proc/{daemon.pid}/fd").iterdir())
