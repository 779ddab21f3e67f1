"""A store in PostgreSQL: whose it must be, and what happens while it is away."""

from __future__ import annotations

import dataclasses
import logging
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from datetime import timedelta
from functools import partial
from ipaddress import IPv4Address
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from cryptography import x509
from signward_server.core.clock import SystemClock
from signward_server.core.errors import (
    EnvelopeCorrupt,
    EtagMismatch,
    KeyExists,
    SignwardError,
    StoreUnavailable,
)
from signward_server.core.keys import Freeze, Key
from signward_server.store import KeyCatalogue, StoreAddress, StoreFileError, open_store
from signward_server.store.postgres_connection import PatientConnection
from signward_server.store.schema import REVISION, metadata
from sqlalchemy.exc import DBAPIError

from tests.fakes.catalogue_keys import catalogue_key, key_version, signing_scope
from tests.fakes.certificates import Authority
from tests.fakes.row_authenticator import HmacRows
from tests.fakes.spine.api_keys import api_key
from tests.running.hanging import HangingProxy
from tests.running.ports import free_port
from tests.running.postgres import PostgresServer, new_server, shared_server
from tests.running.sharing import Sharer, sharing
from tests.running.waiting import eventually

pytestmark = pytest.mark.integration

CONTENT = b"c" * 32
LEASE = timedelta(seconds=1)
ORDINARY = timedelta(seconds=2)
"""The lease of a daemon that is told of no other."""


@pytest.fixture
def url() -> str:
    return shared_server().new_database()


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """A server that the test may stop."""
    server = new_server()
    yield server
    server.stop()


def refusal(url: str, *, upgrade: bool = True) -> str:
    with pytest.raises(StoreFileError) as refused:
        open_store(StoreAddress(url, "s3cret"), SystemClock(), upgrade=upgrade)
    assert "s3cret" not in str(refused.value)
    return str(refused.value)


def test_a_database_of_somebody_else_is_refused_untouched(url: str) -> None:
    shared_server().ask(url, "CREATE TABLE cookies (value TEXT)")
    shared_server().ask(url, "CREATE TABLE alembic_version (version_num TEXT)")
    assert "holds other tables" in refusal(url)
    assert shared_server().ask(url, "SELECT count(*) FROM pg_tables WHERE schemaname='public'") == [
        (2,)
    ]


def test_what_is_no_database_is_refused(url: str) -> None:
    assert "cannot be reached" in refusal("postgresql://signward@/d?host=/nowhere")
    assert "cannot be reached" in refusal("postgresql://signward@/d?nonsense=1")
    assert "cannot be reached" in refusal(url.replace("/d", "/nothing"))
    shared_server().ask("postgres", "CREATE DATABASE latin ENCODING 'SQL_ASCII' TEMPLATE template0")
    assert "UTF8" in refusal(shared_server().url("latin"))


def test_a_database_that_may_forget_is_refused(url: str) -> None:
    database = url.split("@/")[1].partition("?")[0]
    shared_server().ask("postgres", f"ALTER DATABASE {database} SET synchronous_commit = off")
    assert "may forget" in refusal(url)


def test_the_password_is_shown_nowhere() -> None:
    address = StoreAddress("postgresql://signward@db/signward?sslmode=verify-full", "s3cret")
    assert "s3cret" not in repr(address) + str(address)
    assert str(address) == "postgresql://signward@db/signward"


def test_an_older_database_waits_for_the_operator_when_told_to(url: str) -> None:
    assert "signward migrate" in refusal(url, upgrade=False)
    open_store(StoreAddress(url), SystemClock()).close()
    open_store(StoreAddress(url), SystemClock(), upgrade=False).close()
    shared_server().ask(url, "UPDATE alembic_version SET version_num = '9999'")
    assert "newer release" in refusal(url)


def test_daemons_that_start_at_once_make_the_tables_once(url: str) -> None:
    barrier, failed = threading.Barrier(4), list[BaseException]()

    def start() -> None:
        barrier.wait(30)
        try:
            open_store(StoreAddress(url), SystemClock()).close()
        except StoreFileError as error:
            failed.append(error)

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failed == []
    assert shared_server().ask(url, "SELECT version_num FROM alembic_version") == [(REVISION,)]


