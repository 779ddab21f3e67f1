"""grpcurl against reflection: what operators do, over TCP and the Unix socket."""

from __future__ import annotations

import base64
import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from tests.running.homes import PATIENCE
from tests.running.process import Daemon

pytestmark = pytest.mark.integration

_SERVICES = [
    "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
    "signward.v1.AccountService",
    "signward.v1.AdminService",
    "signward.v1.KeyService",
    "signward.v1.SignService",
]
_BRIEFLY = ("-connect-timeout", "2")  # grpcurl tries again until then, whatever it is told
_MESSAGE = b"\x00hello, grpcurl\xff"

Run = Callable[..., subprocess.CompletedProcess[str]]
Call = Callable[..., dict[str, Any]]


@pytest.fixture
def run(tools: dict[str, str]) -> Run:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["grpcurl", "-connect-timeout", "15", "-max-time", "20", *arguments],
            env=tools, check=False, capture_output=True, text=True, timeout=PATIENCE,
        )  # fmt: skip

    return run


@pytest.fixture(params=["tcp", "unix"])
def address(request: pytest.FixtureRequest, shared_daemon: Daemon) -> list[str]:
    if request.param == "tcp":
        return [shared_daemon.tcp]
    return [shared_daemon.unix]


@pytest.fixture
def bot(run: Run, shared_daemon: Daemon) -> Run:
    """Grpcurl with the bot's certificate; the daemon's certificate names localhost."""
    clients = shared_daemon.home.path / "clients"
    files = [
        "-cacert", str(clients / "ca.crt"),
        "-cert", str(clients / "bot.crt"),
        "-key", str(clients / "bot.key"),
        "-authority", "localhost",
    ]  # fmt: skip
    return lambda *arguments: run(*files, *arguments)


@pytest.fixture
def call(bot: Run, address: list[str]) -> Call:
    def call(method: str, **fields: object) -> dict[str, Any]:
        finished = bot("-d", json.dumps(fields), *address, f"signward.v1.{method}")
        assert finished.returncode == 0, finished.stderr
        answer: dict[str, Any] = json.loads(finished.stdout)
        return answer

    return call


def _ca(daemon: Daemon) -> str:
    return str(daemon.home.path / "clients" / "ca.crt")


def test_lists_what_there_is(bot: Run, address: list[str]) -> None:
    assert bot(*address, "list").stdout.split() == _SERVICES
    methods = bot(*address, "list", "signward.v1.SignService").stdout.split()
    assert methods == [
        f"signward.v1.SignService.{name}" for name in ("Sign", "SignBatch", "SignStream", "Verify")
    ]


def test_describes_every_service_and_message(bot: Run, address: list[str]) -> None:
    described = bot(*address, "describe").stdout
    assert [name for name in _SERVICES if f"{name} is a service" not in described] == []
    named = set(re.findall(r"\( (?:stream )?\.([\w.]+) \)", described))
    assert len(named) > 40
    message = bot(*address, "describe", "signward.v1.SignRequest").stdout
    assert "oneof payload {" in message
    assert ".signward.v1.OrderIntent order" in message


def test_makes_an_ed25519_key_signs_and_verifies(call: Call, address: list[str]) -> None:
    name, public = _new_key(call, address, "ALGORITHM_ED25519")
    payload = {"message": base64.b64encode(_MESSAGE).decode()}
    answer = call("SignService/Sign", key=name, raw=payload)
    assert (answer["key"], answer["version"]) == (name, 1)
    verifier = ed25519.Ed25519PublicKey.from_public_bytes(base64.b64decode(public["raw"]))
    verifier.verify(base64.b64decode(answer["raw"]["signature"]), _MESSAGE)
    verdict = call("SignService/Verify", key=name, raw=payload, raw_signature=answer["raw"])
    assert verdict == {"valid": True, "version": 1}
    other = {"message": base64.b64encode(b"another").decode()}
    verdict = call("SignService/Verify", key=name, raw=other, raw_signature=answer["raw"])
    assert "valid" not in verdict
    assert verdict["reason"]


