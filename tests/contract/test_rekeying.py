"""Rows that go to another KEK, on every store (S22)."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from signward_server.core.api_keys import ApiKey
from signward_server.core.errors import EnvelopeCorrupt, StoreUnavailable
from signward_server.core.identity import Identity, IdentityKind
from signward_server.core.keys import CustodyKind, KeyAttributes, VersionState
from signward_server.core.public_key import PublicKey
from signward_server.core.startup import StoreRefused
from signward_server.store import Moving, Rekeying, RekeyingState, Store, batch
from sqlalchemy import text

from tests.contract.stores import STORES, Bench
from tests.fakes.catalogue_keys import CREATED, catalogue_key, key_version
from tests.fakes.row_authenticator import HmacRows
from tests.fakes.spine.agent_register import agent

OLD_ID, NEW_ID = b"o" * 16, b"n" * 16
NEW = HmacRows(b"n" * 32)


@pytest.fixture(params=sorted(STORES))
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    bench = STORES[request.param](tmp_path)
    yield bench
    bench.close()


@pytest.fixture
def store(bench: Bench) -> Store:
    return bench.store()


@pytest.fixture
def rekeying(store: Store) -> Rekeying:
    return store.rekeying()


def api_key(number: int) -> ApiKey:
    return ApiKey(
        id=f"ak_{number:016}",
        identity=Identity(IdentityKind.API_KEY, "bot"),
        digest=number.to_bytes(32),
        create_time=CREATED,
        expire_time=CREATED + timedelta(days=1),
        created_by="cn:admin",
    )


def sealed(name: str, version: int, kek: bytes = OLD_ID) -> bytes:
    return kek + f"{name}/{version}".encode()


def rewrap(blob: bytes, attributes: KeyAttributes, version: int, public: PublicKey, /) -> bytes:
    """Stand in for an envelope: the id of its KEK, and what it belongs to."""
    if blob[:16] not in (OLD_ID, NEW_ID) or blob[16:] != sealed(attributes.id, version)[16:]:
        raise EnvelopeCorrupt
    assert public == key_version(attributes.id, version).public_key
    return NEW_ID + blob[16:]


def kek_of(blob: bytes) -> bytes:
    if len(blob) < 16:
        raise EnvelopeCorrupt
    return blob[:16]


def fill(bench: Bench, store: Store, keys: int = 5, api_keys: int = 3) -> None:
    catalogue = store.catalogue(bench.rows)
    for number in range(keys):
        name = f"k{number}"
        catalogue.insert(catalogue_key(name), sealed(name, 1), None, b"")
    known = store.api_keys(bench.rows)
    for number in range(api_keys):
        known.insert(api_key(number))
    agents = store.agents(bench.rows)
    for digit in "abc":
        agents.put(agent(digit))


def moved(bench: Bench, rekeying: Rekeying) -> list[str]:
    rows = Moving(rekeying, bench.rows, NEW, rewrap)
    moves = (rows.keys(), rows.api_keys(), rows.agents())
    return [left for batches in moves for batch in batches for left in batch.left]


def execute(rekeying: Rekeying, statement: str) -> None:
    with rekeying.changing() as connection:
        connection.execute(text(statement))


@pytest.mark.parametrize("most", [1, 2, 5, 500])
def test_s22_every_row_is_under_the_new_kek_afterwards(
    bench: Bench, store: Store, rekeying: Rekeying, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "_MOST", most)
    fill(bench, store)
    assert rekeying.count() == 11
    assert moved(bench, rekeying) == []
    again = bench.store()
    catalogue, api_keys = again.catalogue(NEW), again.api_keys(NEW)
    assert [key.id for key in catalogue.page("", 9)] == [f"k{n}" for n in range(5)]
    assert catalogue.get("k3") == catalogue_key("k3")
    assert (len(api_keys), api_keys.quarantined) == (3, frozenset())
    agents = again.agents(NEW)
    assert (len(agents.page("master", "", 9)), agents.quarantined) == (3, frozenset())
    assert again.materials().read_material("k3", 1) == sealed("k3", 1, NEW_ID)
    assert again.rekeying().tally(kek_of).named == {NEW_ID: 5}
    old = bench.store()
    assert len(old.catalogue(bench.rows)) == len(old.api_keys(bench.rows)) == 0
    assert old.agents(bench.rows).page("master", "", 9) == []


def test_what_was_moved_already_stays(bench: Bench, store: Store, rekeying: Rekeying) -> None:
    fill(bench, store)
    batches = Moving(rekeying, bench.rows, NEW, rewrap).keys()
    assert next(batches).seen == 5
    assert moved(bench, rekeying) == []
    assert moved(bench, rekeying) == []
    assert len(bench.store().catalogue(NEW)) == 5


def test_every_version_goes_along_tombstones_as_well(
    bench: Bench, store: Store, rekeying: Rekeying
) -> None:
    catalogue = store.catalogue(bench.rows)
    key = catalogue.insert(catalogue_key("k"), sealed("k", 1), None, b"")
    second = key_version("k", 2)
    grace = dataclasses.replace(key.versions[0], state=VersionState.RETIRED)
    key = catalogue.replace(
        dataclasses.replace(key, versions=(second, grace), primary_version=2),
        key.revision,
        material=sealed("k", 2),
    )
    catalogue.replace(dataclasses.replace(key, versions=(second,)), key.revision)
    assert moved(bench, rekeying) == []
    assert rekeying.tally(kek_of).named == {NEW_ID: 2}


def test_material_of_other_custodies_is_not_touched(
    bench: Bench, store: Store, rekeying: Rekeying
) -> None:
    key = catalogue_key("k", custody=CustodyKind.SHAMIR)
    store.catalogue(bench.rows).insert(key, b"a share", None, b"")
    assert moved(bench, rekeying) == []
    again = bench.store()
    assert again.catalogue(NEW).get("k") == key
    assert again.materials().read_material("k", 1) == b"a share"
    assert rekeying.tally(kek_of).unknown == 1


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE keys SET owner = 'cn:thief' WHERE id = 'k1'",
        "UPDATE keys SET algorithm = 99 WHERE id = 'k1'",
        "DELETE FROM materials WHERE key_id = 'k1'; DELETE FROM key_versions WHERE key_id = 'k1'",
        (
            "UPDATE materials SET sealed = (SELECT sealed FROM materials WHERE key_id = 'k2')"
            " WHERE key_id = 'k1'"
        ),
    ],
)
def test_s17_damaged_rows_are_left_and_named(
    bench: Bench, store: Store, rekeying: Rekeying, damage: str
) -> None:
    fill(bench, store)
    for statement in damage.split(";"):
        execute(rekeying, statement)
    execute(rekeying, "UPDATE api_keys SET identity = 'cn:thief' WHERE id LIKE '%2'")
    assert moved(bench, rekeying) == ["k1", f"ak_{2:016}"]
    assert rekeying.tally(kek_of).named[NEW_ID] == 4
    assert bench.store().catalogue(NEW).quarantined <= {"k1"}


def test_how_far_it_is_is_remembered(bench: Bench, rekeying: Rekeying) -> None:
    assert (rekeying.state(), rekeying.digest_key()) == (None, None)
    execute(
        rekeying,
        "INSERT INTO imports (id, identity, content, public_key, sealed, expire_time)"
        " SELECT 'i', 'cn:bot', '', '', '', 0",
    )
    rekeying.begin(OLD_ID, NEW_ID, b"sealed key")
    other = bench.store().rekeying()
    assert other.state() == RekeyingState(OLD_ID, NEW_ID, "moving")
    assert other.digest_key() == b"sealed key"
    with rekeying.changing() as connection:
        assert connection.execute(text("SELECT count(*) FROM imports")).scalar() == 0
        rekeying.reach(connection, RekeyingState(OLD_ID, NEW_ID, "left"))
    assert other.state() == RekeyingState(OLD_ID, NEW_ID, "left")
    with rekeying.changing() as connection:
        rekeying.end(connection)
    assert other.state() is None
    assert other.digest_key() == b"sealed key"


def test_a_rotation_is_a_change_that_others_take_notice_of(
    bench: Bench, store: Store, rekeying: Rekeying
) -> None:
    fill(bench, store, keys=1)
    reader = bench.store()
    catalogue = reader.catalogue(bench.rows)
    assert catalogue.get("k0") is not None
    moved(bench, rekeying)
    reader.confirm()
    with pytest.raises(EnvelopeCorrupt):
        catalogue.get("k0")


@pytest.mark.parametrize("name", ["kek_rotation", "digest_key"])
def test_what_nobody_wrote_is_not_believed(rekeying: Rekeying, name: str) -> None:
    execute(rekeying, f"INSERT INTO meta (name, value) VALUES ('{name}', 'no such')")  # noqa: S608
    if name == "digest_key":
        with pytest.raises(EnvelopeCorrupt):
            rekeying.digest_key()
    else:
        with pytest.raises(StoreUnavailable):
            rekeying.state()


@pytest.mark.timeout(30)
def test_another_process_that_serves_is_noticed(bench: Bench, rekeying: Rekeying) -> None:
    from signward_server.core.clock import SystemClock

    execute(rekeying, "INSERT INTO peers (id, known, lease) VALUES ('dead', 0, 100000)")
    rekeying.ensure_alone(SystemClock())
    execute(rekeying, "INSERT INTO peers (id, known, lease) VALUES ('alive', 1000, 100000)")
    with pytest.raises(StoreRefused, match="another daemon serves from this store; stop all"):
        rekeying.ensure_alone(SystemClock())