def test_the_server_is_reached_over_tls_and_only_if_it_shows_who_it_is(
    server: PostgresServer, tmp_path: Path
) -> None:
    authority, foreign = Authority(tmp_path), Authority(tmp_path, "foreign")
    files = authority.issue("db", x509.IPAddress(IPv4Address("127.0.0.1")))
    port = free_port()
    server.stop()
    server.require_tls(port, files.certificate, files.private_key)
    server.start()
    server.new_database()
    server.ask("postgres", "ALTER ROLE signward PASSWORD 's3cret'")
    url = f"postgresql://signward@127.0.0.1:{port}/d1?sslmode=verify-full&sslrootcert="
    open_store(StoreAddress(f"{url}{authority.ca}", "s3cret"), SystemClock()).close()
    for address in (
        StoreAddress(f"{url}{foreign.ca}", "s3cret"),
        StoreAddress(f"{url}{authority.ca}", "guessed"),
        StoreAddress(f"{url}{authority.ca}"),
        StoreAddress(f"{url}{authority.ca}".replace("verify-full", "disable"), "s3cret"),
    ):
        with pytest.raises(StoreFileError, match="cannot be reached") as refused:
            open_store(address, SystemClock())
        assert "s3cret" not in str(refused.value)


def test_the_migrations_build_the_tables_of_the_schema(url: str) -> None:
    store = open_store(StoreAddress(url), SystemClock())
    with store._durable.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert context.get_current_revision() == REVISION
        assert compare_metadata(context, metadata) == []
    store.close()


def test_a_role_that_may_read_and_write_rows_is_enough(url: str) -> None:
    server = shared_server()
    open_store(StoreAddress(url), SystemClock()).close()
    server.ask(url, "CREATE ROLE daemon LOGIN")
    server.ask(url, "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO daemon")
    with sharing(StoreAddress(url.replace("signward@", "daemon@"))) as sharer:
        sharer.catalogue.insert(catalogue_key("hot"), b"sealed", None, b"")
        sharer.api_keys.insert(api_key())
        sharer.store.requests(HmacRows()).claim(signing_scope("r1"), CONTENT, 1)
        assert sharer.store.turn().held()
        assert sharer.lease.held


EDITS = [
    "UPDATE keys SET \"freeze\" = 1 WHERE id = 'hot'",
    "UPDATE keys SET owner = 'cn:thief' WHERE id = 'hot'",
    "UPDATE keys SET mac = '\\x00' WHERE id = 'hot'",
    "UPDATE keys SET algorithm = 99 WHERE id = 'hot'",
    "UPDATE keys SET create_time = 9223372036854775807 WHERE id = 'hot'",
    "UPDATE key_versions SET state = 3 WHERE key_id = 'hot'",
    "UPDATE key_versions SET public_key = '\\x00' WHERE key_id = 'hot'",
    "DELETE FROM key_versions WHERE key_id = 'hot'",
]


@pytest.mark.parametrize("edit", EDITS)
def test_s17_an_edited_row_is_quarantined_and_the_others_work(url: str, edit: str) -> None:
    store = open_store(StoreAddress(url), SystemClock())
    catalogue = store.catalogue(HmacRows())
    catalogue.insert(catalogue_key("hot", freeze=Freeze.ALL), None, None, b"")
    good = catalogue.insert(catalogue_key("good"), None, None, b"")
    shared_server().ask(url, edit)
    again = store.catalogue(HmacRows())
    assert again.quarantined == {"hot"}
    with pytest.raises(EnvelopeCorrupt):
        again.get("hot")
    assert again.page("", 10) == [good]
    store.close()


def test_s17_a_row_that_somebody_rolled_back_is_not_taken_over(url: str) -> None:
    server = shared_server()
    with sharing(StoreAddress(url)) as ours:
        key = ours.catalogue.insert(catalogue_key("hot"), None, None, b"")
        [before] = server.ask(url, 'SELECT "freeze", revision, update_time, mac FROM keys')
        ours.catalogue.replace(dataclasses.replace(key, freeze=Freeze.ALL), key.revision)
        server.ask(
            url,
            'UPDATE keys SET "freeze" = %s, revision = %s, update_time = %s, mac = %s, changed = 9',
            *before,
        )
        server.ask(url, "UPDATE meta SET value = '9' WHERE name = 'version'")
        assert eventually(lambda: ours.catalogue.quarantined == {"hot"})
        with pytest.raises(EnvelopeCorrupt):
            ours.catalogue.get("hot")


