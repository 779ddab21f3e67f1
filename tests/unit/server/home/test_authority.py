"""The development CA, judged by OpenSSL."""

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from signward_server.core.startup import ConfigurationRefused
from signward_server.home.authority import Authority
from signward_server.home.identities import parse_identity

NOW = datetime.now(UTC)
YEAR = timedelta(days=365)


@pytest.fixture
def authority(tmp_path) -> Authority:
    made = Authority.create(NOW)
    made.write(tmp_path)
    return made


def verified(folder: Path, certificate: Path, *options: str) -> subprocess.CompletedProcess:
    command = ["openssl", "verify", "-x509_strict", "-CAfile", str(folder / "ca.crt"), *options]
    return subprocess.run(
        [*command, str(certificate)], capture_output=True, text=True, check=False, timeout=20
    )


def test_the_servers_certificate_serves_localhost_only(authority, tmp_path):
    authority.issue_server(NOW, YEAR, "127.0.0.2").write(tmp_path / "server")
    leaf = tmp_path / "server.crt"
    names = [("hostname", "localhost"), *(("ip", ip) for ip in ("127.0.0.1", "::1", "127.0.0.2"))]
    for kind, name in names:
        done = verified(tmp_path, leaf, "-purpose", "sslserver", f"-verify_{kind}", name)
        assert done.returncode == 0, done.stderr
    for options in (["-purpose", "sslclient"], ["-verify_hostname", "example.org"]):
        assert verified(tmp_path, leaf, *options).returncode != 0


@pytest.mark.parametrize("identity", ["bot", "dns:bot.local", "spiffe://td.org/bot"])
def test_a_clients_certificate_names_one_identity_for_clients_only(authority, tmp_path, identity):
    parsed = parse_identity(identity)
    authority.issue_client(parsed, NOW, YEAR).write(tmp_path / "bot")
    done = verified(tmp_path, tmp_path / "bot.crt", "-purpose", "sslclient")
    assert done.returncode == 0, done.stderr
    assert verified(tmp_path, tmp_path / "bot.crt", "-purpose", "sslserver").returncode != 0
    leaf = x509.load_pem_x509_certificate((tmp_path / "bot.crt").read_bytes())
    common = [a.value for a in leaf.subject if a.oid == x509.oid.NameOID.COMMON_NAME]
    san = [e.value for e in leaf.extensions if isinstance(e.value, x509.SubjectAlternativeName)]
    names = common + [name.value for value in san for name in value]
    assert names == [identity.removeprefix("dns:")]
    assert (tmp_path / "bot.key").stat().st_mode & 0o777 == 0o600


def test_certificates_expire(authority, tmp_path):
    authority.issue_client(parse_identity("bot"), NOW - 2 * YEAR, YEAR).write(tmp_path / "old")
    done = verified(tmp_path, tmp_path / "old.crt")
    assert done.returncode != 0
    assert "certificate has expired" in done.stderr


def test_a_leaf_does_not_outlive_its_ca(authority):
    issued = authority.issue_client(parse_identity("bot"), NOW, timedelta(days=9999))
    ca = x509.load_pem_x509_certificate(authority.certificate_pem)
    assert issued.not_after == ca.not_valid_after_utc
    with pytest.raises(ConfigurationRefused, match="has expired; make a new home"):
        authority.issue_client(parse_identity("bot"), NOW + 6 * YEAR, YEAR)


def test_serials_are_random_and_keys_are_new(authority):
    issued = [authority.issue_client(parse_identity("bot"), NOW, YEAR) for _ in range(2)]
    first, second = (x509.load_pem_x509_certificate(i.certificate) for i in issued)
    assert first.serial_number != second.serial_number
    assert first.serial_number.bit_length() > 64
    assert first.public_key() != second.public_key()
    assert "PRIVATE" not in repr(issued[0])


def test_it_is_read_back(authority, tmp_path):
    again = Authority.open(tmp_path)
    assert again.certificate_pem == authority.certificate_pem
    again.issue_client(parse_identity("bot"), NOW, YEAR).write(tmp_path / "bot")
    assert verified(tmp_path, tmp_path / "bot.crt").returncode == 0


def test_what_is_no_ca_is_refused(authority, tmp_path):
    with pytest.raises(ConfigurationRefused, match="cannot be read"):
        Authority.open(tmp_path / "elsewhere")
    key = (tmp_path / "ca.key").read_bytes()
    (tmp_path / "ca.key").write_bytes(b"garbage")
    with pytest.raises(ConfigurationRefused, match="there is no development CA"):
        Authority.open(tmp_path)
    Authority.create(NOW).issue_server(NOW, YEAR).write(tmp_path / "other")
    (tmp_path / "ca.key").write_bytes((tmp_path / "other.key").read_bytes())
    with pytest.raises(ConfigurationRefused, match="are no pair"):
        Authority.open(tmp_path)
    (tmp_path / "ca.key").write_bytes(key)
    assert Authority.open(tmp_path).certificate_pem == authority.certificate_pem


def test_a_pair_is_written_together_or_not_at_all(authority, tmp_path):
    issued = authority.issue_client(parse_identity("bot"), NOW, YEAR)
    (tmp_path / "bot.crt").write_bytes(b"old")
    with pytest.raises(FileExistsError):
        issued.write(tmp_path / "bot")
    assert not (tmp_path / "bot.key").exists()
    assert (tmp_path / "bot.crt").read_bytes() == b"old"
