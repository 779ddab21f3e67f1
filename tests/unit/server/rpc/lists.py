"""Revocation lists for the tests, good and bad."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from tests.unit.server.rpc.leaves import START, Issuer

__all__ = ["DAY", "entry", "revoking"]

DAY = timedelta(days=1)


def entry(serial: int, *extensions: tuple[x509.ExtensionType, bool]) -> x509.RevokedCertificate:
    builder = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(START)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.build()


def revoking(
    issuer: Issuer,
    *revoked: x509.Certificate,
    entries: Sequence[x509.RevokedCertificate] = (),
    extensions: Sequence[tuple[x509.ExtensionType, bool]] = (),
    encoding: Encoding = Encoding.PEM,
) -> bytes:
    """Return a list that is due a day after ``START``."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(START)
        .next_update(START + DAY)
    )
    for each in (*entries, *(entry(certificate.serial_number) for certificate in revoked)):
        builder = builder.add_revoked_certificate(each)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(issuer.key, hashes.SHA256()).public_bytes(encoding)