def test_a_deadlock_undoes_a_change_and_says_so(url: str) -> None:
    with sharing(StoreAddress(url)) as ours:
        key = ours.catalogue.insert(catalogue_key("hot"), None, None, b"")
        with psycopg.connect(url) as stranger:
            stranger.execute("UPDATE keys SET owner = owner WHERE id = 'hot'")
            outcome: list[object] = []

            def change() -> None:
                try:
                    outcome.append(ours.catalogue.replace(key, key.revision))
                except SignwardError as error:
                    outcome.append(error)

            changing = threading.Thread(target=change)
            changing.start()
            time.sleep(0.3)  # it holds the version, and waits for the key's row
            with suppress(psycopg.errors.DeadlockDetected):
                stranger.execute("UPDATE meta SET value = value WHERE name = 'version'")
            changing.join(30)
            stranger.rollback()
        assert len(outcome) == 1
        if isinstance(outcome[0], SignwardError):
            assert isinstance(outcome[0], EtagMismatch | StoreUnavailable)
            assert ours.catalogue.get("hot") == key
        assert eventually(lambda: ours.lease.held)


def test_s34_cut_connections_cost_no_change_and_no_lease(url: str) -> None:
    server, address = shared_server(), StoreAddress(url)
    with sharing(address, ORDINARY) as ours, sharing(address, ORDINARY) as theirs:
        requests = ours.store.requests(HmacRows())
        made = 0
        done, lost = threading.Event(), list[float]()

        def watch() -> None:
            while not done.wait(0.005):
                if not (ours.lease.held and theirs.lease.held):
                    lost.append(time.monotonic())

        watching = threading.Thread(target=watch)
        watching.start()
        for number in range(12):
            if number % 3 == 0:
                assert server.cut_connections(url) >= 2
            key = catalogue_key(f"k{number}", versions=(key_version(f"k{number}"),))
            assert eventually(partial(_inserted, ours.catalogue, key))
            made += 1
            with suppress(StoreUnavailable):
                requests.claim(signing_scope(f"r{number}"), CONTENT, 1)
        done.set()
        watching.join(10)
        assert lost == []
        assert server.ask(url, "SELECT count(*) FROM keys") == [(made,)]
        assert eventually(lambda: len(theirs.catalogue) == made)


def _inserted(catalogue: KeyCatalogue, key: Key) -> bool:
    try:
        catalogue.insert(key, b"sealed", None, b"")
    except StoreUnavailable:
        return False
    except KeyExists:
        return True  # what was reported as failed had gone through
    return True


