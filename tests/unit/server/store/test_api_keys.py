"""API keys in the database: what somebody who can write to it can do, and what he cannot."""

# ruff: noqa: S608 - the statements are those of the test

from __future__ import annotations

import dataclasses
import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from signward_server.core.api_keys import ApiKey
from signward_server.core.errors import ApiKeyExists, ApiKeyQuota, StoreUnavailable
from signward_server.core.identity import Identity, IdentityKind
from signward_server.store import MacSecretDigest, Store, StoredApiKeys, open_store
from signward_server.store.api_key_rows import api_key_from, api_key_row
from signward_server.store.api_keys import StoredApiKeys as Loaded
from signward_server.store.authentic_api_keys import AuthenticApiKeys
from signward_server.store.canonical import api_key_mac_input, secret_mac_input

from tests.fakes.row_authenticator import HmacRows
from tests.fakes.spine.api_keys import CREATED, api_key
from tests.fakes.stepped_clock import SteppedClock

HOT, WARM, GOOD = api_key("h" * 16), api_key("w" * 16, imported=True), api_key("g" * 16)
HOT = dataclasses.replace(HOT, address_ranges=("10.0.0.0/8",))
LATER = CREATED + timedelta(days=1)
ID = HOT.id
Load = Callable[[], StoredApiKeys]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "signward.db"
    store = open_store(path, SteppedClock())
    keys = store.api_keys(HmacRows())
    for made in (HOT, WARM, GOOD):
        keys.insert(made)
    keys.revoke(ID, LATER)
    store.close()
    return path


@pytest.fixture
def store(file: Path) -> Iterator[Store]:
    store = open_store(file, SteppedClock())
    yield store
    store.close()


@pytest.fixture
def load(store: Store) -> Load:
    return lambda: store.api_keys(HmacRows())


def run(file: Path, *statements: str, parameters: tuple[object, ...] = ()) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        for statement in statements:
            cursor = connection.execute(statement, parameters)
            assert cursor.rowcount != 0


EDITS = [
    "revoke_time = NULL",
    "revoke_time = 0",
    "revoke_time = ''",
    "revoke_time = x''",
    "expire_time = 9000000000000000",
    "expire_time = 9223372036854775807",
    "expire_time = 1.5",
    "expire_time = 'never'",
    "create_time = 0",
    "identity = 'cn:admin'",
    "identity = 'admin'",
    "identity = x'00'",
    "identity = CAST(x'ff' AS TEXT)",
    "address_ranges = ''",
    "address_ranges = '0.0.0.0/0'",
    "address_ranges = 7",
    "created_by = 'cn:root'",
    "imported = 1",
    "imported = 2",
    "imported = 'zero'",
    "digest = zeroblob(32)",
    "digest = x''",
    "digest = 'text'",
    "digest = 7",
    "mac = x''",
    "mac = zeroblob(32)",
    "mac = 'text'",
    "mac = 7",
    "mac = (SELECT mac FROM api_keys WHERE id = 'ak_wwwwwwwwwwwwwwww')",
]


