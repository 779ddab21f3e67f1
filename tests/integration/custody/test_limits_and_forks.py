"""What the kernel does to locked memory, in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

ROOT = Path(__file__).resolve().parents[3]
PREPARED = """
import os, resource, sys
from datetime import timedelta
from pathlib import Path
from signward_server.core.errors import CustodyUnavailable, SignatureSelfCheckFailed
from signward_server.custody.envelope import EnvelopeCustody, KekRowAuthenticator, LocalKeyFile
from signward_server.custody.memory import LockedMemory, LockedMemoryError
from signward_server.custody.native import load_native
from tests.fakes.clock import FakeClock
from tests.fakes.keys import attributes, context
from tests.fakes.materials import FakeMaterials
from tests.integration.custody.privileges import drop_ipc_lock

drop_ipc_lock()
native = load_native()

def custody_on(memory):
    kek = LocalKeyFile(Path(sys.argv[1]) / "kek", native.sodium).create(memory)
    materials = FakeMaterials()
    custody = EnvelopeCustody(
        native=native, kek=kek, materials=materials, memory=memory, clock=FakeClock(),
        default_unlock_ttl=timedelta(hours=1), max_unlock_ttl=timedelta(hours=1),
    )
    def make(number):
        fixed = attributes(key_id=f"k{number}")
        created = custody.create(fixed, 1)
        materials.stored[fixed.id, 1] = created.material
        return context(fixed, created.public_key)
    return custody, kek, make

def refused(call, error=CustodyUnavailable):
    try:
        call()
    except error:
        return True
    return False
"""


def run(folder: Path, script: str) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PREPARED + script, str(folder)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(("server", "client", "."))},
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "done\n"


def test_s19_a_budget_above_the_limit_is_refused_at_start(tmp_path: Path) -> None:
    run(
        tmp_path,
        """
resource.setrlimit(resource.RLIMIT_MEMLOCK, (64 * 1024, 64 * 1024))
LockedMemory(native.sodium, 64 * 1024)
assert refused(lambda: LockedMemory(native.sodium, 68 * 1024), LockedMemoryError)
print("done")
""",
    )


def test_s19_a_refused_lock_refuses_the_unlock_cleanly(tmp_path: Path) -> None:
    run(
        tmp_path,
        """
memory = LockedMemory(native.sodium, 64 * 1024)
custody, kek, make = custody_on(memory)
contexts = [make(number) for number in range(70)]
resource.setrlimit(resource.RLIMIT_MEMLOCK, (4096, 4096))
signed = 0
while not refused(lambda: custody.sign(b"m", contexts[signed])):
    signed += 1
assert 55 < signed < 64, signed
assert not custody.healthy()
assert refused(lambda: custody.create(attributes(key_id="new"), 1))
for each in contexts[:signed]:
    custody.sign(b"m", each)
taken = len(memory._lives)
assert taken == signed + 2, (taken, signed)
custody.forget("k0")
custody.forget("k1")
custody.sign(b"m", contexts[signed])
print("done")
""",
    )


def test_s19_the_child_of_a_fork_has_no_secrets_and_signs_nothing(tmp_path: Path) -> None:
    run(
        tmp_path,
        """
import ctypes
memory = LockedMemory(native.sodium, 64 * 1024)
custody, kek, make = custody_on(memory)
unlocked, locked = make(0), make(1)
custody.sign(b"m", unlocked)
(page,) = memory._pages
assert ctypes.string_at(page, 4096) != bytes(4096)
child = os.fork()
if child == 0:
    wrong = [
        ctypes.string_at(page, 4096) != bytes(4096),
        kek.intact,
        not refused(lambda: custody.sign(b"m", unlocked), SignatureSelfCheckFailed),
        not refused(lambda: custody.sign(b"m", locked)),
        not refused(lambda: custody.create(attributes(key_id="new"), 1)),
        not refused(lambda: KekRowAuthenticator(kek).tag(b"row")),
        custody.healthy(),
    ]
    os._exit(10 + wrong.index(True) if any(wrong) else 0)
_, status = os.waitpid(child, 0)
assert status == 0, status
custody.sign(b"m", unlocked)
custody.sign(b"m", locked)
print("done")
""",
    )
