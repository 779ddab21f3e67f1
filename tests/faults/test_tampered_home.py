"""A home that was changed between stop and start: refused, or the changed keys are (S17)."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator

import pytest
from signward import Client, SignwardError
from signward.v1 import resources_pb2 as resources

from tests.running.homes import Home
from tests.running.keys import create, sign_request
from tests.running.offline import offline
from tests.running.process import Daemon, serve_and_fail
from tests.running.tampering import edit, flip_first_byte, swap

pytestmark = pytest.mark.integration

USAGE, CUSTODY, STORE = 2, 4, 5
Edit = Callable[[sqlite3.Connection, str], object]


def sql(statement: str) -> Edit:
    return lambda connection, key: connection.execute(statement, (key,))


def flipped(table: str, column: str) -> Edit:
    return lambda connection, key: flip_first_byte(connection, table, column, key)


def swapped(table: str, column: str) -> Edit:
    return lambda connection, key: swap(connection, table, column, key, f"{key}-other")


ROWS: dict[str, Edit] = {
    "state": sql("UPDATE keys SET state = 1 WHERE id = ?"),  # it was disabled
    "owner": sql("UPDATE keys SET owner = 'cn:thief' WHERE id = ?"),
    "labels": sql("""UPDATE keys SET labels = '{"team":"thief"}' WHERE id = ?"""),
    "purpose": sql("UPDATE keys SET purpose = 2 WHERE id = ?"),
    "digest": sql("UPDATE keys SET allow_digest = 1 WHERE id = ?"),
    "ttl": sql("UPDATE keys SET unlock_ttl = 86400000000 WHERE id = ?"),
    "revision": sql("UPDATE keys SET revision = revision + 1 WHERE id = ?"),
    "no-utf8": sql("UPDATE keys SET owner = CAST(x'ff' AS TEXT) WHERE id = ?"),
    "no-number": sql("UPDATE keys SET state = 'many' WHERE id = ?"),
    "mac": flipped("keys", "mac"),
    "mac-swapped": swapped("keys", "mac"),
    "public-key": flipped("key_versions", "public_key"),
    "public-key-swapped": swapped("key_versions", "public_key"),
    "version-state": sql("UPDATE key_versions SET state = 3 WHERE key_id = ?"),
    "version-number": sql("UPDATE key_versions SET version = 2 WHERE key_id = ?"),
    "version-gone": sql("DELETE FROM key_versions WHERE key_id = ?"),
}
"""What a policy judges by: owner and labels are not to be believed any more."""
SEALED: dict[str, Edit] = {
    "sealed": flipped("materials", "sealed"),
    "sealed-swapped": swapped("materials", "sealed"),
    "sealed-cut": sql("UPDATE materials SET sealed = substr(sealed, 1, 100) WHERE key_id = ?"),
    "sealed-empty": sql("UPDATE materials SET sealed = x'' WHERE key_id = ?"),
    "sealed-text": sql("UPDATE materials SET sealed = 'text' WHERE key_id = ?"),
    "sealed-gone": sql("DELETE FROM materials WHERE key_id = ?"),
}
EDITS = ROWS | SEALED
UNTOUCHED = "untouched"


@pytest.fixture(scope="module")
def stocked(new_home: Callable[[], Home]) -> Home:
    """A home with a key for each edit, each with a second one to swap things with."""
    home = new_home()
    with Daemon(home) as daemon, daemon.client() as client:
        for name in [UNTOUCHED, *EDITS]:
            for key in (name, f"{name}-other"):
                create(client, key)
                client.sign(sign_request(key))
        client.disable_key("state")
    return home


@pytest.fixture(scope="module")
def daemon(stocked: Home, new_home: Callable[[], Home]) -> Iterator[Daemon]:
    """A daemon on a home with every edit made."""
    home = new_home()
    shutil.copytree(stocked.path, home.path, dirs_exist_ok=True)
    assert offline("adopt", "--yes", home=home).returncode == 0
    with edit(home) as connection:
        for name, change in EDITS.items():
            change(connection, name)
    with Daemon(home) as daemon:
        yield daemon


@pytest.fixture(scope="module")
def owner(daemon: Daemon) -> Iterator[Client]:
    """Who owned the keys, and may make keys."""
    with daemon.client() as client:
        yield client


@pytest.fixture(scope="module")
def admin(daemon: Daemon) -> Iterator[Client]:
    """Who may know of damage."""
    with daemon.client("admin") as client:
        yield client


def reason(call: Callable[[], object]) -> str:
    with pytest.raises(SignwardError) as raised:
        call()
    return raised.value.reason


@pytest.mark.parametrize("name", ROWS)
def test_s17_a_key_whose_row_was_edited_never_signs(
    owner: Client, admin: Client, name: str
) -> None:
    request = sign_request(name)
    assert reason(lambda: owner.sign(request)) == "KEY_NOT_FOUND"
    assert reason(lambda: admin.sign(request)) == "ENVELOPE_CORRUPT"


@pytest.mark.parametrize("name", SEALED)
def test_s17_a_key_whose_private_half_was_edited_never_signs(owner: Client, name: str) -> None:
    assert reason(lambda: owner.sign(sign_request(name))) == "ENVELOPE_CORRUPT"


def test_s17_a_key_that_was_edited_cannot_be_changed_or_made_again(
    owner: Client, admin: Client
) -> None:
    for name in ROWS:
        for call in ("enable_key", "disable_key", "get_key"):
            assert reason(lambda n=name, c=call: getattr(owner, c)(n)) == "KEY_NOT_FOUND"
            assert reason(lambda n=name, c=call: getattr(admin, c)(n)) == "ENVELOPE_CORRUPT"
        for client in (owner, admin):
            assert reason(lambda n=name, c=client: create(c, n)) == "KEY_EXISTS"


def test_s17_whole_keys_beside_edited_ones_sign(owner: Client) -> None:
    for name in [UNTOUCHED, f"{UNTOUCHED}-other", "state-other", "sealed-other", "mac-other"]:
        answer = owner.sign(sign_request(name))
        assert owner.verify_raw(name, b"message", answer.raw.signature).valid
    assert {"untouched", "state-other"} <= {key.id for key in owner.list_keys()}
    assert create(owner, "after").id == "after"


def refused_start(home: Home, code: int, *words: str) -> None:
    outcome = serve_and_fail(home)
    assert outcome.code == code, outcome.said
    assert outcome.said.startswith("signward: ")
    assert "Traceback" not in outcome.said
    for word in words:
        assert word in outcome.said


def mode_0644(home: Home) -> None:
    home.kek.chmod(0o644)


def truncated_kek(home: Home) -> None:
    home.kek.write_bytes(home.kek.read_bytes()[:40])


def headless_kek(home: Home) -> None:
    home.kek.write_bytes(b"x" * 48)


def missing_kek(home: Home) -> None:
    home.kek.unlink()


def linked_kek(home: Home) -> None:
    home.kek.rename(home.path / "real")
    home.kek.symlink_to("real")


def wrong_kek(home: Home) -> None:
    home.kek.write_bytes(home.kek.read_bytes()[:-32] + bytes(range(32)))


def truncated_store(home: Home) -> None:
    home.store.write_bytes(home.store.read_bytes()[:5000])


def garbage_store(home: Home) -> None:
    home.store.write_bytes(b"garbage " * 2000)


def foreign_store(home: Home) -> None:
    with sqlite3.connect(home.store) as connection:
        connection.execute("PRAGMA application_id = 1")
    connection.close()


def newer_store(home: Home) -> None:
    with sqlite3.connect(home.store) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()


def public_store(home: Home) -> None:
    home.store.chmod(0o644)


def folder_as_store(home: Home) -> None:
    home.store.unlink()
    home.store.mkdir()


def other_certificate(home: Home) -> None:
    clients, tls = home.path / "clients", home.path / "tls"
    shutil.copy(clients / "bot.key", tls / "server.key")


BROKEN = {
    mode_0644: (CUSTODY, "0644", "chmod 600"),
    truncated_kek: (CUSTODY, "40 bytes"),
    headless_kek: (CUSTODY, "does not start as a KEK file"),
    missing_kek: (CUSTODY, "kek"),
    linked_kek: (CUSTODY, "kek"),
    wrong_kek: (CUSTODY, "KEK"),
    truncated_store: (STORE, "damaged"),
    garbage_store: (STORE, "signward.db"),
    foreign_store: (STORE, "not one of signward"),
    newer_store: (STORE, "newer"),
    public_store: (STORE, "chmod 600"),
    folder_as_store: (STORE, "regular file"),
    other_certificate: (USAGE, "server.key"),
}


@pytest.mark.parametrize("breakage", BROKEN, ids=lambda breakage: breakage.__name__)
def test_a_broken_home_is_refused_with_the_fix(
    stocked: Home, new_home: Callable[[], Home], breakage: Callable[[Home], None]
) -> None:
    home = new_home()
    shutil.copytree(stocked.path, home.path, dirs_exist_ok=True)
    breakage(home)
    before = home.store.read_bytes() if home.store.is_file() else b""
    code, *words = BROKEN[breakage]
    refused_start(home, code, *words)
    assert (home.store.read_bytes() if home.store.is_file() else b"") == before
    assert not home.socket.exists()


def test_a_kek_that_comes_back_opens_everything_again(
    stocked: Home, new_home: Callable[[], Home]
) -> None:
    home = new_home()
    shutil.copytree(stocked.path, home.path, dirs_exist_ok=True)
    assert offline("adopt", "--yes", home=home).returncode == 0
    kek = home.kek.read_bytes()
    wrong_kek(home)
    refused_start(home, CUSTODY)
    home.kek.write_bytes(kek)
    with Daemon(home) as daemon, daemon.client() as client:
        key = client.get_key(UNTOUCHED)
        assert key.state == resources.KEY_STATE_ENABLED
        assert client.sign(sign_request(UNTOUCHED)).version == 1
