"""Workers over PostgreSQL, and workers whose KEK somebody was asked for."""

from __future__ import annotations

import os
import signal

import pytest
from signward_server.custody.envelope import DescriptorPassphrase, PassphraseKek
from signward_server.custody.memory import LockedMemory
from signward_server.custody.native import load_native

from tests.running.crews import connected, crew, workers_of
from tests.running.homes import Home
from tests.running.keys import create, sign_request
from tests.running.postgres import shared_server
from tests.running.process import PATIENT
from tests.running.waiting import eventually

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

PASSPHRASE = b"a passphrase that is long enough for anybody"


def test_three_workers_serve_over_postgresql(home: Home) -> None:
    url = shared_server().new_database()
    flags = ("--set", f"store.url={url}", *PATIENT)
    with crew(home, 3, *flags) as daemon:
        with connected(daemon) as clients:
            create(clients[0], "k")
            for client in clients:
                client.sign(sign_request("k"))
            clients[0].disable_key("k")
            for client in clients:
                with pytest.raises(Exception, match="KEY_DISABLED"):
                    client.sign(sign_request("k"))
        assert daemon.metric("signward_workers") == 3
        assert daemon.probe("/readyz") == 200


def test_s20_a_kek_that_was_asked_for_once_reaches_workers_that_are_replaced(home: Home) -> None:
    home.kek.unlink()
    native = load_native()
    PassphraseKek(home.kek, native.sodium, DescriptorPassphrase(typed(PASSPHRASE))).create(
        LockedMemory(native.sodium, 8192)
    ).close()
    reader = typed(PASSPHRASE)
    asked = ("--set", "custody.envelope.kek_source=passphrase", "--passphrase-fd", str(reader))
    with crew(home, 2, *asked, pass_fds=(reader,)) as daemon:
        os.close(reader)
        with connected(daemon) as clients:
            create(clients[0], "k")
        for worker in workers_of(daemon):
            os.kill(worker, signal.SIGKILL)
        assert eventually(lambda: daemon.metric("signward_worker_restarts_total") == 2)
        assert eventually(lambda: daemon.metric("signward_workers") == 2)
        with connected(daemon) as clients:
            for client in clients:
                client.sign(sign_request("k"))


def typed(secret: bytes) -> int:
    """Return a pipe with a passphrase in it."""
    reader, writer = os.pipe()
    os.write(writer, secret + b"\n")
    os.close(writer)
    return reader
