"""A certificate authority for the session, a fresh fake daemon for each test that asks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from signward import Client, Credentials

from tests.fakes.certificates import Authority, CertificateFiles
from tests.fakes.daemon import FakeDaemon


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="session")
def server_files(authority: Authority) -> CertificateFiles:
    return authority.issue("server", *FakeDaemon.server_names())


@pytest.fixture(scope="session")
def bot_files(authority: Authority) -> CertificateFiles:
    return authority.issue("bot", x509.UniformResourceIdentifier("spiffe://test/bot"))


@pytest.fixture(scope="session")
def credentials(authority: Authority, bot_files: CertificateFiles) -> Credentials:
    return Credentials.from_files(authority.ca, bot_files.certificate, bot_files.private_key)


@pytest.fixture
def daemon(authority: Authority, server_files: CertificateFiles) -> Iterator[FakeDaemon]:
    daemon = FakeDaemon(authority, server_files, None)
    yield daemon
    daemon.stop()


@pytest.fixture
def client(daemon: FakeDaemon, credentials: Credentials) -> Iterator[Client]:
    with Client(daemon.target, credentials) as client:
        yield client


@pytest.fixture
def open_daemon(authority: Authority, server_files: CertificateFiles) -> Iterator[FakeDaemon]:
    """A daemon that asks for no certificate, as the listener for API keys alone."""
    daemon = FakeDaemon(authority, server_files, None, wants_certificates=False)
    yield daemon
    daemon.stop()


@pytest.fixture
def socket_daemon(
    authority: Authority, server_files: CertificateFiles, tmp_path: Path
) -> Iterator[FakeDaemon]:
    daemon = FakeDaemon(authority, server_files, tmp_path / "s")
    yield daemon
    daemon.stop()
