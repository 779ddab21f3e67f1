"""A daemon with the settings of the service that it replaces: PORT and API_KEY."""

from __future__ import annotations

import subprocess

import grpc
import pytest
from signward.v1 import sign_service_pb2 as pb
from signward.v1.sign_service_pb2_grpc import SignServiceStub

from tests.running.calls import refusal_of
from tests.running.homes import PATIENCE, SIGNWARD, Home, environment
from tests.running.ports import free_port
from tests.running.process import Daemon, serve_and_fail

pytestmark = pytest.mark.integration

SECRET = "the-secret-of-the-replaced-service"  # noqa: S105


def _reason(daemon: Daemon, *metadata: tuple[str, str]) -> str:
    ca = (daemon.home.path / "clients" / "ca.crt").read_bytes()
    request = pb.SignRequest(key="missing", raw=pb.RawMessage(message=b"x"))
    credentials = grpc.ssl_channel_credentials(ca)
    with (
        grpc.secure_channel(daemon.ready["api_keys"], credentials) as channel,
        pytest.raises(grpc.RpcError) as raised,
    ):
        SignServiceStub(channel).Sign(request, timeout=PATIENCE, metadata=metadata)
    return refusal_of(raised.value).reason


def test_port_and_api_key_serve_callers_as_before(home: Home) -> None:
    port = free_port()
    with Daemon(home, PORT=str(port), API_KEY=SECRET) as daemon:
        assert daemon.ready["api_keys"] == f"127.0.0.1:{port}"
        for metadata in (("x-api-key", SECRET), ("authorization", f"Bearer {SECRET}")):
            assert _reason(daemon, metadata) == "KEY_NOT_FOUND"  # it is known who asks
        assert _reason(daemon, ("x-api-key", SECRET[:-1])) == "API_KEY_INVALID"
        assert _reason(daemon) == "IDENTITY_MISSING"
        assert "API_KEY is valid while this process lives" in daemon.said
        assert SECRET not in daemon.said
    with Daemon(home, "--set", "listen.api_keys=127.0.0.1:0") as daemon:
        assert _reason(daemon, ("x-api-key", SECRET)) == "API_KEY_INVALID"


def test_a_weak_secret_or_a_malformed_port_starts_nothing(home: Home) -> None:
    weak = serve_and_fail(home, "--development", API_KEY="changeme-changeme-changeme")
    assert weak.code == 2
    assert "environment variable API_KEY is no secret that is hard to guess" in weak.said
    assert "changeme" not in weak.said
    malformed = serve_and_fail(home, "--development", PORT="http")
    assert malformed.code == 2
    assert "environment variable PORT is no port" in malformed.said


def test_commands_show_the_port_and_never_the_secret(home: Home) -> None:
    for command in ("show", "check"):
        done = subprocess.run(
            [*SIGNWARD, "config", command, "--home", str(home.path)],
            env=environment(PORT="3999", API_KEY=SECRET),
            check=True,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        assert SECRET not in done.stdout + done.stderr
        if command == "show":
            assert 'listen.api_keys = "127.0.0.1:3999"' in done.stdout


def test_s22_no_address_that_others_reach_beside_the_development_ca(home: Home) -> None:
    refused = serve_and_fail(home, "--development", "--tcp", "0.0.0.0:0")
    assert refused.code == 2
    assert "listen.tcp is reached by other machines" in refused.said
    assert f"{home.authority}/ca.key" in refused.said
