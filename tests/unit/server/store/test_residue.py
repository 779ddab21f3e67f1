"""What of a destroyed version is left in the files of a store: nothing."""

from __future__ import annotations

import dataclasses
import random
from pathlib import Path

from signward_server.core.keys import Key, VersionState
from signward_server.store import KeyCatalogue, Store, open_store

from tests.fakes.catalogue_keys import catalogue_key, key_version
from tests.fakes.row_authenticator import HmacRows
from tests.fakes.stepped_clock import SteppedClock

KEYS = 60


def filled(path: Path) -> tuple[Store, KeyCatalogue, dict[str, bytes]]:
    """Return a store with keys, and the sealed material of each one's old version."""
    chance = random.Random(20261121)  # noqa: S311 -- what is to be found again, not secrets
    store = open_store(path, SteppedClock())
    catalogue, sealed = store.catalogue(HmacRows()), {}
    for number in range(KEYS):
        key = catalogue_key(f"k{number}")
        sealed[key.id] = chance.randbytes(chance.randint(150, 400))
        catalogue.insert(key, sealed[key.id], None, b"")
        second = key_version(key.id, 2)
        old = dataclasses.replace(key.versions[0], state=VersionState.DESTROY_SCHEDULED)
        rotated = dataclasses.replace(key, primary_version=2, versions=(second, old))
        catalogue.replace(rotated, 1, material=b"other" + bytes(100))
    return store, catalogue, sealed


def destroyed(key: Key) -> Key:
    primary, old = key.versions
    gone = dataclasses.replace(old, state=VersionState.DESTROYED)
    return dataclasses.replace(key, versions=(primary, gone))


def found(folder: Path, sealed: dict[str, bytes]) -> set[str]:
    """Return the keys of whose material any sixteen bytes in a row are in any file."""
    content = b"".join(file.read_bytes() for file in folder.iterdir())
    pieces = {
        name: [material[at : at + 16] for at in range(0, len(material) - 16, 8)]
        for name, material in sealed.items()
    }
    return {name for name, all_of in pieces.items() if any(piece in content for piece in all_of)}


def test_no_byte_of_destroyed_material_is_left_in_any_file(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    store, catalogue, sealed = filled(folder / "signward.db")
    assert found(folder, sealed) == sealed.keys()
    gone = {name: sealed[name] for name in sorted(sealed) if int(name[1:]) % 3}
    for name in gone:
        key = catalogue.get(name)
        assert key is not None
        catalogue.replace(destroyed(key), key.revision)
    assert found(folder, gone), "the log still has what it was before"
    assert store.wipe()
    assert found(folder, gone) == set()
    assert found(folder, sealed) == sealed.keys() - gone.keys()
    store.close()
    assert found(folder, gone) == set()


def test_a_reader_delays_it(tmp_path: Path) -> None:
    path = tmp_path / "store" / "signward.db"
    store, catalogue, sealed = filled(path)
    other = open_store(path, SteppedClock())
    with other._swift.connect() as reading:
        reading.exec_driver_sql("BEGIN")
        reading.exec_driver_sql("SELECT count(*) FROM keys").all()
        key = catalogue.get("k7")
        assert key is not None
        catalogue.replace(destroyed(key), key.revision)
        assert not store.wipe()
        reading.exec_driver_sql("COMMIT")
    assert store.wipe()
    assert found(path.parent, {"k7": sealed["k7"]}) == set()
    other.close()
    store.close()