@pytest.mark.parametrize("way", ["stopped", "frozen"])
def test_s34_while_the_database_is_away_nobody_signs_and_then_everybody_again(
    server: PostgresServer, way: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    address = StoreAddress(server.new_database())
    with sharing(address, LEASE) as ours, sharing(address, LEASE) as theirs:
        key = ours.catalogue.insert(catalogue_key("hot"), b"sealed", None, b"")
        with ExitStack() as away:
            if way == "stopped":
                server.stop()
                away.callback(server.start)
            else:
                away.enter_context(server.frozen())
            begun = time.monotonic()
            while ours.lease.held or theirs.lease.held:
                assert time.monotonic() - begun < LEASE.total_seconds() + 0.2
                time.sleep(0.01)
            with pytest.raises(StoreUnavailable):
                ours.catalogue.insert(catalogue_key("cold"), b"sealed", None, b"")
            assert time.monotonic() - begun < 15
            assert ours.catalogue.get("hot") == key
        assert eventually(lambda: ours.signs("hot") and theirs.signs("hot"))
        cold = catalogue_key("cold", versions=(key_version("n"),))
        assert eventually(lambda: _inserted(ours.catalogue, cold))
        assert eventually(lambda: len(theirs.catalogue) == len(ours.catalogue) == 2)
        frozen = dataclasses.replace(key, freeze=Freeze.ALL)
        stored = ours.catalogue.replace(frozen, key.revision)
        assert not theirs.signs("hot")
        assert eventually(lambda: theirs.catalogue.get("hot") == stored)
    assert not [each for each in caplog.records if each.levelno >= logging.CRITICAL]


def test_s34_a_silent_network_is_a_database_that_is_away(url: str) -> None:
    with tempfile.TemporaryDirectory(prefix="signward-") as folder:
        path = Path(folder) / ".s.PGSQL.5432"
        direct = StoreAddress(url)
        hung = StoreAddress(url.replace(str(shared_server().folder), folder))
        with (
            HangingProxy(path, shared_server().folder / ".s.PGSQL.5432") as proxy,
            sharing(direct, LEASE) as ours,
            sharing(hung, LEASE) as theirs,
        ):
            key = ours.catalogue.insert(catalogue_key("hot"), None, None, b"")
            assert eventually(lambda: theirs.signs("hot"))
            requests = theirs.store.requests(HmacRows())
            proxy.hang()
            begun = time.monotonic()
            key = ours.catalogue.replace(dataclasses.replace(key, freeze=Freeze.ALL), key.revision)
            assert not theirs.lease.held, "the change waited for its lease"
            with pytest.raises(StoreUnavailable):
                requests.claim(signing_scope("r1"), CONTENT, 1)
            assert time.monotonic() - begun < 6
            proxy.resume()
            assert eventually(lambda: theirs.lease.held)
            assert theirs.catalogue.get("hot") == key


def test_s34_whoever_hangs_with_the_lock_of_all_changes_loses_it(url: str) -> None:
    with sharing(StoreAddress(url), ORDINARY) as ours:
        hanging = ours.store._version.change()
        hanging.__enter__()
        with sharing(StoreAddress(url)) as theirs:
            begun = time.monotonic()
            with pytest.raises(StoreUnavailable):
                theirs.catalogue.insert(catalogue_key("cold"), None, None, b"")
            assert time.monotonic() - begun < 5
            cold = catalogue_key("cold")
            assert eventually(lambda: _inserted(theirs.catalogue, cold))
        with pytest.raises(DBAPIError):
            hanging.__exit__(None, None, None)
        assert ours.lease.held


def test_a_commit_that_is_reported_as_failed_and_went_through_is_neither_lost_nor_doubled(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sharing(StoreAddress(url)) as ours, sharing(StoreAddress(url)) as theirs:
        key = ours.catalogue.insert(catalogue_key("hot"), b"sealed", None, b"")
        ours.api_keys.insert(api_key())
        commit = PatientConnection.commit
        failing = threading.get_ident()

        def lost(connection: PatientConnection) -> None:
            commit(connection)
            if threading.get_ident() == failing:
                connection.pgconn.finish()
                raise psycopg.OperationalError("the answer was lost")

        for change in (
            lambda: ours.catalogue.replace(dataclasses.replace(key, freeze=Freeze.ALL), 1),
            lambda: ours.catalogue.insert(
                catalogue_key("cold", versions=(key_version("n"),)), b"sealed", None, b""
            ),
            lambda: ours.api_keys.revoke(api_key().id, SystemClock().now()),
        ):
            with monkeypatch.context() as patched:
                patched.setattr(PatientConnection, "commit", lost)
                with pytest.raises(StoreUnavailable):
                    change()
        for each in (ours, theirs):
            assert eventually(partial(_is_revoked, each))  # the last of the changes
            hot = each.catalogue.get("hot")
            assert hot is not None
            assert (hot.freeze, hot.revision) == (Freeze.ALL, 2)
            assert len(each.catalogue) == 2
        with pytest.raises(KeyExists):
            ours.catalogue.insert(catalogue_key("cold"), b"sealed", None, b"")


def _is_revoked(sharer: Sharer) -> bool:
    found = sharer.api_keys.get(api_key().id)
    return found is not None and found.revoke_time is not None


def test_s34_another_history_is_read_from_the_beginning(url: str) -> None:
    with sharing(StoreAddress(url)) as ours:
        hot = ours.catalogue.insert(catalogue_key("hot"), None, None, b"")
        warm = ours.catalogue.insert(catalogue_key("warm"), None, None, b"")
        store = open_store(StoreAddress(url), SystemClock())
        catalogue = store.catalogue(HmacRows())
        catalogue.replace(dataclasses.replace(hot, owner="cn:new"), hot.revision)
        assert eventually(lambda: ours.catalogue.get("hot") != hot)
        before = ours.catalogue.get("warm")
        ours.store._confirming._lineage = "that of a database that failed"
        ours.store.confirm()
        assert ours.catalogue.get("warm") == warm
        assert ours.catalogue.get("warm") is not before
        assert ours.forgotten.count("warm") == 1
        store.close()


def test_a_session_that_is_gone_takes_its_turn_along(url: str) -> None:
    stores = [open_store(StoreAddress(url), SystemClock()) for _ in range(2)]
    first, second = (store.turn() for store in stores)
    assert first.held()
    assert not second.held()
    shared_server().cut_connections(url)
    assert eventually(second.held), "nobody had it"
    assert not first.held()
    for store in stores:
        store.close()
