"""A small CA for tests that serve over mTLS."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

__all__ = ["Issued", "TestAuthority"]

_HOUR = timedelta(hours=1)
_Key = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class Issued:
    """A certificate and its key, in PEM."""

    certificate: bytes
    key: bytes


class TestAuthority:
    """Issues certificates; ``pem`` is its own."""

    __test__ = False

    def __init__(self, name: str = "test CA", *, above: TestAuthority | None = None) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name(name)
        issuer = above or self
        certificate = (
            _builder(self._name, issuer._name, self._key, timedelta(0))
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(issuer._key, hashes.SHA256())
        )
        self.pem = certificate.public_bytes(Encoding.PEM)

    def intermediate(self) -> TestAuthority:
        """Make a CA below this one."""
        return TestAuthority("intermediate CA", above=self)

    def revoking(self, *issued: Issued, age: timedelta = timedelta(0)) -> bytes:
        """Return a revocation list with these certificates, in PEM."""
        now = datetime.now(UTC) - age
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self._name)
            .last_update(now - timedelta(minutes=1))
            .next_update(now + _HOUR)
        )
        for each in issued:
            serial = x509.load_pem_x509_certificate(each.certificate).serial_number
            revoked = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now)
            builder = builder.add_revoked_certificate(revoked.build())
        return builder.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM)

    def server(self, *, age: timedelta = timedelta(0), key: _Key | None = None) -> Issued:
        """Issue a certificate for loopback."""
        names = x509.SubjectAlternativeName(
            [x509.DNSName("localhost"), x509.IPAddress(IPv4Address("127.0.0.1"))]
        )
        return self._issue("server", ExtendedKeyUsageOID.SERVER_AUTH, age, names, key)

    def client(self, name: str, *, age: timedelta = timedelta(0)) -> Issued:
        """Issue a client certificate that is valid for an hour from ``age`` ago."""
        return self._issue(name, ExtendedKeyUsageOID.CLIENT_AUTH, age)

    def _issue(
        self,
        name: str,
        usage: x509.ObjectIdentifier,
        age: timedelta,
        names: x509.SubjectAlternativeName | None = None,
        key: _Key | None = None,
    ) -> Issued:
        key = key or ec.generate_private_key(ec.SECP256R1())
        builder = _builder(_name(name), self._name, key, age).add_extension(
            x509.ExtendedKeyUsage([usage]), critical=False
        )
        if names is not None:
            builder = builder.add_extension(names, critical=False)
        certificate = builder.sign(self._key, hashes.SHA256())
        return Issued(
            certificate.public_bytes(Encoding.PEM),
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        )


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: _Key, age: timedelta
) -> x509.CertificateBuilder:
    start = datetime.now(UTC) - age - timedelta(minutes=1)
    return x509.CertificateBuilder(
        issuer_name=issuer,
        subject_name=subject,
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=start,
        not_valid_after=start + _HOUR,
    )
