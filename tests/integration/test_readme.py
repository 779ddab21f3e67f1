"""What the README says to type, typed."""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from signward.v1 import (
    account_service_pb2,
    admin_service_pb2,
    key_service_pb2,
    sign_service_pb2,
)

from tests.running.homes import PATIENCE, ROOT
from tests.running.process import Daemon
from tests.running.shell import typed, with_our_environment

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]

_README = (ROOT / "README.md").read_text("utf-8")
_ROW = re.compile(r"^\| `(\w+)\.(\w+)` \| (implemented|UNIMPLEMENTED) \|$", re.MULTILINE)


def _block(language: str, start: str) -> str:
    """Return the code block with a line that starts so."""
    blocks = re.findall(rf"^```{language}\n(.*?)^```$", _README, re.MULTILINE | re.DOTALL)
    (found,) = (block for block in blocks if re.search(f"^{re.escape(start)}", block, re.MULTILINE))
    return str(found)


@pytest.fixture
def folder() -> Iterator[Path]:
    """An empty folder with a short name, with our environment as its ``.venv``."""
    made = Path(tempfile.mkdtemp(prefix="signward-"))
    yield with_our_environment(made)
    shutil.rmtree(made)


def _denied(block: str) -> str:
    """Return a block whose first line and whose question are answered with no."""
    first, second, *rest = block.replace("\\\n", "").splitlines()
    return "\n".join([f"! {first}", f"! {second}", *rest])


def test_quick_start_grpcurl_and_configuration(folder: Path) -> None:
    by_hand, python = _block("sh", "signward init"), _block("python", "with Client")
    steps = [
        'trap "kill %1; wait %1" EXIT',
        by_hand,
        f"python - <<'END'\n{python}\nprint('Python:', signature.hex() == '$signature')\nEND",
        _denied(_block("sh", "signward policy explain")),
        _block("sh", "signward audit verify"),
        _block("sh", "signward config check"),
    ]
    # The shell's own variable goes into the program's last line.
    steps[2] = steps[2].replace("<<'END'", "<<END")
    if shutil.which("go"):
        steps.append(_block("sh", "g localhost:7443 list"))
    finished = typed("\n".join(steps), folder)
    assert finished.returncode == 0, finished.stderr[-2000:]
    said = finished.stdout
    assert "SERVING\n" in said
    assert "valid: made by version 1\n" in said
    assert "Python: True\n" in said
    assert "signward.toml is fine\n" in said
    assert "intact\n" in said
    assert "witness.example.org+" in said
    assert finished.stderr.count("POLICY_DENIED") == 1
    assert "not allowed: POLICY_DENIED\n" in said
    assert "0 failed, in 1 table\n" in said
    if shutil.which("go"):
        assert said.count("signward.v1.KeyService\n") == 2
        assert "service SignService {" in said
        assert '"public_key"' in said or '"publicKey"' in said
        assert '"bot-2"' in said


def test_every_make_target_and_flag_of_the_shell_blocks_parses() -> None:
    blocks = re.findall(r"^```sh\n(.*?)^```$", _README, re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 5
    for block in blocks:
        subprocess.run(["bash", "-n", "-c", block], check=True, timeout=PATIENCE)
    targets = set(re.findall(r"^make ([a-z-]+)", "\n".join(blocks), re.MULTILINE))
    assert targets >= {"demo", "test", "check", "bench", "help"}
    for target in targets:
        subprocess.run(
            ["make", "--dry-run", target],
            cwd=ROOT,
            check=True,
            capture_output=True,
            timeout=PATIENCE,
        )


def test_the_status_table_is_true(shared_daemon: Daemon) -> None:
    packages = {
        "AccountService": account_service_pb2.DESCRIPTOR,
        "AdminService": admin_service_pb2.DESCRIPTOR,
        "KeyService": key_service_pb2.DESCRIPTOR,
        "SignService": sign_service_pb2.DESCRIPTOR,
    }
    rows = _ROW.findall(_README)
    channel = shared_daemon.client().channel
    seen = []
    for service, method, _ in rows:
        described = packages[service].services_by_name[service].methods_by_name[method]
        path = f"/signward.v1.{service}/{method}"
        if described.client_streaming:
            answers = channel.stream_stream(path)(iter(()), timeout=PATIENCE)
        else:
            answers = channel.unary_stream(path)(b"", timeout=PATIENCE)
        with contextlib.suppress(grpc.RpcError):
            list(answers)
        unimplemented = answers.code() is grpc.StatusCode.UNIMPLEMENTED
        seen.append((service, method, "UNIMPLEMENTED" if unimplemented else "implemented"))
    channel.close()
    assert seen == rows
    assert len(rows) == sum(
        len(description.services_by_name[name].methods) for name, description in packages.items()
    )