def test_makes_a_secp256k1_key_and_signs(call: Call, address: list[str]) -> None:
    name, public = _new_key(call, address, "ALGORITHM_ECDSA_SECP256K1")
    payload = {"message": base64.b64encode(_MESSAGE).decode(), "hash": "HASH_SHA256"}
    answer = call("SignService/Sign", key=name, raw=payload)
    verifier = serialization.load_pem_public_key(public["pem"].encode())
    assert isinstance(verifier, ec.EllipticCurvePublicKey)
    verifier.verify(base64.b64decode(answer["raw"]["der"]), _MESSAGE, ec.ECDSA(hashes.SHA256()))


def _new_key(call: Call, address: list[str], algorithm: str) -> tuple[str, dict[str, str]]:
    name = f"{algorithm.lower().replace('_', '-')}-{'tcp' if 'unix' not in address[0] else 'unix'}"
    created = call(
        "KeyService/CreateKey",
        key_id=name, algorithm=algorithm, custody="CUSTODY_ENVELOPE", purpose="PURPOSE_RAW",
    )["key"]  # fmt: skip
    assert created["owner"] == "cn:bot"
    public: dict[str, str] = call("KeyService/GetPublicKey", key_id=name)["public_key"]
    return name, public


@pytest.mark.parametrize(
    ("method", "fields", "code", "reason", "field"),
    [
        ("SignService/Sign", {"key": "nobody", "raw": {"message": "aGk="}},
         "NotFound", "KEY_NOT_FOUND", None),
        ("KeyService/CreateKey", {"key_id": "Upper Case"},
         "InvalidArgument", "FIELD_INVALID", "key_id"),
        ("SignService/Sign", {"key": "nobody"}, "InvalidArgument", "FIELD_INVALID", "payload"),
        ("KeyService/RefreshShares", {"key_id": "nobody"},
         "Unimplemented", "METHOD_UNIMPLEMENTED", None),
    ],
)  # fmt: skip
def test_shows_what_is_wrong(
    bot: Run,
    shared_daemon: Daemon,
    method: str,
    fields: dict[str, object],
    code: str,
    reason: str,
    field: str | None,
) -> None:
    refused = bot("-d", json.dumps(fields), shared_daemon.tcp, f"signward.v1.{method}")
    assert refused.returncode != 0
    assert f"Code: {code}\n" in refused.stderr
    assert refused.stderr.count("google.rpc.ErrorInfo") == 1
    assert f'"reason": "{reason}"' in refused.stderr
    assert '"domain": "signward"' in refused.stderr
    named = re.findall(r'"field": "(\w+)"', refused.stderr)
    assert (field in named) if field else named == []


def test_without_a_certificate_nothing_is_answered(
    run: Run, shared_daemon: Daemon, address: list[str]
) -> None:
    ca = ["-cacert", _ca(shared_daemon), "-authority", "localhost"]
    refused = run(*_BRIEFLY, *ca, *address, "list")
    assert refused.returncode != 0
    assert refused.stdout == ""
    assert "SignService" not in refused.stderr


def test_in_plain_text_nothing_is_answered(run: Run, address: list[str]) -> None:
    refused = run(*_BRIEFLY, "-plaintext", *address, "list")
    assert refused.returncode != 0
    assert refused.stdout == ""


def test_a_certificate_of_its_own_making_is_refused(
    run: Run, shared_daemon: Daemon, tmp_path: Path
) -> None:
    key, certificate = str(tmp_path / "own.key"), str(tmp_path / "own.crt")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-days", "1", "-subj", "/CN=admin", "-keyout", key, "-out", certificate],
        check=True, capture_output=True, timeout=PATIENCE,
    )  # fmt: skip
    files = ["-cacert", _ca(shared_daemon), "-cert", certificate, "-key", key]
    refused = run(*_BRIEFLY, *files, "-authority", "localhost", shared_daemon.tcp, "list")
    assert refused.returncode != 0
    assert refused.stdout == ""
