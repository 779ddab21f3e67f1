"""Every row of the table of health in docs/operations.md, on a real daemon (promise 10).

Each situation is a context: it makes a daemon what the row says, and puts it right again.
"""

from __future__ import annotations

import shutil
import signal
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from signward import SignwardError
from signward_server.home.authority import Authority

from tests.faults.test_full_disk import (
    FullFilesystem,
    LimitedFiles,
    mounted,
    refused_creations,
)
from tests.running.calls import SIGN, held, refusal_of
from tests.running.health_rows import KEY, WATCHED, Row, observed, rows, watching
from tests.running.homes import SIGNWARD, Home, replace
from tests.running.keys import create, sign_request
from tests.running.process import Daemon
from tests.running.waiting import eventually

pytestmark = [pytest.mark.integration, pytest.mark.timeout(WATCHED)]

ROWS: Final = rows()
FLAGS: Final = ("--set", "reload.interval=1s")
SETTLED: Final = 1.5
"""Seconds after which a short lease and the interval are over."""
WELL: Final = ROWS["nothing is wrong"]
Make = Callable[[Daemon], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True)
class Situation:
    """How a row comes about.

    Attributes:
        make: Makes a daemon that is well what the row says, and puts it right again.
        flags: What that daemon is started with.
        ill: See ``tests.running.ailing``; empty for an ordinary daemon.
        around: Changes its home before it is started, and takes that back.
    """

    make: Make
    flags: tuple[str, ...] = ()
    ill: str = ""
    around: Callable[[Home], AbstractContextManager[object]] = nullcontext


SITUATIONS: Final[dict[str, Situation]] = {}


def situation(
    title: str,
    *flags: str,
    ill: str = "",
    around: Callable[[Home], AbstractContextManager[object]] = nullcontext,
) -> Callable[[Callable[[Daemon], Iterator[None]]], None]:
    """Make a generator the situation of this row."""

    def add(function: Callable[[Daemon], Iterator[None]]) -> None:
        SITUATIONS[title] = Situation(contextmanager(function), flags, ill, around)

    return add


def setting(name: str, value: str) -> tuple[str, str]:
    return "--set", f"{name}={value}"


WIPE_AT_ONCE: Final = setting("custody.envelope.default_unlock_ttl", "0s")


@situation("nothing is wrong")
def _(daemon: Daemon) -> Iterator[None]:
    assert daemon.metric("signward_ready") == 1
    yield


@situation("the store's file is gone")
def _(daemon: Daemon) -> Iterator[None]:
    aside = daemon.home.store.with_name("aside.db")
    daemon.home.store.rename(aside)
    yield
    aside.rename(daemon.home.store)
    well_again(daemon)


@situation("another file lies in the store's place")
def _(daemon: Daemon) -> Iterator[None]:
    copy = daemon.home.store.with_name("copy.db")
    shutil.copy(daemon.home.store, copy)
    copy.replace(daemon.home.store)
    yield


@situation("an older copy was restored into the store")
def _(daemon: Daemon) -> Iterator[None]:
    backup = daemon.home.store.with_name("backup.db")
    copied(daemon.home.store, backup)
    with daemon.client() as client:
        client.disable_key(KEY)
        client.enable_key(KEY)
    copied(backup, daemon.home.store)
    yield


