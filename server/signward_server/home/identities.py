"""Names that a client certificate may carry, as the daemon will accept them (S1)."""

from __future__ import annotations

import re

from cryptography import x509
from cryptography.x509.oid import NameOID

from signward_server.core.identity import Identity, IdentityKind
from signward_server.core.startup import ConfigurationRefused

__all__ = ["alternative_name", "file_name", "parse_identity", "subject"]

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_SHAPES = {
    IdentityKind.CN: (
        re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}", re.ASCII),
        "1 to 64 of A-Z a-z 0-9 . _ @ -, a letter or digit first",
    ),
    IdentityKind.DNS: (
        re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*", re.ASCII),
        "a host name in lower case, without wildcards",
    ),
    # SPIFFE-ID, sections 2.1 and 2.2; dot segments are refused below.
    IdentityKind.SPIFFE: (
        re.compile(r"//[a-z0-9][a-z0-9._-]{0,254}(?:/[A-Za-z0-9._-]{1,255}){1,8}", re.ASCII),
        "spiffe://TRUST-DOMAIN/PATH, the trust domain in lower case",
    ),
}
_COMMON_NAME_MAX = 64  # ub-common-name, RFC 5280, appendix A.1


def parse_identity(text: str, default: IdentityKind = IdentityKind.CN) -> Identity:
    """Return the identity of ``bot``, ``cn:bot``, ``dns:bot.local`` or ``spiffe://td/bot``.

    Args:
        text: The name, with or without its kind.
        default: The kind of a name without one.

    Raises:
        ConfigurationRefused: The daemon would not accept this name.
    """
    kind, colon, name = text.partition(":")
    if colon and kind in {k.value for k in _SHAPES}:
        identity = Identity(IdentityKind(kind), name)
    else:
        identity = Identity(default, text)
    pattern, shape = _SHAPES[identity.kind]
    dots = {".", ".."} & set(identity.name.split("/"))
    if not pattern.fullmatch(identity.name) or dots:
        raise ConfigurationRefused(
            f"this is no {identity.kind.value} identity", f"write it as {shape}"
        )
    return identity


def subject(identity: Identity) -> x509.Name:
    """Return the subject of the identity's certificate; only a CN identity stands in it."""
    if identity.kind is not IdentityKind.CN:
        return x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Signward client")])
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, identity.name[:_COMMON_NAME_MAX])])


def alternative_name(identity: Identity) -> x509.SubjectAlternativeName | None:
    """Return the alternative name that carries the identity, ``None`` for a CN."""
    if identity.kind is IdentityKind.DNS:
        return x509.SubjectAlternativeName([x509.DNSName(identity.name)])
    if identity.kind is IdentityKind.SPIFFE:
        return x509.SubjectAlternativeName(
            [x509.UniformResourceIdentifier(f"spiffe:{identity.name}")]
        )
    return None


def file_name(identity: Identity) -> str:
    """Return a name for the identity's files: its last part, ``bot`` of ``spiffe://td/x/bot``."""
    return identity.name.rsplit("/", 1)[-1]
