"""A daemon that lives on what an agent gives it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from signward.v1 import key_service_pb2 as pb
from signward.v1.key_service_pb2_grpc import KeyServiceStub

from tests.fakes.spine.tls import Issued
from tests.fakes.workload_api import TrustDomainAuthority, WorkloadApi
from tests.running.calls import refusal_of
from tests.running.homes import PATIENCE, Home
from tests.running.process import Daemon, serve_and_fail
from tests.running.waiting import eventually

pytestmark = pytest.mark.integration


@pytest.fixture
def agent() -> Iterator[WorkloadApi]:
    folder = Path(tempfile.mkdtemp(prefix="agent-"))
    with WorkloadApi(folder / "s") as running:
        yield running
    shutil.rmtree(folder)


def _flags(agent: WorkloadApi) -> list[str]:
    return ["--set", f"tls.spiffe_socket={agent.socket}", "--set", "tls.identity=spiffe"]


def _reason(daemon: Daemon, own: TrustDomainAuthority, svid: Issued) -> str:
    credentials = grpc.ssl_channel_credentials(own.pem, svid.key, svid.certificate)
    options = [
        ("grpc.use_local_subchannel_pool", 1),
        ("grpc.ssl_target_name_override", "localhost"),
    ]
    with (
        grpc.secure_channel(daemon.tcp, credentials, options) as channel,
        pytest.raises(grpc.RpcError) as raised,
    ):
        KeyServiceStub(channel).GetKey(pb.GetKeyRequest(key_id="missing"), timeout=PATIENCE)
    return refusal_of(raised.value).reason


def test_certificate_and_bundles_come_from_the_agent(home: Home, agent: WorkloadApi) -> None:
    shutil.rmtree(home.path / "tls")  # no file of it is in use
    prod = TrustDomainAuthority("prod.example")
    agent.send(prod.issue("/signward", "localhost"), prod)
    with Daemon(home, *_flags(agent)) as daemon:
        assert _reason(daemon, prod, prod.issue("/bot")) == "KEY_NOT_FOUND"
        renewed = TrustDomainAuthority("prod.example")
        agent.send(renewed.issue("/signward", "localhost"), renewed)
        assert eventually(
            lambda: _reason(daemon, renewed, renewed.issue("/bot")) == "KEY_NOT_FOUND"
        )


def test_without_the_agent_nothing_starts(home: Home, tmp_path: Path) -> None:
    flags = ("--set", f"tls.spiffe_socket=unix:{tmp_path}/none", "--set", "tls.identity=spiffe")
    refused = serve_and_fail(home, "--development", *flags)
    assert refused.code == 2
    assert "is no socket of an agent" in refused.said
