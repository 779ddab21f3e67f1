"""Snapshots in memory: decoded once, published over, never brought back."""

from __future__ import annotations

import dataclasses
import threading

import pytest
from signward_server.core.errors import EnvelopeCorrupt
from signward_server.core.keys import Key
from signward_server.store.memory import KeyMemory, Rows
from signward_server.store.rows import key_row, version_row

from tests.fakes.catalogue_keys import catalogue_key


def rows(key: Key) -> Rows:
    return key_row(key), [version_row(key.id, version) for version in key.versions]


def memory(*names: str) -> KeyMemory:
    return KeyMemory({name: rows(catalogue_key(name)) for name in names}, frozenset())


def test_a_key_is_decoded_once() -> None:
    keys = memory("hot", "cold")
    key = keys.get("hot")
    assert key == catalogue_key("hot")
    assert keys.get("hot") is key
    assert keys.page("", 10)[1] is key
    assert isinstance(keys._entries["cold"], Key)


def test_a_key_of_an_unknown_kind_is_quarantined_when_it_is_met() -> None:
    row, versions = rows(catalogue_key("odd"))
    entries = {
        "hot": rows(catalogue_key("hot")),
        "odd": (row._replace(algorithm=99), versions),
        "late": (rows(catalogue_key("late"))[0]._replace(create_time=2**62), versions),
    }
    keys = KeyMemory(entries, frozenset({"bad"}))
    assert [key.id for key in keys.page("", 10)] == ["hot"]
    assert keys.quarantined == {"bad", "odd", "late"}
    for name in keys.quarantined:
        assert name not in keys
        with pytest.raises(EnvelopeCorrupt):
            keys.get(name)
    assert len(keys) == 1


def test_decoding_never_brings_an_old_snapshot_back(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = memory("hot")
    new = dataclasses.replace(catalogue_key("hot"), revision=2)
    decoding, published = threading.Event(), threading.Event()

    def slowly(*stored: object) -> Key:
        decoding.set()
        assert published.wait(10)
        return catalogue_key("hot")

    monkeypatch.setattr("signward_server.store.memory.key_from", slowly)
    reader = threading.Thread(target=lambda: keys.get("hot"))
    reader.start()
    assert decoding.wait(10)
    keys.publish(new)
    published.set()
    reader.join(10)
    assert keys.get("hot") is new
