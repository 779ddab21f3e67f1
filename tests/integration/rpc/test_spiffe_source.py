"""Certificates from an agent: at start, when they change, and when the agent is unwell."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from signward_server.core.clock import SystemClock
from signward_server.core.errors import CertificateRevoked, IdentityUnknown
from signward_server.core.identity import IdentityKind
from signward_server.rpc import spiffe_source
from signward_server.rpc.spiffe_source import SpiffeSource
from signward_server.rpc.tls import Certificates
from signward_server.rpc.tls_files import ServerFiles, TlsFileError
from spiffe._proto import workload_pb2 as pb

from tests.fakes.spine.serving import eventually
from tests.fakes.workload_api import TrustDomainAuthority, WorkloadApi

pytestmark = pytest.mark.integration


@pytest.fixture
def prod() -> TrustDomainAuthority:
    return TrustDomainAuthority("prod.example")


@pytest.fixture
def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WorkloadApi]:
    monkeypatch.setattr(spiffe_source, "_PAUSE", 0.1)
    with WorkloadApi(tmp_path / "agent.sock") as running:
        yield running


@pytest.fixture
def certificates(agent: WorkloadApi, prod: TrustDomainAuthority) -> Iterator[Certificates]:
    agent.send(prod.issue("/signward", "localhost"), prod)
    made = Certificates(SpiffeSource(agent.socket), SystemClock())
    yield made
    made.close()


def _name(certificates: Certificates, pem: bytes) -> str:
    return str(certificates.trusted.now.leaf(pem).identity)


def test_clients_of_the_trust_domain_are_believed(
    certificates: Certificates, prod: TrustDomainAuthority
) -> None:
    bot = prod.issue("/bot").certificate
    assert _name(certificates, bot) == "spiffe://prod.example/bot"
    for stranger in (TrustDomainAuthority("prod.example"), TrustDomainAuthority("lab.example")):
        with pytest.raises(IdentityUnknown):
            _name(certificates, stranger.issue("/bot").certificate)


def test_s01_a_bundle_asserts_names_of_its_own_trust_domain_alone(
    agent: WorkloadApi, prod: TrustDomainAuthority
) -> None:
    lab = TrustDomainAuthority("lab.example")
    agent.send(prod.issue("/signward"), prod, lab)
    certificates = Certificates(SpiffeSource(agent.socket), SystemClock())
    assert _name(certificates, lab.issue("/bot").certificate) == "spiffe://lab.example/bot"
    with pytest.raises(IdentityUnknown):
        _name(certificates, lab.issue("/admin", domain="prod.example").certificate)
    certificates.close()


def test_s02_what_the_agent_sends_is_in_force_at_once(
    certificates: Certificates, agent: WorkloadApi, prod: TrustDomainAuthority
) -> None:
    bot, before = prod.issue("/bot").certificate, certificates.version
    assert _name(certificates, bot)
    renewed = TrustDomainAuthority("prod.example")
    agent.send(renewed.issue("/signward"), renewed)
    assert eventually(lambda: certificates.version != before)
    with pytest.raises(IdentityUnknown):
        _name(certificates, bot)
    assert _name(certificates, renewed.issue("/bot").certificate) == "spiffe://prod.example/bot"


def test_the_same_again_changes_nothing(
    certificates: Certificates, agent: WorkloadApi, prod: TrustDomainAuthority
) -> None:
    before = certificates.trusted.now
    assert agent._last is not None
    agent.send_raw(agent._last)
    certificates.load()
    time.sleep(0.2)
    assert certificates.trusted.now is before


def test_an_expired_certificate_replaces_nothing(
    certificates: Certificates,
    agent: WorkloadApi,
    prod: TrustDomainAuthority,
    caplog: pytest.LogCaptureFixture,
) -> None:
    before = certificates.version
    agent.send(prod.issue("/signward", age=timedelta(hours=2)), prod)
    assert eventually(lambda: "new certificates refused" in caplog.text)
    assert certificates.version == before
    agent.send(prod.issue("/signward"), prod)
    assert eventually(lambda: certificates.version != before)


def test_promise_9_an_answer_that_cannot_be_used_keeps_the_last_good_one(
    certificates: Certificates,
    agent: WorkloadApi,
    prod: TrustDomainAuthority,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.ERROR)
    before, asked = certificates.version, agent.asked
    agent.send_raw(pb.X509SVIDResponse(svids=[pb.X509SVID(x509_svid=b"garbage")]))
    assert eventually(lambda: "the SPIFFE Workload API cannot be used" in caplog.text)
    assert certificates.version == before
    agent.send(prod.issue("/signward"), prod)
    assert eventually(lambda: agent.asked > asked and certificates.version != before)


def test_an_agent_that_starts_anew_is_found_again(tmp_path: Path) -> None:
    prod = TrustDomainAuthority("prod.example")
    with WorkloadApi(tmp_path / "agent.sock") as agent:
        agent.send(prod.issue("/signward"), prod)
        certificates = Certificates(SpiffeSource(agent.socket), SystemClock())
        before = certificates.version
    with WorkloadApi(tmp_path / "agent.sock") as agent:
        agent.send(prod.issue("/signward"), prod)
        assert eventually(lambda: certificates.version != before, within=20)
        certificates.close()


def test_revocation_lists_come_from_files(
    tmp_path: Path, agent: WorkloadApi, prod: TrustDomainAuthority
) -> None:
    bot = prod.issue("/bot").certificate
    path = tmp_path / "list.crl"
    path.write_bytes(prod.revoking(x509.load_pem_x509_certificate(bot).serial_number))
    agent.send(prod.issue("/signward"), prod)
    source = SpiffeSource(agent.socket, [path])
    assert list(source.watched()) == [path]
    certificates = Certificates(source, SystemClock())
    with pytest.raises(CertificateRevoked):
        _name(certificates, bot)
    none = ServerFiles(
        certificate=path, private_key=path, client_cas=[], identity=IdentityKind.SPIFFE
    )
    certificates.load(none)
    assert not list(certificates.watched())
    assert _name(certificates, bot)
    certificates.close()


def test_without_an_agent_or_its_answer_nothing_starts(tmp_path: Path, agent: WorkloadApi) -> None:
    with pytest.raises(TlsFileError, match="is no socket of an agent"):
        SpiffeSource(f"unix:{tmp_path}/missing.sock").pair(SystemClock().now())
    silent = SpiffeSource(agent.socket, patience=0.1)
    with pytest.raises(TlsFileError, match="the agent has given no certificate"):
        silent.pair(SystemClock().now())
    silent.close()
