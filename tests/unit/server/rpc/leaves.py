"""Certificates for the tests: good ones, hostile ones, and CAs that issue them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

START = datetime(2030, 1, 1, tzinfo=UTC)
END = START + timedelta(days=1)
CLIENT_AUTH = (ExtendedKeyUsageOID.CLIENT_AUTH,)


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def new_rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def names(*common_names: str) -> x509.Name:
    with warnings.catch_warnings(action="ignore", category=UserWarning):  # of names too long
        return x509.Name(
            [x509.NameAttribute(NameOID.COMMON_NAME, cn, _validate=False) for cn in common_names]
        )


@dataclass(frozen=True)
class Issuer:
    """A CA with its key."""

    key: CertificateIssuerPrivateKeyTypes
    certificate: x509.Certificate

    @classmethod
    def new(cls, name: str, key: CertificateIssuerPrivateKeyTypes | None = None) -> Issuer:
        key = key or new_key()
        builder = _builder(names(name), names(name), key)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        return cls(key, builder.sign(key, hashes.SHA256()))

    def issue(
        self,
        *sans: x509.GeneralName,
        cns: Sequence[str] = ("bot",),
        usages: Sequence[x509.ObjectIdentifier] | None = CLIENT_AUTH,
        key: CertificateIssuerPrivateKeyTypes | None = None,
        ca: bool = False,
    ) -> x509.Certificate:
        builder = _builder(names(*cns), self.certificate.subject, key or new_key())
        builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), True)
        if sans:
            builder = builder.add_extension(x509.SubjectAlternativeName(sans), False)
        if usages is not None:
            builder = builder.add_extension(x509.ExtendedKeyUsage(usages), False)
        return builder.sign(self.key, hashes.SHA256())


def uri(value: str) -> x509.UniformResourceIdentifier:
    return x509.UniformResourceIdentifier._init_without_validation(value)


def dns(value: str) -> x509.DNSName:
    return x509.DNSName._init_without_validation(value)


def pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.PEM)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: CertificateIssuerPrivateKeyTypes
) -> x509.CertificateBuilder:
    return x509.CertificateBuilder(
        issuer_name=issuer,
        subject_name=subject,
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=START,
        not_valid_after=END,
    )
