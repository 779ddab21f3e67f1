"""Which names are identities: one strict grammar for each kind (S1).

Strict on purpose. A name outside its grammar is refused and never cleaned up, so that one
caller has one name, and no name reads differently in a policy, a log or a shell.
"""

from __future__ import annotations

import re

from signward_server.core.identity import Identity, IdentityKind

__all__ = ["identity_of", "is_within", "name_of", "require_scope"]

_SPIFFE = "spiffe://"
_MAX_SPIFFE = 2048
_MAX_TRUST_DOMAIN = 255
_MAX_DNS = 253
_MAX_CN = 64  # ub-common-name of RFC 5280, appendix A.1

_KINDS = frozenset(kind.value for kind in IdentityKind)

_is_trust_domain = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*").fullmatch
_is_path_segment = re.compile(r"[A-Za-z0-9._-]+").fullmatch
_is_dns = re.compile(
    r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*"
).fullmatch
_is_api_key = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?").fullmatch
_is_cn = re.compile(r"[A-Za-z0-9_@+-]+(?:[.: ][A-Za-z0-9_@+-]+)*").fullmatch


def name_of(kind: IdentityKind, claim: str) -> str | None:
    """Return the name of an identity, ``None`` if the claim is not in the kind's grammar.

    Args:
        kind: Which kind it claims to be of.
        claim: SPIFFE: a SPIFFE id with a path (SPIFFE-ID, section 2), without ports, user
            info, query, fragment, percent-encoding, empty or dot segments. DNS: a host
            name in lower case (RFC 1123), no wildcard. CN: words of ``[A-Za-z0-9_@+-]``,
            with one point, colon or space between two of them. API key: lower-case letters,
            digits, and ``._-`` between them, at most 64 characters.
    """
    if kind is IdentityKind.SPIFFE:
        return claim.removeprefix("spiffe:") if _is_spiffe_id(claim) else None
    if kind is IdentityKind.DNS:
        return claim if len(claim) <= _MAX_DNS and _is_dns(claim) else None
    if kind is IdentityKind.API_KEY:
        return claim if _is_api_key(claim) else None
    return claim if len(claim) <= _MAX_CN and _is_cn(claim) else None


def identity_of(text: str) -> Identity | None:
    """Return the identity of its typed form (``cn:bot``), ``None`` if it is none."""
    prefix, colon, rest = text.partition(":")
    if not colon or prefix not in _KINDS:
        return None
    kind = IdentityKind(prefix)
    name = name_of(kind, text if kind is IdentityKind.SPIFFE else rest)
    return None if name is None else Identity(kind, name)


def require_scope(kind: IdentityKind, scope: str) -> None:
    """Return if this can be what a client CA may assert.

    A scope is a trust domain for SPIFFE, a host name, or ``.`` and a domain for every name
    below it, for DNS, and a whole name for CN.

    Raises:
        ValueError: It cannot.
    """
    if kind is IdentityKind.SPIFFE:
        valid = _trust_domain_is_valid(scope)
    else:
        name = scope.removeprefix(".") if kind is IdentityKind.DNS else scope
        valid = name_of(kind, name) is not None
    if not valid:
        raise ValueError(f"not something that a client CA can assert as {kind.value}: {scope!r}")


def is_within(kind: IdentityKind, name: str, scope: str) -> bool:
    """Return whether a name of ``name_of`` lies in a scope of ``require_scope``."""
    if kind is IdentityKind.SPIFFE:
        return name.startswith(f"//{scope}/")
    if kind is IdentityKind.DNS and scope.startswith("."):
        return name.endswith(scope)
    return name == scope


def _is_spiffe_id(uri: str) -> bool:
    if len(uri) > _MAX_SPIFFE or not uri.startswith(_SPIFFE):
        return False
    domain, *path = uri.removeprefix(_SPIFFE).split("/")
    return (
        _trust_domain_is_valid(domain)
        and bool(path)
        and all(_is_path_segment(part) and part not in {".", ".."} for part in path)
    )


def _trust_domain_is_valid(domain: str) -> bool:
    return len(domain) <= _MAX_TRUST_DOMAIN and _is_trust_domain(domain) is not None
