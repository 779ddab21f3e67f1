"""A client for asyncio connects anew when its files change: no call fails, the loop never waits."""

from __future__ import annotations

import asyncio
import gc
import logging
import threading
import time
import weakref
from datetime import timedelta

import pytest
from signward import CredentialsError, credential_files, errors
from signward.aio import Client

from tests.fakes.certificates import Authority
from tests.fakes.daemon import FakeDaemon
from tests.fakes.statuses import status
from tests.unit.client.renewing import Folder

SECOND = timedelta(seconds=1)
REFUSED = status("UNAUTHENTICATED", "CERTIFICATE_REVOKED", "The certificate is revoked.")
PATIENCE = 10.0


@pytest.fixture
def folder(tmp_path, authority):
    folder = Folder(tmp_path, authority)
    folder.renew("first")
    return folder


@pytest.fixture
def key(daemon):
    daemon.add_key("k")
    return daemon


@pytest.fixture
def stranger(tmp_path):
    (tmp_path / "other").mkdir()
    authority = Authority(tmp_path / "other", "stranger")
    return authority.issue("mallory", *FakeDaemon.server_names())


def callers(daemon, method="Sign"):
    found = []
    for seen in list(daemon.seen):
        if seen.method == method and found[-1:] != [seen.caller]:
            found.append(seen.caller)
    return found


def attentive(key, folder, work, interval=0.01):
    """Run what is to be done with a client that looks at its files all the time."""

    async def main():
        async with Client(key.target, folder.credentials()) as client:
            client._renewal._interval = interval
            await asyncio.wait_for(work(client), PATIENCE)

    asyncio.run(main())


async def sign_until(client, condition):
    """Sign all the time, until something holds."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        await client.sign_raw("k", b"m")
        await asyncio.sleep(0.005)


def test_new_files_are_used_and_no_call_fails(key, folder):
    async def work(client):
        for name in ("second", "third"):
            folder.renew(name)
            await sign_until(client, lambda name=name: callers(key)[-1:] == [name])
        assert client.reconnections == 2

    attentive(key, folder, work)
    assert callers(key) == ["second", "third"] or callers(key) == ["first", "second", "third"]


def test_the_old_connection_is_closed_with_its_last_call(key, folder):
    async def work(client):
        await client.sign_raw("k", b"m")
        old = weakref.ref(client._renewal.current)
        folder.renew("second")
        await sign_until(client, lambda: client.reconnections == 1)
        gc.collect()
        assert old() is None

    attentive(key, folder, work)


def test_old_connections_are_closed_in_the_end(key, folder, monkeypatch):
    monkeypatch.setattr("signward.aio.renewal._LONGEST", 0.0)

    async def work(client):
        old = client._renewal.connection()
        await client.reconnect()
        await sign_until(client, lambda: not client._renewal._closings and is_closed(old))

    def is_closed(connection):
        return connection.channel._channel.closed()

    attentive(key, folder, work)


def test_what_cannot_be_used_keeps_the_old_ones(key, folder, stranger, caplog, monkeypatch):
    monkeypatch.setattr("signward.aio.renewal._PATIENCE", 0.3)

    async def work(client):
        await client.sign_raw("k", b"m")
        folder.put(folder.certificate, folder.issue("half").certificate.read_bytes())
        await sign_until(client, lambda: "does not belong to client certificate" in caplog.text)
        folder.take(stranger)
        await sign_until(client, lambda: len(caplog.records) == 2)
        key.plan("Check", REFUSED)
        folder.renew("refused", start=-SECOND)
        await sign_until(client, lambda: "CERTIFICATE_REVOKED" in caplog.text)
        folder.renew("last")
        await sign_until(client, lambda: callers(key)[-1:] == ["last"])

    with caplog.at_level(logging.WARNING, "signward"):
        attentive(key, folder, work)
    assert set(callers(key)) <= {"first", "refused", "last"}


def test_after_silence_a_call_waits_for_the_new_connection(key, folder):
    async def work(client):
        await client.sign_raw("k", b"m")
        await asyncio.sleep(0.4)
        folder.renew("second")
        await client.sign_raw("k", b"m")

    attentive(key, folder, work, interval=0.1)
    assert callers(key) == ["first", "second"]


def test_a_certificate_that_runs_out_is_left_in_time(key, folder):
    folder.renew("brief", end=5 * SECOND)
    key.plan("Check", *[REFUSED] * 50)

    async def work(client):
        await client.sign_raw("k", b"m")
        folder.renew("second")
        await asyncio.sleep(0.05)
        await client.sign_raw("k", b"m")

    attentive(key, folder, work)
    assert callers(key)[-1] == "second"


def test_a_slow_disk_does_not_hold_the_loop_up(key, folder, monkeypatch):
    real, looking, go_on = credential_files._state, set(), threading.Event()

    def slow(path):
        looking.add(threading.get_ident())
        go_on.wait(PATIENCE)
        return real(path)

    async def work(client):
        await client.sign_raw("k", b"m")
        monkeypatch.setattr(credential_files, "_state", slow)
        for _ in range(100):
            await asyncio.sleep(0.005)
            client._renewal.connection()
        await client.sign_raw("k", b"m")
        go_on.set()
        assert looking
        assert threading.get_ident() not in looking

    attentive(key, folder, work, interval=0.05)


def test_reconnect_says_what_is_wrong(key, folder, stranger):
    async def work(client):
        await client.reconnect()
        assert client.reconnections == 1
        folder.certificate.unlink()
        with pytest.raises(CredentialsError, match="does not exist"):
            await client.reconnect()
        folder.take(stranger)
        with pytest.raises(errors.SignwardError):
            await client.reconnect(timeout=0.5)
        assert client.reconnections == 1
        await client.sign_raw("k", b"m")

    attentive(key, folder, work, interval=60.0)


def test_closing_ends_what_looks_and_connects(key, folder, stranger):
    async def work(client):
        await client.sign_raw("k", b"m")
        folder.take(stranger)
        await asyncio.sleep(0.05)
        client._renewal.connection()
        await asyncio.sleep(0.05)
        assert client._renewal._looking is not None
        await client.close()
        assert client._renewal._looking is None

    attentive(key, folder, work)
