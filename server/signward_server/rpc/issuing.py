"""Which CAs of a bundle hold, and how long: none outlives those above it (RFC 5280, section 6)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from signward_server.rpc.x509_reading import MALFORMED

__all__ = ["Span", "has_issued", "holding", "longest", "public_key", "tops", "validity"]

Span = tuple[float, float]
"""Start and end, seconds since the epoch."""

_Certificate = x509.Certificate


def has_issued(authority: _Certificate, certificate: _Certificate) -> bool:
    """Return whether the issuer's name is this CA's subject and its key made the signature."""
    try:
        certificate.verify_directly_issued_by(authority)
    except (InvalidSignature, *MALFORMED):
        # Another kind of key or name than the certificate's issuer has.
        return False
    return True


def validity(certificate: _Certificate) -> Span:
    """Return the time that a certificate says for itself."""
    start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return start.timestamp(), end.timestamp()


def longest(spans: Iterable[Span]) -> Span:
    """Return the last span of time that some spans cover together without a gap."""
    (start, end), *others = sorted(spans, key=lambda span: span[1], reverse=True)
    for earlier_start, earlier_end in others:
        if earlier_end >= start:
            start = min(start, earlier_start)
    return start, end


def public_key(certificate: _Certificate) -> bytes:
    """Return the key of a certificate, as DER of a SubjectPublicKeyInfo."""
    return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def holding(
    bundle: Sequence[_Certificate], is_revoked: Callable[[_Certificate], bool]
) -> Mapping[_Certificate, Span]:
    """Return the CAs that hold, each with its time.

    A CA whose issuers are in the bundle holds while one of them does. One that has signed
    itself, or whose issuer is elsewhere, holds by itself.

    Args:
        bundle: CAs, roots and intermediates.
        is_revoked: Whether a CA was taken back.
    """
    above = _issuers(bundle)
    held = {each: validity(each) for each in bundle if not is_revoked(each)}
    for _ in bundle:  # at most so many stand above each other
        following = {}
        for each in held:
            start, end = validity(each)
            if issuers := above[each]:
                spans = [held[issuer] for issuer in issuers if issuer in held]
                if not spans:
                    continue
                earliest, latest = longest(spans)
                start, end = max(start, earliest), min(end, latest)
            if start <= end:
                following[each] = start, end
        if following == held:
            break
        held = following
    return held


def tops(bundle: Sequence[_Certificate]) -> int:
    """Return how many CAs stand at the top of a bundle; one with two certificates is one."""
    above = _issuers(bundle)
    return len({(each.subject, public_key(each)) for each in bundle if not above[each]})


def _issuers(bundle: Sequence[_Certificate]) -> Mapping[_Certificate, Sequence[_Certificate]]:
    """Return those who have issued each CA; none for one that has signed itself."""
    named = defaultdict(list)
    for each in bundle:
        named[each.subject].append(each)
    return {
        each: []
        if has_issued(each, each)
        else [issuer for issuer in named[each.issuer] if has_issued(issuer, each)]
        for each in bundle
    }
