"""A private key that Go's own HPKE has sealed, for what our documentation says."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from signward import Algorithm, Purpose

from tests.running.homes import PATIENCE
from tests.running.process import Daemon

pytestmark = pytest.mark.integration

_SOURCES = Path(__file__).with_name("go")
_SECRET = hashlib.sha256(b"sealed in Go").digest()
_BUILD_PATIENCE = 300.0  # seconds; an empty build cache on a busy machine takes long


@pytest.fixture(scope="module")
def seal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the other side."""
    go = shutil.which("go")
    if go is None or subprocess.run([go, "list", "crypto/hpke"], capture_output=True).returncode:  # noqa: PLW1510
        pytest.skip("Go 1.26 is not installed: imports from Go are NOT TESTED here")
    program = tmp_path_factory.mktemp("seal") / "seal"
    subprocess.run(
        [go, "build", "-mod=readonly", "-buildvcs=false", "-o", str(program), "./seal"],
        cwd=_SOURCES, check=True, timeout=_BUILD_PATIENCE,
    )  # fmt: skip
    return program


@pytest.mark.timeout(2 * _BUILD_PATIENCE)
def test_s23_what_go_seals_is_taken_over(seal: Path, shared_daemon: Daemon) -> None:
    def sealed(public_key: bytes, info: bytes) -> bytes:
        keys = {"public_key": public_key, "private_key": _SECRET}
        encoded = {name: base64.b64encode(each).decode() for name, each in keys.items()}
        done = subprocess.run(
            [seal], input=json.dumps(_terms(info) | encoded), check=True, capture_output=True,
            text=True, timeout=PATIENCE,
        )  # fmt: skip
        return base64.b64decode(done.stdout)

    with shared_daemon.client("admin") as client:
        key = client.import_key(
            "imported-from-go",
            sealed,
            algorithm=Algorithm.ALGORITHM_ED25519,
            purpose=Purpose.PURPOSE_RAW,
        )
    expected = Ed25519PrivateKey.from_private_bytes(_SECRET).public_key().public_bytes_raw()
    assert key.versions[0].public_key.raw == expected


def _terms(info: bytes) -> dict[str, str | int]:
    """Read an info as the documentation has it: Go is given its fields, not its bytes."""
    fields = []
    while info:
        size = int.from_bytes(info[:4])
        fields.append(info[4 : 4 + size])
        info = info[4 + size :]
    label, import_id, identity, key_id, algorithm, purpose, network = fields
    assert label == b"signward import v1"
    return {
        "import_id": import_id.decode(),
        "identity": identity.decode(),
        "key_id": key_id.decode(),
        "algorithm": int.from_bytes(algorithm),
        "purpose": int.from_bytes(purpose),
        "network": network.decode(),
    }
