"""What every catalogue must do, whatever it is stored in."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from signward_server.core.errors import (
    EnvelopeCorrupt,
    EtagMismatch,
    KeyExists,
    KeyNotFound,
    RequestIdReused,
    SignwardError,
    StoreUnavailable,
)
from signward_server.core.keys import Freeze, Key, KeyState, Purpose, VersionState
from signward_server.core.ports import Changed

from tests.contract.stores import STORES, Bench
from tests.fakes.catalogue_keys import (
    catalogue_key,
    creation_scope,
    key_version,
    rotation_scope,
)
from tests.fakes.row_authenticator import HmacRows


@pytest.fixture(params=sorted(STORES))
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    bench = STORES[request.param](tmp_path)
    yield bench
    bench.close()


def test_a_new_catalogue_is_empty(bench: Bench) -> None:
    catalogue = bench.store().catalogue(bench.rows)
    assert catalogue.get("nobody") is None
    assert catalogue.page("", 10) == []
    assert len(catalogue) == 0


def test_an_inserted_key_is_there_at_once_and_after_a_restart(bench: Bench) -> None:
    key = catalogue_key("hot", unlock_ttl=timedelta(seconds=1.5), user_id="customer 7")
    catalogue = bench.store().catalogue(bench.rows)
    assert catalogue.insert(key, b"sealed", None, b"") == key
    assert catalogue.get("hot") == key
    bench.close()
    store = bench.store()
    assert store.catalogue(bench.rows).get("hot") == key
    assert store.materials().read_material("hot", 1) == b"sealed"


def test_labels_are_a_copy_that_nobody_can_change(bench: Bench) -> None:
    labels = {"desk": "fx"}
    catalogue = bench.store().catalogue(bench.rows)
    stored = catalogue.insert(catalogue_key("hot", labels=labels), None, None, b"")
    labels["desk"] = "other"
    assert stored.labels == {"desk": "fx"}
    with pytest.raises(TypeError):
        stored.labels["desk"] = "other"  # type: ignore[index]


def test_material_that_is_not_there_is_corrupt(bench: Bench) -> None:
    store = bench.store()
    store.catalogue(bench.rows).insert(catalogue_key("remote"), None, None, b"")
    for key_id, version in (("remote", 1), ("remote", 2), ("nobody", 1)):
        with pytest.raises(EnvelopeCorrupt):
            store.materials().read_material(key_id, version)


def test_a_taken_id_is_refused_and_nothing_changes(bench: Bench) -> None:
    store = bench.store()
    catalogue = store.catalogue(bench.rows)
    first = catalogue.insert(catalogue_key("hot"), b"first", None, b"")
    other = catalogue_key("hot", versions=(key_version("other"),))
    with pytest.raises(KeyExists):
        catalogue.insert(other, b"second", None, b"")
    assert catalogue.get("hot") == first
    assert store.materials().read_material("hot", 1) == b"first"


def test_s16_a_public_key_occurs_once_whatever_its_id(bench: Bench) -> None:
    catalogue = bench.store().catalogue(bench.rows)
    catalogue.insert(catalogue_key("hot"), b"sealed", None, b"")
    same = catalogue_key("cold", purpose=Purpose.ORDER, versions=(key_version("hot"),))
    with pytest.raises(KeyExists):
        catalogue.insert(same, b"sealed", None, b"")
    assert catalogue.get("cold") is None
    assert [key.id for key in catalogue.page("", 10)] == ["hot"]


def test_s16_a_forgotten_version_blocks_its_public_key_and_number(bench: Bench) -> None:
    catalogue = bench.store().catalogue(bench.rows)
    old = key_version("hot", 1, state=VersionState.RETIRED)
    new = key_version("hot", 2)
    key = catalogue.insert(
        catalogue_key("hot", primary_version=2, versions=(new, old)), b"sealed", None, b""
    )
    key = catalogue.replace(dataclasses.replace(key, versions=(new,)), key.revision)
    bench.close()
    catalogue = bench.store().catalogue(bench.rows)
    assert catalogue.get("hot") == key
    with pytest.raises(KeyExists):
        catalogue.insert(catalogue_key("cold", versions=(old,)), None, None, b"")
    again = key_version("fresh", 1, state=VersionState.GRACE)
    with pytest.raises(KeyExists):
        catalogue.replace(dataclasses.replace(key, versions=(new, again)), key.revision)
    assert catalogue.get("hot") == key


def test_s33_a_retry_of_a_creation_returns_the_first_key(bench: Bench) -> None:
    scope = creation_scope("hot")
    first = (
        bench.store().catalogue(bench.rows).insert(catalogue_key("hot"), b"first", scope, b"c" * 32)
    )
    bench.close()
    bench.clock.pass_time(timedelta(days=3650))
    store = bench.store()
    catalogue = store.catalogue(bench.rows)
    retried = catalogue_key("hot", versions=(key_version("second attempt"),))
    assert catalogue.insert(retried, b"second", scope, b"c" * 32) == first
    assert store.materials().read_material("hot", 1) == b"first"


def test_s33_a_retry_sees_the_key_as_it_is_now(bench: Bench) -> None:
    catalogue = bench.store().catalogue(bench.rows)
    scope = creation_scope("hot")
    key = catalogue.insert(catalogue_key("hot"), None, scope, b"c" * 32)
    changed = catalogue.replace(dataclasses.replace(key, state=KeyState.DISABLED), 1)
    assert catalogue.insert(catalogue_key("hot"), None, scope, b"c" * 32) == changed


def test_s33_a_request_finds_the_key_that_it_made_and_no_other(bench: Bench) -> None:
    ours = bench.store().catalogue(bench.rows)
    scope = creation_scope("hot")
    assert ours.created_by(scope, b"c" * 32) is None
    key = bench.store().catalogue(bench.rows).insert(catalogue_key("hot"), None, scope, b"c" * 32)
    assert ours.created_by(scope, b"c" * 32) == key
    assert ours.get("hot") == key
    with pytest.raises(RequestIdReused):
        ours.created_by(scope, b"d" * 32)
    other = creation_scope("hot", identity="cn:other")
    assert ours.created_by(other, b"c" * 32) is None


def test_s33_a_request_id_with_other_content_is_refused(bench: Bench) -> None:
    catalogue = bench.store().catalogue(bench.rows)
    scope = creation_scope("hot")
    catalogue.insert(catalogue_key("hot"), None, scope, b"c" * 32)
    with pytest.raises(RequestIdReused):
        catalogue.insert(catalogue_key("hot"), None, scope, b"d" * 32)


@pytest.mark.parametrize(
    "scope",
    [
        None,
        creation_scope("hot", identity="cn:other"),
        creation_scope("hot", request_id="r2"),
        creation_scope("hot", identity="cn:botr", request_id="1"),
    ],
)
def test_s33_nobody_else_gets_the_key_of_a_request(bench: Bench, scope: object) -> None:
    catalogue = bench.store().catalogue(bench.rows)
    catalogue.insert(catalogue_key("hot"), None, creation_scope("hot"), b"c" * 32)
    with pytest.raises(KeyExists):
        catalogue.insert(catalogue_key("hot"), None, scope, b"c" * 32)  # type: ignore[arg-type]


def test_a_refused_creation_remembers_no_request(bench: Bench) -> None:
    catalogue = bench.store().catalogue(bench.rows)
    catalogue.insert(catalogue_key("hot"), None, None, b"")
    twin = catalogue_key("cold", versions=(key_version("hot"),))
    with pytest.raises(KeyExists):
        catalogue.insert(twin, None, creation_scope("cold"), b"c" * 32)
    fresh = catalogue_key("cold")
    assert catalogue.insert(fresh, None, creation_scope("cold"), b"d" * 32) == fresh


def test_a_change_raises_the_revision_and_the_update_time(bench: Bench) -> None:
    catalogue = bench.store().catalogue(bench.rows)
    key = catalogue.insert(catalogue_key("hot"), None, None, b"")
    wanted = dataclasses.replace(
        key, owner="cn:new", labels={"a": "b"}, freeze=Freeze.ALL, revision=77
    )
    changed = catalogue.replace(wanted, key.revision)
    assert (changed.revision, changed.update_time) == (2, bench.clock.now())
    assert (changed.owner, changed.labels, changed.freeze) == ("cn:new", {"a": "b"}, Freeze.ALL)
    assert changed.etag != key.etag
    assert catalogue.get("hot") == changed
    bench.close()
    assert bench.store().catalogue(bench.rows).get("hot") == changed


def test_an_update_time_never_falls(bench: Bench) -> None:
    catalogue = bench.store().catalogue(bench.rows)
    key = catalogue.insert(catalogue_key("hot"), None, None, b"")
    bench.clock.step_wall(-timedelta(days=1))
    assert catalogue.replace(key, 1).update_time == key.update_time


def test_versions_are_added_changed_and_forgotten(bench: Bench) -> None:
    catalogue = bench.store().catalogue(bench.rows)
    key = catalogue.insert(catalogue_key("hot"), b"sealed", None, b"")
    ends = key.create_time + timedelta(days=30)
    rotated = dataclasses.replace(
        key,
        primary_version=2,
        versions=(
            key_version("hot", 2, backend_ref="arn:2"),
            key_version("hot", 1, state=VersionState.GRACE, grace_end_time=ends),
        ),
    )
    stored = catalogue.replace(rotated, 1)
    bench.close()
    catalogue = bench.store().catalogue(bench.rows)
    assert catalogue.get("hot") == stored
    assert [version.version for version in stored.versions] == [2, 1]
    assert stored.version(1) == rotated.versions[1]


@pytest.mark.parametrize(
    "change",
    [
        {"purpose": Purpose.ORDER},
        {"network": "mainnet"},
        {"allow_digest": True},
        {"vault_address": "0x" + "ab" * 20},
        {"versions": (key_version("another"),)},
    ],
)
def test_s17_what_is_fixed_cannot_be_replaced(bench: Bench, change: dict[str, object]) -> None:
    catalogue = bench.store().catalogue(bench.rows)
    key = catalogue.insert(catalogue_key("hot"), None, None, b"")
    with pytest.raises(ValueError, match="never change"):
        catalogue.replace(dataclasses.replace(key, **change), 1)  # type: ignore[arg-type]
    assert catalogue.get("hot") == key


def rotated(key: Key) -> Key:
    old = key_version(key.id, 1, state=VersionState.GRACE)
    return dataclasses.replace(
        key, versions=(key_version(key.id, 2), old), primary_version=2, labels={}
    )


def test_a_new_version_comes_with_its_material_and_its_request(bench: Bench) -> None:
    store = bench.store()
    catalogue = store.catalogue(bench.rows)
    key = catalogue.insert(catalogue_key("hot"), b"first", None, b"")
    scope = rotation_scope("hot")
    assert catalogue.changed_by(scope, b"c") is None
    stored = catalogue.replace(rotated(key), 1, material=b"second", scope=scope, content=b"c")
    assert store.materials().read_material("hot", 2) == b"second"
    assert store.materials().read_material("hot", 1) == b"first"
    bench.close()
    catalogue = bench.store().catalogue(bench.rows)
    assert catalogue.changed_by(scope, b"c") == Changed(stored, version=2, previous=1)
    with pytest.raises(RequestIdReused):
        catalogue.changed_by(scope, b"other")


def test_s33_a_request_finds_what_it_changed_through_another_process(bench: Bench) -> None:
    theirs = bench.store().catalogue(bench.rows)
    key = theirs.insert(catalogue_key("hot"), b"first", None, b"")
    ours = bench.store().catalogue(bench.rows)
    assert ours.get("hot") == key
    scope = rotation_scope("hot")
    stored = theirs.replace(rotated(key), 1, material=b"second", scope=scope, content=b"c")
    assert ours.changed_by(scope, b"c") == Changed(stored, version=2, previous=1)


def test_a_request_changes_a_key_once(bench: Bench) -> None:
    store = bench.store()
    catalogue = store.catalogue(bench.rows)
    key = catalogue.insert(catalogue_key("hot"), b"first", None, b"")
    stored = catalogue.replace(rotated(key), 1, material=b"second", scope=rotation_scope("hot"))
    third = (key_version("hot", 3), *stored.versions)
    with pytest.raises(RequestIdReused):
        catalogue.replace(
            dataclasses.replace(stored, versions=third),
            stored.revision,
            material=b"third",
            scope=rotation_scope("hot"),
        )
    assert catalogue.get("hot") == stored
    with pytest.raises(EnvelopeCorrupt):
        store.materials().read_material("hot", 3)


def test_a_version_that_is_destroyed_loses_its_material(bench: Bench) -> None:
    store = bench.store()
    catalogue = store.catalogue(bench.rows)
    key = catalogue.insert(catalogue_key("hot"), b"first", None, b"")
    stored = catalogue.replace(rotated(key), 1, material=b"second")
    gone = dataclasses.replace(stored.versions[1], state=VersionState.DESTROYED)
    destroyed = dataclasses.replace(stored, versions=(stored.versions[0], gone))
    catalogue.replace(destroyed, stored.revision)
    with pytest.raises(EnvelopeCorrupt):
        store.materials().read_material("hot", 1)
    assert store.materials().read_material("hot", 2) == b"second"


def test_material_of_a_lost_race_is_not_kept(bench: Bench) -> None:
    store = bench.store()
    catalogue = store.catalogue(bench.rows)
    key = catalogue.insert(catalogue_key("hot"), b"first", None, b"")
    with pytest.raises(EtagMismatch):
        catalogue.replace(rotated(key), 7, material=b"second", scope=rotation_scope("hot"))
    with pytest.raises(EnvelopeCorrupt):
        store.materials().read_material("hot", 2)
    assert catalogue.changed_by(rotation_scope("hot"), b"") is None


def test_a_change_of_an_unknown_key_or_an_old_revision_is_refused(bench: Bench) -> None:
    catalogue = bench.store().catalogue(bench.rows)
    with pytest.raises(KeyNotFound):
        catalogue.replace(catalogue_key("nobody"), 1)
    key = catalogue.insert(catalogue_key("hot"), None, None, b"")
    for revision in (0, 2):
        with pytest.raises(EtagMismatch):
            catalogue.replace(key, revision)
    assert catalogue.get("hot") == key


def test_of_racing_changes_exactly_one_wins(bench: Bench) -> None:
    catalogue = bench.store().catalogue(bench.rows)
    key = catalogue.insert(catalogue_key("hot"), None, None, b"")
    start = threading.Barrier(8)

    def change(owner: str) -> Key | SignwardError:
        start.wait(10)
        try:
            return catalogue.replace(dataclasses.replace(key, owner=owner), 1)
        except SignwardError as error:
            return error

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(change, [f"cn:{n}" for n in range(8)]))
    winners = [outcome for outcome in outcomes if isinstance(outcome, Key)]
    assert len(winners) == 1
    assert sum(isinstance(outcome, EtagMismatch) for outcome in outcomes) == 7
    assert catalogue.get("hot") == winners[0]


def test_of_racing_creations_exactly_one_wins(bench: Bench) -> None:
    catalogue = bench.store().catalogue(bench.rows)
    start = threading.Barrier(8)

    def create(number: int) -> Key | SignwardError:
        start.wait(10)
        key = catalogue_key("hot", versions=(key_version(f"try {number}"),))
        try:
            return catalogue.insert(key, b"sealed", None, b"")
        except SignwardError as error:
            return error

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(create, range(8)))
    winners = [outcome for outcome in outcomes if isinstance(outcome, Key)]
    assert winners == [catalogue.get("hot")]
    assert sum(isinstance(outcome, KeyExists) for outcome in outcomes) == 7


def test_many_changes_are_stored_at_once_and_what_changed_meanwhile_is_left_out(
    bench: Bench,
) -> None:
    catalogue = bench.store().catalogue(bench.rows)
    names = ["a", "b", "c", "d"]
    keys = [catalogue.insert(catalogue_key(name), None, None, b"") for name in names]
    newer = catalogue.replace(dataclasses.replace(keys[1], owner="cn:new"), 1)
    bench.clock.pass_time(timedelta(minutes=1))
    wanted = [
        dataclasses.replace(key, freeze=Freeze.ALL) for key in (*keys[:3], catalogue_key("z"))
    ]
    stored = catalogue.replace_unchanged(wanted)
    assert [(key.id, key.revision, key.freeze) for key in stored] == [
        ("a", 2, Freeze.ALL),
        ("c", 2, Freeze.ALL),
    ]
    assert {key.update_time for key in stored} == {bench.clock.now()}
    expected = [stored[0], newer, stored[1], keys[3]]
    assert catalogue.page("", 10) == expected
    assert bench.store().catalogue(bench.rows).page("", 10) == expected
    assert catalogue.replace_unchanged([]) == []
    with pytest.raises(ValueError, match="never change"):
        catalogue.replace_unchanged([stored[0], dataclasses.replace(keys[3], network="x")])
    assert catalogue.page("", 10) == expected


def test_many_changes_leave_out_what_another_catalogue_changed_and_learn_of_it(
    bench: Bench,
) -> None:
    ours = bench.store().catalogue(bench.rows)
    keys = [ours.insert(catalogue_key(name), None, None, b"") for name in ("a", "b")]
    theirs = bench.store().catalogue(bench.rows)
    winner = theirs.replace(dataclasses.replace(keys[0], owner="cn:theirs"), 1)
    frozen = [dataclasses.replace(key, freeze=Freeze.ALL) for key in keys]
    assert [key.id for key in ours.replace_unchanged(frozen)] == ["b"]
    assert ours.get("a") == winner


def test_two_catalogues_of_one_store_agree_on_the_winner(bench: Bench) -> None:
    ours = bench.store().catalogue(bench.rows)
    key = ours.insert(catalogue_key("hot"), None, None, b"")
    theirs = bench.store().catalogue(bench.rows)
    winner = theirs.replace(dataclasses.replace(key, owner="cn:theirs"), 1)
    with pytest.raises(EtagMismatch):
        ours.replace(dataclasses.replace(key, owner="cn:ours"), 1)
    # The loser has learnt of the winner, so that the caller's next read gives its etag.
    assert ours.get("hot") == winner
    created = theirs.insert(catalogue_key("cold"), None, creation_scope("cold"), b"c" * 32)
    with pytest.raises(KeyExists):
        ours.insert(catalogue_key("cold"), None, None, b"")
    assert ours.get("cold") == created


def test_a_retry_finds_a_key_that_another_catalogue_made(bench: Bench) -> None:
    ours = bench.store().catalogue(bench.rows)
    theirs = bench.store().catalogue(bench.rows)
    made = theirs.insert(catalogue_key("hot"), None, creation_scope("hot"), b"c" * 32)
    assert ours.insert(catalogue_key("hot"), None, creation_scope("hot"), b"c" * 32) == made
    assert ours.get("hot") == made


def test_pages_are_in_order_of_id_and_limited(bench: Bench) -> None:
    catalogue = bench.store().catalogue(bench.rows)
    names = ["b", "a", "c.1", "c-1", "c", "z9", "0"]
    for name in names:
        catalogue.insert(catalogue_key(name), None, None, b"")
    ordered = sorted(names)
    assert [key.id for key in catalogue.page("", 100)] == ordered
    assert [key.id for key in catalogue.page("", 2)] == ordered[:2]
    assert [key.id for key in catalogue.page(ordered[1], 3)] == ordered[2:5]
    assert [key.id for key in catalogue.page("bb", 2)] == ["c", "c-1"]
    assert catalogue.page("zz", 5) == []
    assert catalogue.page("", 0) == []
    assert catalogue.page("", -1) == []
    assert [key.id for key in catalogue.page("", 2, 1)] == ordered[1:3]
    assert [key.id for key in catalogue.page(ordered[1], 100, 2)] == ordered[4:]
    assert catalogue.page("", 5, len(names)) == catalogue.page("zz", 5, 10**12) == []
    bench.close()
    assert [key.id for key in bench.store().catalogue(bench.rows).page("", 100)] == ordered


def test_pages_stay_whole_while_keys_come_in(bench: Bench) -> None:
    catalogue = bench.store().catalogue(bench.rows)
    for number in range(20):
        catalogue.insert(catalogue_key(f"m{number:02}"), None, None, b"")
    done = threading.Event()
    broken: list[list[str]] = []

    def read() -> None:
        while not done.is_set():
            ids = [key.id for key in catalogue.page("m05", 10)]
            if ids != [f"m{number:02}" for number in range(6, 16)]:
                broken.append(ids)

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(40):
        catalogue.insert(catalogue_key(f"a{number:02}"), None, None, b"")
    done.set()
    reader.join(10)
    assert broken == []


def test_s17_rows_under_another_key_are_quarantined(bench: Bench) -> None:
    bench.store().catalogue(bench.rows).insert(catalogue_key("hot"), None, None, b"")
    bench.close()
    catalogue = bench.store().catalogue(HmacRows(b"another key"))
    assert catalogue.quarantined == {"hot"}
    with pytest.raises(EnvelopeCorrupt):
        catalogue.get("hot")
    with pytest.raises(EnvelopeCorrupt):
        catalogue.replace(catalogue_key("hot"), 1)
    assert catalogue.page("", 10) == []
    with pytest.raises(KeyExists):
        catalogue.insert(catalogue_key("hot", versions=(key_version("n"),)), None, None, b"")
    fresh = catalogue_key("fresh")
    assert catalogue.insert(fresh, None, None, b"") == catalogue.get("fresh") == fresh


def test_a_retry_for_a_quarantined_key_is_corrupt(bench: Bench) -> None:
    scope = creation_scope("hot")
    bench.store().catalogue(bench.rows).insert(catalogue_key("hot"), None, scope, b"c" * 32)
    bench.close()
    catalogue = bench.store().catalogue(HmacRows(b"another key"))
    with pytest.raises(EnvelopeCorrupt):
        catalogue.insert(catalogue_key("hot"), None, scope, b"c" * 32)


def test_a_closed_store_reads_from_memory_and_writes_nothing(bench: Bench) -> None:
    store = bench.store()
    catalogue = store.catalogue(bench.rows)
    materials = store.materials()
    key = catalogue.insert(catalogue_key("hot"), b"sealed", None, b"")
    assert store.healthy()
    store.close()
    assert catalogue.get("hot") == key
    with pytest.raises(StoreUnavailable):
        catalogue.insert(catalogue_key("cold"), None, None, b"")
    with pytest.raises(StoreUnavailable):
        catalogue.replace(key, 1)
    with pytest.raises(StoreUnavailable):
        catalogue.replace_unchanged([key])
    with pytest.raises(StoreUnavailable):
        materials.read_material("hot", 1)
    bench.clock.pass_time(timedelta(seconds=2))
    assert not store.healthy()
