"""Certificates that a daemon must not believe, and channels that carry them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.running.process import Daemon

__all__ = ["Issuer", "Pair", "raw_names"]

_DAY = timedelta(days=1)
_CLIENT = (ExtendedKeyUsageOID.CLIENT_AUTH,)


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its key, in PEM."""

    certificate: bytes
    private_key: bytes

    @classmethod
    def read(cls, base: Path) -> Pair:
        """Read BASE.crt and BASE.key."""
        return cls(base.with_suffix(".crt").read_bytes(), base.with_suffix(".key").read_bytes())

    def channel(self, daemon: Daemon, ca: bytes | None = None) -> grpc.Channel:
        """Return a channel that shows this certificate."""
        trusted = ca or (daemon.home.path / "clients" / "ca.crt").read_bytes()
        credentials = grpc.ssl_channel_credentials(trusted, self.private_key, self.certificate)
        options = [("grpc.use_local_subchannel_pool", 1), ("grpc.enable_retries", 0)]
        return grpc.secure_channel(daemon.tcp, credentials, options)


class Issuer:
    """A CA: one that a home was made with, or a foreign one."""

    def __init__(self, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
        self.certificate = certificate
        self._key = key

    @classmethod
    def of(cls, folder: Path) -> Issuer:
        """Read the CA of a home."""
        key = serialization.load_pem_private_key((folder / "ca.key").read_bytes(), None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        return cls(x509.load_pem_x509_certificate((folder / "ca.crt").read_bytes()), key)

    @classmethod
    def foreign(cls, subject: x509.Name) -> Issuer:
        """Make a CA with this name and a key of its own."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(subject, subject, key, timedelta(0)).add_extension(
            x509.BasicConstraints(ca=True, path_length=0), critical=True
        )
        return cls(builder.sign(key, hashes.SHA256()), key)

    def issue(
        self,
        names: Sequence[str] = ("bot",),
        alternatives: Sequence[x509.GeneralName] = (),
        *,
        start: timedelta = timedelta(hours=-1),
        usage: Sequence[x509.ObjectIdentifier] = _CLIENT,
        ca: bool = False,
    ) -> Pair:
        """Issue a certificate for a day, with any common names and alternative names."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(raw_names(names), self.certificate.subject, key, start)
        builder = builder.add_extension(x509.ExtendedKeyUsage(usage), critical=False)
        if alternatives:
            builder = builder.add_extension(
                x509.SubjectAlternativeName(alternatives), critical=False
            )
        if ca:
            builder = builder.add_extension(
                x509.BasicConstraints(ca=True, path_length=0), critical=True
            )
        return _pair(builder.sign(self._key, hashes.SHA256()), key)

    def revoking(self, *pairs: Pair) -> bytes:
        """Return a revocation list with these certificates, in PEM; it is good for a day."""
        now = datetime.now(UTC)
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(now)
            .next_update(now + _DAY)
        )
        for pair in pairs:
            serial = x509.load_pem_x509_certificate(pair.certificate).serial_number
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now)
            builder = builder.add_revoked_certificate(entry.build())
        return builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def as_client(self) -> Pair:
        """Return the CA's own certificate and key, as a self-signed client would show them."""
        return _pair(self.certificate, self._key)


def raw_names(common_names: Sequence[str]) -> x509.Name:
    """Return a subject with these common names, however hostile."""
    return x509.Name([_common_name(name) for name in common_names])


def _common_name(name: str) -> x509.NameAttribute[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of lengths, instead of refusing them
        return x509.NameAttribute(NameOID.COMMON_NAME, name, _validate=False)


def _pair(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> Pair:
    encoding, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    return Pair(
        certificate.public_bytes(encoding),
        key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, plain),
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, start: timedelta
) -> x509.CertificateBuilder:
    begin = datetime.now(UTC) + start
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + _DAY)
    )
