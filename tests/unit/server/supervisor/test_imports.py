"""What a supervisor has in its memory."""

import subprocess
import sys

from tests.running.homes import environment

FOREIGN = ("grpc", "google.protobuf", "nacl", "coincurve", "sqlalchemy", "psycopg", "cedarpy")
OWN = ("custody", "rpc", "store", "wiring", "flows", "audit", "policy")
SHOWN = "import sys, signward_server.cli.starting, signward_server.supervisor; print(*sys.modules)"


def test_s20_it_imports_neither_grpc_nor_what_touches_keys():
    done = subprocess.run(
        [sys.executable, "-c", SHOWN],
        env=environment(),
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    loaded = set(done.stdout.split())
    assert "signward_server.supervisor.running" in loaded
    refused = {*FOREIGN, *(f"signward_server.{name}" for name in OWN)}
    assert not loaded & refused
