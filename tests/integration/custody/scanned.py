"""A process that makes keys, signs, and waits to be scanned. One JSON line for each step.

Arguments: the folder with the KEK file, ``unlock_ttl`` in seconds, and ``wipe`` or ``keep``.
With ``keep`` memory is not wiped, so that the scan has something to find.
"""

from __future__ import annotations

import json
import sys
from datetime import timedelta
from pathlib import Path

from signward_server.core.keys import Algorithm
from signward_server.custody.envelope import EnvelopeCustody, LocalKeyFile
from signward_server.custody.memory import LockedMemory
from signward_server.custody.native import load_native

from tests.fakes.clock import FakeClock
from tests.fakes.keys import attributes, context
from tests.fakes.materials import FakeMaterials
from tests.integration.custody.privileges import drop_ipc_lock

ROUNDS = 20


def step(**facts: object) -> None:
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()
    sys.stdin.readline()


def main(folder: str, seconds: str, wipe: str) -> None:
    drop_ipc_lock()
    native = load_native()
    memory = LockedMemory(native.sodium, 64 * 1024)
    if wipe == "keep":
        native.sodium.memzero = lambda address, size: None
    kek = LocalKeyFile(Path(folder) / "kek", native.sodium).load(memory)
    materials = FakeMaterials()
    custody = EnvelopeCustody(
        native=native,
        kek=kek,
        materials=materials,
        memory=memory,
        clock=FakeClock(),
        default_unlock_ttl=timedelta(seconds=int(seconds)),
        max_unlock_ttl=timedelta(hours=1),
    )
    made = []
    for algorithm in Algorithm:
        fixed = attributes(algorithm, f"k{algorithm}")
        created = custody.create(fixed, 1)
        assert created.material is not None
        materials.stored[fixed.id, 1] = created.material
        named = context(fixed, created.public_key)
        for number in range(ROUNDS):
            custody.sign(b"%d" % number, named)
        made.append(
            {
                "id": fixed.id,
                "algorithm": int(algorithm),
                "spki": created.public_key.spki_der.hex(),
                "envelope": created.material.hex(),
            }
        )
    if wipe == "keep":  # what held the KEK at first was used again; spare what holds the keys
        spared = [memory.take() for _ in range(8)]
        assert all(spared)
        LocalKeyFile(Path(folder) / "kek", native.sodium).load(memory)
    step(keys=made, pages=sorted(memory._pages))
    custody.close()
    step(closed=True)
    kek.close()
    memory.close()
    step(pages=sorted(memory._pages))


if __name__ == "__main__":
    main(*sys.argv[1:])