def copied(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as one, closing(sqlite3.connect(target)) as other:
        one.backup(other)


@situation("another process keeps the store locked")
def _(daemon: Daemon) -> Iterator[None]:
    with closing(sqlite3.connect(daemon.home.store, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
    well_again(daemon)


@situation("the store's disk is full")
def _(daemon: Daemon) -> Iterator[None]:
    disk = LimitedFiles(daemon)
    disk.fill()
    with daemon.client() as client:
        refused_creations(client)
    yield
    disk.free()
    well_again(daemon)


@contextmanager
def _on_a_small_disk(home: Home) -> Iterator[None]:
    folder = home.path / "audit"
    aside = folder.rename(home.path / "audit-aside")
    with mounted(folder):
        shutil.copytree(aside, folder, dirs_exist_ok=True)
        yield


@situation("the audit log's disk is full", around=_on_a_small_disk)
def _(daemon: Daemon) -> Iterator[None]:
    disk = FullFilesystem(daemon.home.path / "audit")
    disk.fill()
    with daemon.client() as client, suppress(SignwardError):
        for _ in range(100):  # until the last page is full as well
            client.sign(sign_request(KEY))
    yield
    disk.free()
    well_again(daemon)


@situation("the audit log's file system turns read-only", ill="unwritable")
def _(daemon: Daemon) -> Iterator[None]:
    daemon.process.send_signal(signal.SIGUSR1)
    yield
    daemon.process.send_signal(signal.SIGUSR2)
    well_again(daemon)


@situation("the audit log's disk fails", ill="unsynced")
def _(daemon: Daemon) -> Iterator[None]:
    daemon.process.send_signal(signal.SIGUSR1)
    yield
    daemon.process.send_signal(signal.SIGUSR2)
    well_again(daemon)


@situation("the audit log's folder is gone")
def _(daemon: Daemon) -> Iterator[None]:
    aside = (daemon.home.path / "audit").rename(daemon.home.path / "aside")
    yield
    aside.rename(daemon.home.path / "audit")
    well_again(daemon)


@situation("the key of the audit log is gone")
def _(daemon: Daemon) -> Iterator[None]:
    (daemon.home.path / "audit.key").unlink()
    yield


@situation("the KEK file is gone")
def _(daemon: Daemon) -> Iterator[None]:
    daemon.home.kek.rename(daemon.home.kek.with_name("aside"))
    yield


@situation("the KEK was wiped from memory", *WIPE_AT_ONCE, ill="kek")
def _(daemon: Daemon) -> Iterator[None]:
    daemon.process.send_signal(signal.SIGUSR1)
    yield


@situation("the policy folder is gone")
def _(daemon: Daemon) -> Iterator[None]:
    daemon.home.policies.rename(daemon.home.path / "aside")
    refused_by_reload(daemon)
    yield


@situation("the policy folder is empty")
def _(daemon: Daemon) -> Iterator[None]:
    for file in daemon.home.policies.iterdir():
        file.unlink()
    refused_by_reload(daemon)
    yield


@situation("a policy file is invalid")
def _(daemon: Daemon) -> Iterator[None]:
    daemon.home.permit("permit (principal, action", "new.cedar")
    refused_by_reload(daemon)
    yield


def refused_by_reload(daemon: Daemon) -> None:
    assert eventually(lambda: daemon.metric('signward_reload_refusals_total{part="policy"}') >= 1)
    assert eventually(lambda: "reload refused" in daemon.said)


@situation(
    "more calls come than it takes",
    *setting("limits.unary_threads", "1"),
    *setting("limits.queue", "1"),
    *WIPE_AT_ONCE,
)
def _(daemon: Daemon) -> Iterator[None]:
    ended = threading.Event()
    refused: list[str] = []
    with daemon.client() as client:
        call = client.channel.unary_unary(SIGN + "Sign")
        request = sign_request(KEY).SerializeToString()

        def flood() -> None:
            while not ended.is_set():
                for each in [call.future(request, timeout=20) for _ in range(8)]:
                    error = each.exception()
                    if isinstance(error, grpc.RpcError):
                        refused.append(refusal_of(error).reason)

        flooding = threading.Thread(target=flood, daemon=True)
        flooding.start()
        try:
            yield
        finally:
            ended.set()
            flooding.join(30)
    assert set(refused) == {"OVERLOADED"}


@situation(
    "it is stopping",
    *setting("shutdown.grace", "30s"),
    *setting("limits.reception_timeout", "1m"),
)
def _(daemon: Daemon) -> Iterator[None]:
    request = sign_request(KEY).SerializeToString()
    with daemon.client() as client:
        with held(client.channel, SIGN + "Sign", request) as release:
            client.health()  # what this connection carried before has arrived
            daemon.process.send_signal(signal.SIGTERM)
            assert eventually(lambda: '"stopping"' in daemon.said)
            yield
            release.set()
        assert daemon.wait() == 0


@situation("its own certificate has expired")
def _(daemon: Daemon) -> Iterator[None]:
    ends = show(daemon, timedelta(seconds=15))
    time.sleep(max(0.0, (ends - datetime.now(UTC)).total_seconds()))
    yield
    show(daemon, timedelta(hours=1))
    well_again(daemon)


def show(daemon: Daemon, lifetime: timedelta) -> datetime:
    """Give the daemon a new certificate, wait until it shows it, and return when that ends."""
    issued = Authority.open(daemon.home.authority).issue_server(datetime.now(UTC), lifetime)
    replace(daemon.home.path / "tls" / "server.key", issued.private_key)
    replace(daemon.home.path / "tls" / "server.crt", issued.certificate)
    expiry = 'signward_certificate_expiry_timestamp_seconds{certificate="server"}'
    assert eventually(lambda: daemon.metric(expiry) == issued.not_after.timestamp())
    return issued.not_after


@contextmanager
def _with_overdue_list(home: Home) -> Iterator[None]:
    ca = x509.load_pem_x509_certificate((home.authority / "ca.crt").read_bytes())
    key = load_pem_private_key((home.authority / "ca.key").read_bytes(), None)
    then = datetime.now(UTC) - timedelta(days=2)
    built = x509.CertificateRevocationListBuilder(ca.subject, then, then + timedelta(days=1))
    signed = built.sign(key, hashes.SHA256())  # type: ignore[arg-type]
    (home.path / "tls" / "old.crl").write_bytes(signed.public_bytes(Encoding.PEM))
    yield


@situation(
    "a revocation list is overdue",
    *setting("tls.revocation", '["tls/old.crl"]'),
    around=_with_overdue_list,
)
def _(daemon: Daemon) -> Iterator[None]:
    assert daemon.metric("signward_crls_overdue") == 1
    yield


@situation("the serving thread has died", ill="serving")
def _(daemon: Daemon) -> Iterator[None]:
    daemon.process.send_signal(signal.SIGUSR1)
    yield


@situation("the serving thread hangs", ill="hanging")
def _(daemon: Daemon) -> Iterator[None]:
    daemon.process.send_signal(signal.SIGUSR1)
    yield


@contextmanager
def running(home: Home, chosen: Situation, expected: Row) -> Iterator[Daemon]:
    """A daemon that is well, with a key; its lease is short where the store is to fail."""
    lease = setting("store.lease", "1s" if expected.sign == "STORE_UNAVAILABLE" else "20s")
    own = (sys.executable, "-m", "tests.running.ailing", chosen.ill) if chosen.ill else SIGNWARD
    with chosen.around(home):
        daemon = Daemon(home, *FLAGS, *lease, *chosen.flags, command=own)
        try:
            with daemon.client() as client:
                create(client, KEY)
                client.sign(sign_request(KEY))
            yield daemon
        finally:
            daemon.kill()


def well_again(daemon: Daemon) -> None:
    with watching(daemon) as said:
        assert eventually(lambda: observed(daemon, said) == WELL)


def fits(row: Row, told: Row) -> bool:
    return all(
        set(said.split(" or ")) <= set(expected.split(" or "))
        for expected, said in zip(row, told, strict=True)
    )


def test_every_row_is_tried() -> None:
    assert list(SITUATIONS) == list(ROWS)


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_promise_10_ready_says_whether_a_signature_could_be_made(row: Row) -> None:
    assert (row.ready == "200") == ("OK" in row.sign)
    assert ("SERVING" in row.check.split(" or ")) == (row.ready == "200")


@pytest.mark.parametrize("title", SITUATIONS)
def test_promise_10_a_daemon_says_what_the_table_says(home: Home, title: str) -> None:
    chosen, expected = SITUATIONS[title], ROWS[title]
    told: list[Row] = []

    def as_expected() -> bool:
        told.append(observed(daemon, said))
        return fits(expected, told[-1])

    with running(home, chosen, expected) as daemon, watching(daemon) as said:
        assert eventually(lambda: fits(WELL, observed(daemon, said)))
        with chosen.make(daemon):
            time.sleep(SETTLED)
            assert eventually(as_expected), told[-1]
            assert as_expected(), told[-1]
