from __future__ import annotations

import pytest
from signward_server.core.errors import EnvelopeCorrupt
from signward_server.custody.envelope.sealed import SealedCache

from tests.fakes.materials import FakeMaterials


@pytest.fixture
def cache(materials: FakeMaterials) -> SealedCache:
    materials.stored.update({(name, 1): name.encode() for name in "abcd"})
    return SealedCache(materials, 3)


def test_reads_once(cache: SealedCache, materials: FakeMaterials) -> None:
    assert [cache.read("a", 1) for _ in range(3)] == [b"a"] * 3
    assert materials.reads == 1


def test_versions_are_apart(cache: SealedCache, materials: FakeMaterials) -> None:
    materials.stored["a", 2] = b"second"
    assert cache.read("a", 1) == b"a"
    assert cache.read("a", 2) == b"second"


def test_the_least_recently_used_goes_first(cache: SealedCache, materials: FakeMaterials) -> None:
    for name in "abcad":
        cache.read(name, 1)
    assert materials.reads == 4
    cache.read("a", 1)
    cache.read("c", 1)
    cache.read("d", 1)
    assert materials.reads == 4
    cache.read("b", 1)
    assert materials.reads == 5


def test_a_failure_is_not_remembered(cache: SealedCache, materials: FakeMaterials) -> None:
    for _ in range(2):
        with pytest.raises(EnvelopeCorrupt):
            cache.read("unknown", 1)
    assert materials.reads == 2


def test_forget_concerns_all_versions_of_one_key(
    cache: SealedCache, materials: FakeMaterials
) -> None:
    materials.stored["a", 2] = b"second"
    for name, version in (("a", 1), ("a", 2), ("b", 1)):
        cache.read(name, version)
    cache.forget("a")
    cache.read("b", 1)
    assert materials.reads == 3
    cache.read("a", 1)
    cache.read("a", 2)
    assert materials.reads == 5


def test_what_is_forgotten_while_it_is_read_is_not_remembered(
    materials: FakeMaterials,
) -> None:
    class Slow(FakeMaterials):
        def read_material(self, key_id: str, version: int) -> bytes:
            blob = super().read_material(key_id, version)
            if self.reads == 1:
                read_while_forgetting.forget("other")
            return blob

    slow = Slow()
    slow.stored["a", 1] = b"a"
    read_while_forgetting = SealedCache(slow, 3)
    read_while_forgetting.forget("a")
    for _ in range(3):
        assert read_while_forgetting.read("a", 1) == b"a"
    assert slow.reads == 2