@pytest.mark.parametrize("edit", EDITS)
def test_s17_an_edited_row_is_quarantined_and_the_others_work(
    file: Path, load: Load, edit: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert load().quarantined == frozenset()
    assert caplog.records == []
    run(file, f"UPDATE api_keys SET {edit} WHERE id = '{ID}'")
    with caplog.at_level(logging.ERROR):
        keys = load()
    assert keys.quarantined == {ID}
    assert len(keys) == 2
    assert keys.get(ID) is keys.find(HOT.digest) is keys.revoke(ID, LATER) is None
    assert keys.page("", 10) == [GOOD, WARM]
    assert [record.getMessage() for record in caplog.records] == [
        "API keys fail their MAC and are not accepted: 1"
    ]


@pytest.mark.parametrize("name", ["id", "digest"])
def test_s17_swapped_rows_are_quarantined(file: Path, load: Load, name: str) -> None:
    hot, warm = (f"id = '{key.id}'" for key in (HOT, WARM))
    if name == "digest":
        hot, warm = (f"digest = x'{key.digest.hex()}'" for key in (HOT, WARM))
    run(
        file,
        f"UPDATE api_keys SET {name} = x'00' WHERE {hot}",
        f"UPDATE api_keys SET {hot} WHERE {warm}",
        f"UPDATE api_keys SET {warm} WHERE {name} = x'00'",
    )
    keys = load()
    assert keys.quarantined == {HOT.id, WARM.id}
    assert keys.page("", 10) == [GOOD]


def test_s17_nobody_can_insert_or_copy_a_row(file: Path, load: Load) -> None:
    mine = api_key_row(api_key("m" * 16))._replace(mac=HmacRows(b"mine").tag(b"row"))
    marks = ",".join("?" * len(mine))
    run(file, f"INSERT INTO api_keys VALUES ({marks})", parameters=mine)
    run(
        file,
        "DROP INDEX api_keys_digest",
        "INSERT INTO api_keys SELECT 'ak_copy', identity, digest, create_time, expire_time,"
        " created_by, address_ranges, imported, revoke_time, mac, changed FROM api_keys"
        f" WHERE id = '{GOOD.id}'",
    )
    keys = load()
    assert keys.quarantined == {mine.id, "ak_copy"}
    assert keys.find(GOOD.digest) == GOOD


def test_s17_rows_under_another_kek_are_quarantined_and_stay_taken(store: Store) -> None:
    keys = store.api_keys(HmacRows(b"another"))
    assert keys.quarantined == {HOT.id, WARM.id, GOOD.id}
    assert len(keys) == 0
    with pytest.raises(ApiKeyExists):
        keys.insert(GOOD)
    assert keys.get(GOOD.id) is None


@pytest.mark.parametrize(
    "edit", ["identity = 'cn:thief'", "revoke_time = 5", "digest = x'00'", "mac = 7", None]
)
def test_a_key_that_is_edited_or_deleted_behind_the_daemon_can_be_revoked(
    file: Path, load: Load, edit: str | None
) -> None:
    keys = load()
    where = f"WHERE id = '{GOOD.id}'"
    run(file, f"UPDATE api_keys SET {edit} {where}" if edit else f"DELETE FROM api_keys {where}")
    revoked = dataclasses.replace(GOOD, revoke_time=LATER)
    assert keys.revoke(GOOD.id, LATER) == revoked == keys.find(GOOD.digest)
    after = load().find(GOOD.digest)
    assert after is None or after.revoke_time is not None


def test_a_revocation_that_had_been_reported_as_failed_is_taken_over(load: Load) -> None:
    ours, theirs = load(), load()
    revoked = theirs.revoke(GOOD.id, LATER)
    assert ours.get(GOOD.id) == GOOD
    assert ours.revoke(GOOD.id, LATER + timedelta(days=1)) == revoked == ours.get(GOOD.id)


@pytest.mark.parametrize("taken", ["id", "digest"])
def test_a_creation_that_had_been_reported_as_failed_is_taken_over(load: Load, taken: str) -> None:
    ours, theirs = load(), load()
    made = api_key("n" * 16)
    theirs.insert(made)
    twin = dataclasses.replace(api_key("o" * 16), **{taken: getattr(made, taken)})
    with pytest.raises(ApiKeyExists):
        ours.insert(twin)
    assert ours.get(made.id) == ours.find(made.digest) == made
    assert ours.page("ak_n", 10) == [made, WARM]
    assert ours.generation == 1


def test_a_closed_store_reads_from_memory_and_writes_nothing(store: Store) -> None:
    keys = store.api_keys(HmacRows())
    store.close()
    assert keys.get(GOOD.id) == GOOD
    with pytest.raises(StoreUnavailable):
        keys.insert(api_key("n" * 16))
    with pytest.raises(StoreUnavailable):
        keys.revoke(GOOD.id, LATER)
    assert keys.get(GOOD.id) == GOOD


def test_a_write_that_fails_changes_nothing_and_makes_the_store_doubtful(
    file: Path, store: Store
) -> None:
    keys = store.api_keys(HmacRows())
    run(file, "ALTER TABLE api_keys RENAME TO gone")
    for change in (lambda: keys.insert(api_key("n" * 16)), lambda: keys.revoke(GOOD.id, LATER)):
        with pytest.raises(StoreUnavailable):
            change()
        assert not store.healthy()
    run(file, "ALTER TABLE gone RENAME TO api_keys")
    assert keys.page("", 10) == [GOOD, dataclasses.replace(HOT, revoke_time=LATER), WARM]
    assert keys.revoke(GOOD.id, LATER) is not None
    assert store.healthy()


def test_there_is_a_most_that_is_kept_and_being_full_is_no_failure_of_the_store(
    file: Path, store: Store
) -> None:
    run(file, f"UPDATE api_keys SET imported = 1 WHERE id = '{ID}'")
    parts = (store._durable, store._version, store._writing, AuthenticApiKeys(HmacRows()))
    keys = Loaded(*parts, settle=lambda _: None, most=4)
    keys.insert(api_key("n" * 16))
    with pytest.raises(ApiKeyQuota):
        keys.insert(api_key("o" * 16))
    assert keys.revoke(GOOD.id, LATER) is not None
    assert store.healthy()


def test_s17_a_row_of_a_kind_that_this_release_does_not_know_is_quarantined(
    store: Store, file: Path
) -> None:
    row = api_key_row(api_key("n" * 16))._replace(identity="did:key:z6Mk")
    row = row._replace(mac=HmacRows().tag(api_key_mac_input(row)))
    marks = ",".join("?" * len(row))
    run(file, f"INSERT INTO api_keys VALUES ({marks})", parameters=row)
    assert store.api_keys(HmacRows()).quarantined == {row.id}


_texts = st.text(max_size=8)
_rows = st.builds(
    lambda *parts: api_key_row(GOOD)._replace(
        id=parts[0],
        identity=parts[1],
        created_by=parts[2],
        address_ranges=parts[3],
        digest=parts[4],
        imported=parts[5],
        revoke_time=parts[6],
    ),
    *[_texts] * 4,
    st.binary(max_size=8),
    st.integers(0, 1),
    st.none() | st.integers(-(2**63), 2**63 - 1),
)


@given(_rows, _rows)
def test_s17_two_rows_that_differ_differ_in_what_the_mac_covers(one: object, two: object) -> None:
    same = api_key_mac_input(one) == api_key_mac_input(two)  # type: ignore[arg-type]
    assert same == (one == two)


@given(st.binary(max_size=600), _rows)
def test_no_digest_of_a_secret_is_the_mac_of_a_row(secret: bytes, row: object) -> None:
    assert secret_mac_input(secret) != api_key_mac_input(row)  # type: ignore[arg-type]
    assert secret_mac_input(secret)[:22] != b"signward.store.key.v1\0"
    assert secret_mac_input(secret).endswith(secret)


def test_the_bytes_are_those_of_the_documented_format() -> None:
    assert secret_mac_input(b"secret") == b"signward.api-key.secret.v1\0secret"
    row = api_key_row(api_key(address_ranges=("10.0.0.0/8",), digest=b"d" * 32))
    row = row._replace(create_time=1, expire_time=2, revoke_time=3, imported=1)
    lengths = [19, 6, 8, 10, 32]
    assert api_key_mac_input(row) == b"".join(
        (
            b"signward.store.api-key.v1\0",
            (1).to_bytes(8) + (2).to_bytes(8),
            b"\1" + b"\1" + (3).to_bytes(8),
            *(length.to_bytes(4) for length in lengths),
            b"ak_aaaaaaaaaaaaaaaa",
            b"cn:bot",
            b"cn:admin",
            b"10.0.0.0/8",
            b"d" * 32,
        )
    )


def test_the_digest_tells_nothing_without_the_key() -> None:
    secret = b"a secret that is long enough"
    digest = MacSecretDigest(HmacRows()).digest(secret)
    assert len(digest) == 32
    assert digest == MacSecretDigest(HmacRows()).digest(secret)
    assert digest != MacSecretDigest(HmacRows(b"another")).digest(secret)
    assert digest != MacSecretDigest(HmacRows()).digest(secret + b"\0")


@given(
    st.sampled_from(IdentityKind),
    st.lists(st.sampled_from(["10.0.0.0/8", "::/0", "192.0.2.0/24"]), max_size=4),
    st.timedeltas(timedelta(0), timedelta(days=3650)),
)
def test_a_row_gives_the_key_back(kind: IdentityKind, ranges: list[str], age: timedelta) -> None:
    name = "//a.example/b" if kind is IdentityKind.SPIFFE else "bot"
    made: ApiKey = api_key(
        identity=Identity(kind, name), address_ranges=tuple(ranges), revoke_time=CREATED + age
    )
    assert api_key_from(api_key_row(made)) == made


def test_the_digest_stays_out_of_the_representation() -> None:
    assert "digest" not in repr(GOOD)
    assert GOOD.digest.hex() not in repr(GOOD)
