"""Certificates that change on disk while the daemon serves, as agents and operators do it."""

from __future__ import annotations

import shutil
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from signward import Client, Credentials
from signward.v1 import key_service_pb2 as pb
from signward.v1.key_service_pb2_grpc import KeyServiceStub
from signward_server.core.identity import Identity, IdentityKind
from signward_server.home.authority import Authority

from tests.running.calls import refusal_of
from tests.running.homes import PATIENCE, Home
from tests.running.process import Daemon
from tests.running.waiting import eventually

pytestmark = pytest.mark.integration

HOUR = timedelta(hours=1)
SOON = ("--set", "reload.interval=1s")


def _reason(client: Client) -> str:
    try:
        KeyServiceStub(client.channel).GetKey(pb.GetKeyRequest(key_id="missing"), timeout=PATIENCE)
    except grpc.RpcError as error:
        return refusal_of(error).reason
    raise AssertionError("there is such a key")


def _becomes(client: Client, expected: str) -> None:
    end = time.monotonic() + 20
    while (found := _reason(client)) != expected and time.monotonic() < end:
        time.sleep(0.2)
    assert found == expected


def _list(home: Home, *names: str) -> bytes:
    """Return a revocation list of the development CA."""
    ca = x509.load_pem_x509_certificate((home.authority / "ca.crt").read_bytes())
    key = load_pem_private_key((home.authority / "ca.key").read_bytes(), None)
    now = datetime.now(UTC)
    builder = x509.CertificateRevocationListBuilder(ca.subject, now, now + HOUR)
    for name in names:
        leaf = x509.load_pem_x509_certificate((home.path / f"clients/{name}.crt").read_bytes())
        revoked = x509.RevokedCertificateBuilder(leaf.serial_number, now).build()
        builder = builder.add_revoked_certificate(revoked)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)  # type: ignore[arg-type]


def _issue(authority: Authority, folder: Path, name: str) -> Credentials:
    issued = authority.issue_client(Identity(IdentityKind.CN, name), datetime.now(UTC), HOUR)
    issued.write(folder / name)
    return Credentials.from_files(
        folder / "server-ca.crt", folder / f"{name}.crt", folder / f"{name}.key"
    )


def test_s02_a_revoked_client_is_refused_on_its_open_connection(home: Home) -> None:
    revoked = home.path / "tls" / "revoked.crl"
    revoked.write_bytes(_list(home))
    flags = (*SOON, "--set", 'tls.revocation=["tls/revoked.crl"]')
    with Daemon(home, *flags) as daemon, daemon.client("bot") as bot, daemon.client() as same:
        assert _reason(bot) == "KEY_NOT_FOUND"
        revoked.write_bytes(_list(home, "bot"))
        _becomes(bot, "CERTIFICATE_REVOKED")
        assert _reason(same) == "CERTIFICATE_REVOKED"
        with daemon.client("admin") as admin:
            assert _reason(admin) == "KEY_NOT_FOUND"
        known = daemon.said.count("reload refused")
        revoked.write_bytes(b"garbage")
        assert eventually(lambda: daemon.said.count("reload refused") > known)
        assert _reason(bot) == "CERTIFICATE_REVOKED"


def test_promise_9_a_ca_that_leaves_the_bundle_takes_its_clients_along(
    home: Home, tmp_path: Path
) -> None:
    mine, theirs = Authority.open(home.authority), Authority.create(datetime.now(UTC))
    bundle = home.path / "tls" / "client-ca.crt"
    shutil.copy(home.path / "clients" / "ca.crt", tmp_path / "server-ca.crt")
    credentials = _issue(theirs, tmp_path, "guest")
    bundle.write_bytes(mine.certificate_pem + theirs.certificate_pem)
    named = 'tls.client_ca=[{file = "tls/client-ca.crt", names = ["bot", "guest"]}]'
    with (
        Daemon(home, *SOON, "--set", named) as daemon,
        Client(daemon.tcp, credentials, timeout=PATIENCE) as guest,
        daemon.client() as bot,
    ):
        assert [_reason(guest), _reason(bot)] == ["KEY_NOT_FOUND"] * 2
        bundle.write_bytes(mine.certificate_pem)
        _becomes(guest, "IDENTITY_UNKNOWN")
        assert _reason(bot) == "KEY_NOT_FOUND"


def test_an_agent_exchanges_the_daemons_certificate(home: Home) -> None:
    """A folder behind a symbolic link, exchanged in one step as Kubernetes does it."""
    folder = home.path / "tls"
    first, second = home.path / "tls-1", home.path / "tls-2"
    folder.rename(first)
    folder.symlink_to(first.name)
    shutil.copytree(first, second)
    for name in ("server.crt", "server.key"):
        (second / name).unlink()
    issued = Authority.open(home.authority).issue_server(datetime.now(UTC), HOUR)
    issued.write(second / "server")
    with Daemon(home, *SOON) as daemon, daemon.client() as before:
        assert _reason(before) == "KEY_NOT_FOUND"
        shown = _shown(daemon)
        link = home.path / "new"
        link.symlink_to(second.name)
        link.replace(folder)
        end = time.monotonic() + 20
        while (now := _shown(daemon)) == shown and time.monotonic() < end:
            time.sleep(0.2)
        assert now == x509.load_pem_x509_certificate(issued.certificate).serial_number
        assert _reason(before) == "KEY_NOT_FOUND"
        with daemon.client() as after:
            assert _reason(after) == "KEY_NOT_FOUND"


def _shown(daemon: Daemon) -> int:
    """Return the serial number of the certificate that a new connection is shown."""
    import ssl

    pem = ssl.get_server_certificate(("localhost", daemon.port), timeout=PATIENCE)
    return x509.load_pem_x509_certificate(pem.encode()).serial_number
