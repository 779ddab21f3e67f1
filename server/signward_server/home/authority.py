"""A small CA for development: one key, daemon and client certificates, no revocation.

Profile of RFC 5280 with ECDSA P-256. Real deployments bring their own PKI.
"""

from __future__ import annotations

import ipaddress
import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from signward_server.core.identity import Identity
from signward_server.core.startup import ConfigurationRefused
from signward_server.home.certificates import Issued, private_pem, unsigned, usage
from signward_server.home.files import write_new
from signward_server.home.identities import alternative_name, subject
from signward_server.home.layout import AUTHORITY_KEY

__all__ = ["Authority"]

_CA_LIFETIME = timedelta(days=1825)
_CERTIFICATE_FILE = "ca.crt"


class Authority:
    """The CA, with its private key in memory.

    Args:
        certificate: Its certificate.
        key: Its private key.
    """

    def __init__(self, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
        self._certificate = certificate
        self._key = key

    @classmethod
    def create(cls, now: datetime) -> Self:
        """Make a new CA; nothing is written."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Signward development CA")])
        builder = (
            unsigned(name, name, key.public_key(), now, now + _CA_LIFETIME)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage(signs_certificates=True), critical=True)
        )
        return cls(builder.sign(key, hashes.SHA256()), key)

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Read the CA that ``write`` has written.

        Raises:
            ConfigurationRefused: It is not there, not readable, or not a CA of this kind.
        """
        fix = "name the folder that `signward init` made beside the home with --ca"
        try:
            certificate = x509.load_pem_x509_certificate((folder / _CERTIFICATE_FILE).read_bytes())
            key = serialization.load_pem_private_key((folder / AUTHORITY_KEY).read_bytes(), None)
        except OSError as exc:
            reason = os.strerror(exc.errno or 0)
            raise ConfigurationRefused(
                f"the CA in {folder} cannot be read ({reason})", fix
            ) from exc
        except (ValueError, TypeError, UnsupportedAlgorithm) as exc:
            raise ConfigurationRefused(f"there is no development CA in {folder}", fix) from exc
        if not isinstance(key, ec.EllipticCurvePrivateKey) or (
            key.public_key() != certificate.public_key()
        ):
            raise ConfigurationRefused(f"key and certificate in {folder} are no pair", fix)
        return cls(certificate, key)

    @property
    def certificate_pem(self) -> bytes:
        """The CA's certificate."""
        return self._certificate.public_bytes(serialization.Encoding.PEM)

    def write(self, folder: Path) -> None:
        """Write certificate and private key (0600) into a folder.

        Raises:
            OSError: They exist or cannot be written.
        """
        write_new(folder / AUTHORITY_KEY, private_pem(self._key), 0o600)
        write_new(folder / _CERTIFICATE_FILE, self.certificate_pem, 0o644)

    def issue_server(self, now: datetime, lifetime: timedelta, address: str = "") -> Issued:
        """Issue the daemon's certificate, for ``localhost`` and both loopback addresses.

        Args:
            now: Start of its validity.
            lifetime: Its length.
            address: One more IP address to name.
        """
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Signward daemon")])
        addresses = dict.fromkeys(["127.0.0.1", "::1", *([address] if address else [])])
        names = x509.SubjectAlternativeName(
            [
                x509.DNSName("localhost"),
                *(x509.IPAddress(ipaddress.ip_address(text)) for text in addresses),
            ]
        )
        return self._issue(name, names, ExtendedKeyUsageOID.SERVER_AUTH, now, lifetime)

    def issue_client(self, identity: Identity, now: datetime, lifetime: timedelta) -> Issued:
        """Issue a client's certificate that names this identity and nothing else."""
        names = alternative_name(identity)
        return self._issue(subject(identity), names, ExtendedKeyUsageOID.CLIENT_AUTH, now, lifetime)

    def _issue(
        self,
        name: x509.Name,
        names: x509.SubjectAlternativeName | None,
        purpose: x509.ObjectIdentifier,
        now: datetime,
        lifetime: timedelta,
    ) -> Issued:
        key = ec.generate_private_key(ec.SECP256R1())
        # A leaf never outlives its CA.
        not_after = min(now + lifetime, self._certificate.not_valid_after_utc)
        if not_after <= now:
            raise ConfigurationRefused("the development CA has expired", "make a new home")
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        builder = (
            unsigned(name, self._certificate.subject, key.public_key(), now, not_after)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
            .add_extension(authority, critical=False)
        )
        if names is not None:
            builder = builder.add_extension(names, critical=False)
        certificate = builder.sign(self._key, hashes.SHA256())
        return Issued(
            certificate.public_bytes(serialization.Encoding.PEM),
            private_pem(key),
            certificate.not_valid_after_utc,
        )
