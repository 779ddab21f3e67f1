"""What a certificate of the development CA consists of (RFC 5280, ECDSA P-256)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from signward_server.home.files import write_new

__all__ = ["Issued", "private_pem", "unsigned", "usage"]

_CLOCK_SKEW = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate with its private key, both in PEM.

    Attributes:
        certificate: The leaf.
        private_key: PKCS#8, not encrypted; never shown.
        not_after: End of its validity, UTC.
    """

    certificate: bytes
    private_key: bytes
    not_after: datetime

    def __repr__(self) -> str:
        return f"Issued(not_after={self.not_after.isoformat()})"

    def write(self, stem: Path) -> None:
        """Write ``STEM.crt`` (0644) and ``STEM.key`` (0600).

        Raises:
            OSError: One of them exists or cannot be written; then neither is left behind.
        """
        key = stem.with_name(f"{stem.name}.key")
        write_new(key, self.private_key, 0o600)
        try:
            write_new(stem.with_name(f"{stem.name}.crt"), self.certificate, 0o644)
        except BaseException:
            key.unlink()
            raise


def unsigned(
    name: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    now: datetime,
    not_after: datetime,
) -> x509.CertificateBuilder:
    """Return a certificate that lacks its purpose and its signature; the serial is random."""
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_SKEW)
        .not_valid_after(not_after)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def usage(*, signs_certificates: bool) -> x509.KeyUsage:
    """Return the key usage of a CA or of a leaf (RFC 5280, section 4.2.1.3)."""
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return a private key as PKCS#8 in PEM, not encrypted."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
