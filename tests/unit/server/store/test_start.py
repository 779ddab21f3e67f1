"""A start with 10,000 keys: every MAC checked, within the daemon's budget."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from signward_server.store import open_store
from signward_server.store.authentic import AuthenticKeys
from signward_server.store.schema import key_versions, keys
from sqlalchemy import insert

from tests.fakes.catalogue_keys import catalogue_key
from tests.fakes.row_authenticator import HmacRows
from tests.fakes.stepped_clock import SteppedClock

KEYS = 10_000

_START = """
import json, re, sys, time
from pathlib import Path
from signward_server.store import open_store
from tests.fakes.row_authenticator import HmacRows
from tests.fakes.stepped_clock import SteppedClock

store = open_store(Path(sys.argv[1]), SteppedClock())
catalogue = store.catalogue(HmacRows())
store.requests(HmacRows())
print(json.dumps({
    "keys": len(catalogue),
    "quarantined": sorted(catalogue.quarantined),
    "cpu_s": time.process_time(),
    "peak_kib": int(re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1]),
}))
"""


def fill(path: Path) -> None:
    authentic = AuthenticKeys(HmacRows())
    rows = [authentic.rows(catalogue_key(f"k{number:05}")) for number in range(KEYS)]
    store = open_store(path, SteppedClock())
    with store._durable.begin() as connection:
        connection.execute(insert(keys), [row._asdict() for row, _ in rows])
        connection.execute(insert(key_versions), [row._asdict() for _, (row,) in rows])
        connection.exec_driver_sql("UPDATE keys SET state = 2 WHERE id = 'k07777'")
    store.close()


def test_a_start_with_many_keys_is_within_the_budget(tmp_path: Path) -> None:
    fill(tmp_path / "signward.db")
    done = subprocess.run(
        [sys.executable, "-c", _START, tmp_path / "signward.db"],
        env={"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    found = json.loads(done.stdout)
    assert found["keys"] == KEYS - 1
    assert found["quarantined"] == ["k07777"]
    # Processor time, imports included: the wall clock of a shared machine says little.
    assert found["cpu_s"] < 2
    assert found["peak_kib"] < 100 * 1024
