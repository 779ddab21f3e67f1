"""A client in Go, from stubs that buf generates: the same answers, and errors that it can read."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from signward import Algorithm, Purpose

from tests.running.homes import PATIENCE, ROOT
from tests.running.process import Daemon

_BUILD_PATIENCE = 300.0  # seconds; an empty build cache on a busy machine takes long
pytestmark = [pytest.mark.integration, pytest.mark.timeout(2 * _BUILD_PATIENCE)]

_SOURCES = Path(__file__).with_name("go")
_FLAGS = (
    "-mod=readonly",
    "-buildvcs=false",
    "-ldflags=-s",
    "-gcflags=all=-N -l",
)  # as `make tools`
_PLUGINS = re.compile(r"^  - local: (.+)$(?:\n(?:    .*|  #.*)$)*", re.MULTILINE)


def _template_for_go() -> str:
    """Return ``buf.gen.yaml`` with the plugins for Go alone; the others need Node.js."""
    template = (ROOT / "buf.gen.yaml").read_text()
    return _PLUGINS.sub(lambda m: m[0] if m[1].startswith("protoc-gen-go") else "", template)


@pytest.fixture(scope="session")
def go_client(tools: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Generate the stubs, build everything, return the program."""
    module = tmp_path_factory.mktemp("go")
    template = module / "buf.gen.yaml"
    template.write_text(_template_for_go())
    buf = Path(sys.executable).with_name("buf")
    subprocess.run(
        [buf, "generate", "--template", template, "--output", module],
        cwd=ROOT, env=tools, check=True, timeout=PATIENCE,
    )  # fmt: skip
    generated = module / "build" / "gen" / "go" / "signward"
    protos = {proto.stem for proto in (ROOT / "protos" / "signward").rglob("*.proto")}
    sources = {f"{name}.pb.go" for name in protos}
    services = {f"{name}_grpc.pb.go" for name in protos if name.endswith("_service")}
    assert {made.name for made in generated.rglob("*.pb.go")} == sources | services
    shutil.move(generated, module / "signward")
    shutil.copytree(_SOURCES, module, dirs_exist_ok=True)
    program = module / "signward-client"
    subprocess.run(
        ["go", "build", *_FLAGS, "-o", str(program), "./client"],
        cwd=module, env=tools, check=True, timeout=_BUILD_PATIENCE,
    )  # fmt: skip
    return program


@pytest.fixture(scope="session")
def key(shared_daemon: Daemon) -> bytes:
    """Make a key for the client; return its fingerprint."""
    with shared_daemon.client() as client:
        made = client.create_key(
            "from-go", algorithm=Algorithm.ALGORITHM_ED25519, purpose=Purpose.PURPOSE_RAW
        )
    return made.versions[0].public_key.fingerprint


@pytest.mark.parametrize("transport", ["tcp", "unix"])
def test_go_signs_and_verifies(
    go_client: Path, shared_daemon: Daemon, key: bytes, transport: str
) -> None:
    target = shared_daemon.tcp if transport == "tcp" else shared_daemon.unix
    clients = shared_daemon.home.path / "clients"
    files = [str(clients / name) for name in ("ca.crt", "bot.crt", "bot.key")]
    finished = subprocess.run(
        [go_client, target, *files, "from-go", "hello from Go"],
        check=False, capture_output=True, text=True, timeout=PATIENCE,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stderr
    seen: dict[str, Any] = json.loads(finished.stdout)
    assert base64.b64decode(seen["fingerprint"]) == key
    assert (seen["unary"], seen["forged"]) == (True, False)
    assert seen["batch"] == [True, False, True]
    assert seen["stream"] == {"1": True, "2": False, "3": True}
    unknown = {"code": "NotFound", "domain": "signward", "reason": "KEY_NOT_FOUND", "fields": []}
    refusals = seen["refusals"]
    assert [refusals[kind] for kind in ("unary", "batch", "stream")] == [unknown] * 3
    assert refusals["fields"]["reason"] == "FIELD_INVALID"
    assert "key_id" in refusals["fields"]["fields"]
    assert "signward.v1.SignService" in seen["services"]
    assert seen["services_v1alpha"] == seen["services"]


def test_go_is_refused_without_its_private_key(go_client: Path, shared_daemon: Daemon) -> None:
    clients = shared_daemon.home.path / "clients"
    files = [str(clients / name) for name in ("ca.crt", "bot.crt", "admin.key")]
    finished = subprocess.run(
        [go_client, shared_daemon.tcp, *files, "from-go", "hello"],
        check=False, capture_output=True, text=True, timeout=PATIENCE,
    )  # fmt: skip
    assert finished.returncode == 1
    assert finished.stdout == ""
