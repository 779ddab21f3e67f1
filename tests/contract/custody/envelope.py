"""The envelope custody with a KEK of its own and envelopes in a dict."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from signward_server.core.keys import KeyAttributes
from signward_server.core.ports import CreatedVersion
from signward_server.custody.envelope import EnvelopeCustody, LocalKeyFile
from signward_server.custody.memory import LockedMemory
from signward_server.custody.native import load_native

from tests.contract.custody.suite import Bench
from tests.fakes.clock import FakeClock
from tests.fakes.materials import FakeMaterials


@contextmanager
def envelope_bench() -> Iterator[Bench]:
    native = load_native()
    memory = LockedMemory(native.sodium, 64 * 1024)
    with tempfile.TemporaryDirectory() as folder:
        kek = LocalKeyFile(Path(folder) / "kek", native.sodium).create(memory)
    clock, materials = FakeClock(), FakeMaterials()
    custody = EnvelopeCustody(
        native=native,
        kek=kek,
        materials=materials,
        memory=memory,
        clock=clock,
        default_unlock_ttl=timedelta(minutes=5),
        max_unlock_ttl=timedelta(hours=1),
    )

    def store(fixed: KeyAttributes, version: int, created: CreatedVersion) -> None:
        assert created.material is not None
        materials.stored[fixed.id, version] = created.material

    try:
        yield Bench(custody, custody, store, clock.advance, deterministic=True)
    finally:
        custody.close()
        kek.close()
        memory.close()
