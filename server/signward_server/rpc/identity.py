"""Who calls, from the caller's certificate (S1).

gRPC's own strings of the peer's names end at a NUL byte and mix kinds of names, so the
identity is read from the certificate itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from signward_server.core.errors import CertificateRevoked, IdentityMissing, IdentityUnknown
from signward_server.core.identity import Identity, IdentityKind
from signward_server.core.identity_names import is_within, name_of, require_scope
from signward_server.rpc.issuing import Span, has_issued, longest, public_key, validity
from signward_server.rpc.leaf import Leaf
from signward_server.rpc.revocation import Revocations
from signward_server.rpc.x509_reading import MALFORMED, extension

__all__ = ["LARGEST_LEAF", "ClientAuthority", "IdentityParser"]

LARGEST_LEAF = 16_384
"""Bytes that a leaf may have in PEM; there is a bounded number of what is kept of them."""

_PEM_BEGIN = b"-----BEGIN "


@dataclass(frozen=True, slots=True)
class ClientAuthority:
    """A CA that issues client certificates, and whom it may name.

    Attributes:
        certificate: The CA whose key signs the leaves, root or intermediate.
        may_assert: Trust domains (SPIFFE), host names or ``.domain`` (DNS), or names (CN);
            ``None`` for anything. An empty set is nothing.
        held: When it holds by the CAs above it; ``None`` while its certificate does.
    """

    certificate: x509.Certificate
    may_assert: frozenset[str] | None = None
    held: Span | None = None

    @property
    def span(self) -> Span:
        """When it holds."""
        return self.held or validity(self.certificate)


class IdentityParser:
    """Reads identities of one kind; a name of another kind is never taken instead.

    TLS has verified the chain of whatever is parsed here. What it does not tell is which
    CA it came from, so a leaf is bound to its issuer by subject and signature.

    Args:
        kind: SPIFFE (URI SAN), DNS (DNS SAN) or CN.
        authorities: CAs that may issue client certificates; several may share a subject.
            With none given, a leaf of every CA that TLS accepts may name anyone.
        server_certificates: The daemon's own; their keys are no client's.
        revocations: What the authorities have taken back.

    Raises:
        ValueError: No certificate carries this kind, or a CA may assert what is no name.
    """

    def __init__(
        self,
        kind: IdentityKind,
        *,
        authorities: Sequence[ClientAuthority] = (),
        server_certificates: Sequence[x509.Certificate] = (),
        revocations: Revocations | None = None,
    ) -> None:
        if kind is IdentityKind.API_KEY:
            raise ValueError("no certificate carries an API key")
        for authority in authorities:
            for scope in authority.may_assert or ():
                require_scope(kind, scope)
        self._kind = kind
        self._authorities = tuple(authorities)
        self._revocations = revocations or Revocations()
        self._server_keys = frozenset(public_key(own) for own in server_certificates)

    def parse(self, pem: bytes) -> Leaf:
        """Read a leaf; costs up to a millisecond, so callers keep the answer by ``pem``.

        The bytes do not name a certificate: its holder can write the same signature in
        several ways. Revocation goes by issuer and serial number.

        Args:
            pem: The peer's leaf, one certificate in PEM; empty if there is none. Its
                validity is the caller's to check on each call.

        Raises:
            IdentityMissing: There is no certificate.
            IdentityUnknown: It is malformed, no client's, or names no identity, more than
                one, or one that its issuer may not name; or its issuer is no CA of these.
            CertificateRevoked: Its issuer has taken it back.
        """
        if not pem:
            raise IdentityMissing
        if len(pem) > LARGEST_LEAF or pem.count(_PEM_BEGIN) != 1:
            raise IdentityUnknown
        try:
            return self._read(x509.load_pem_x509_certificate(pem))
        except MALFORMED as exc:
            raise IdentityUnknown from exc

    def _read(self, leaf: x509.Certificate) -> Leaf:
        claims = _claims(self._kind, leaf)
        name = name_of(self._kind, claims[0]) if len(claims) == 1 else None
        if name is None or not self._is_client(leaf):
            raise IdentityUnknown
        not_before, not_after = validity(leaf)
        if self._authorities:
            start, end = longest(each.span for each in self._issuers(leaf, name))
            not_before, not_after = max(not_before, start), min(not_after, end)
        if self._revocations.hold(leaf):
            raise CertificateRevoked
        return Leaf(Identity(self._kind, name), not_before, not_after)

    def _is_client(self, leaf: x509.Certificate) -> bool:
        """Return whether it is neither a CA's, nor the daemon's, nor for other uses only."""
        constraints = extension(leaf, x509.BasicConstraints)
        usage = extension(leaf, x509.ExtendedKeyUsage)
        return (
            not (constraints and constraints.ca)
            and (usage is None or ExtendedKeyUsageOID.CLIENT_AUTH in usage)
            and public_key(leaf) not in self._server_keys
        )

    def _issuers(self, leaf: x509.Certificate, name: str) -> list[ClientAuthority]:
        """Return the CA that issued a leaf and may name it so, in each form that it has.

        A CA that was renewed with the same key stands in a bundle more than once.

        Raises:
            IdentityUnknown: There is no such CA.
        """
        issuers = [
            authority
            for authority in self._authorities
            if self._may_assert(authority, name) and has_issued(authority.certificate, leaf)
        ]
        if not issuers:
            raise IdentityUnknown
        return issuers

    def _may_assert(self, authority: ClientAuthority, name: str) -> bool:
        scopes = authority.may_assert
        return scopes is None or any(is_within(self._kind, name, scope) for scope in scopes)


def _claims(kind: IdentityKind, leaf: x509.Certificate) -> list[str]:
    """Return every name of one kind, as it stands in the certificate."""
    if kind is IdentityKind.CN:
        attributes = leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        return [a.value if isinstance(a.value, str) else "" for a in attributes]
    names = extension(leaf, x509.SubjectAlternativeName)
    if names is None:
        return []
    if kind is IdentityKind.SPIFFE:
        return names.get_values_for_type(x509.UniformResourceIdentifier)
    return names.get_values_for_type(x509.DNSName)
