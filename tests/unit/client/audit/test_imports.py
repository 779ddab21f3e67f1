"""What the auditor's part loads: no transport, and no library for signatures where none is."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("module", "unwanted"),
    [
        ("signward.audit.verifying", ["grpc", "google", "rich", "typer", "signward.client"]),
        ("signward.audit.proving", ["grpc", "google", "rich", "typer", "signward.client"]),
        ("signward.audit.merkle", ["grpc", "cryptography"]),
        ("signward.audit.proofs", ["grpc", "cryptography"]),
        ("signward.audit.segments", ["grpc", "cryptography"]),
        ("signward.audit.records", ["grpc", "cryptography"]),
        ("signward.cli.audit", ["grpc"]),
        ("signward", ["grpc", "cryptography", "signward.audit"]),
    ],
)
def test_nothing_else_is_loaded(module, unwanted):
    program = f"import {module}, sys; print(*sys.modules)"
    finished = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=60,
        env={"PYTHONPATH": ":".join(sys.path)},
    )  # fmt: skip
    loaded = finished.stdout.split()
    assert module in loaded
    assert not set(unwanted) & set(loaded)
