"""Names of identities, and the certificates that carry them (S1)."""

from __future__ import annotations

import base64
import unicodedata
from typing import Final

from cryptography.hazmat.primitives.serialization import Encoding
from signward_server.core.errors import IdentityMissing, IdentityUnknown
from signward_server.core.identity import Identity, IdentityKind
from signward_server.core.identity_names import identity_of, is_within, require_scope
from signward_server.rpc.identity import ClientAuthority, IdentityParser

from tests.fuzz.target import Target
from tests.unit.server.rpc.leaves import Issuer, dns, uri

__all__ = ["TARGETS"]

_FORBIDDEN: Final = frozenset("%*\\?#\"'`$;<>|&\0\x7f")
_CA = Issuer.new("Client CA")
_ID = "spiffe://example.org/ns/bot"
_LEAF = _CA.issue(uri(_ID), dns("bot.example.org"), cns=["bot"])
_NAMES: Final = {
    IdentityKind.SPIFFE: _ID,
    IdentityKind.DNS: "dns:bot.example.org",
    IdentityKind.CN: "cn:bot",
}
_UNBOUND = {kind: IdentityParser(kind) for kind in _NAMES}
_BOUND = {
    kind: IdentityParser(kind, authorities=[ClientAuthority(_CA.certificate)]) for kind in _NAMES
}


def _well_formed(identity: Identity) -> None:
    """Raise unless a name reads the same to everybody."""
    text = str(identity)
    assert identity_of(text) == identity
    assert text.isascii()
    assert text.isprintable()
    assert unicodedata.normalize("NFKC", text) == text
    assert text.strip() == text
    assert not _FORBIDDEN & set(text)
    assert len(text) <= 2048 + len("spiffe:")
    name = identity.name
    if identity.kind is IdentityKind.SPIFFE:
        domain, *path = name.removeprefix("//").split("/")
        assert domain == domain.lower()
        assert path
        assert not {"", ".", ".."} & set(path)
    elif identity.kind in (IdentityKind.DNS, IdentityKind.API_KEY):
        assert name == name.lower()
        assert "/" not in name
    if identity.kind is IdentityKind.DNS:
        assert "" not in name.split(".")


def identity(data: bytes) -> None:
    """Read a typed identity."""
    text = data.decode("utf-8", "surrogateescape")
    found = identity_of(text)
    if found is not None:
        assert str(found) == text
        _well_formed(found)


def scope(data: bytes) -> None:
    """Read what a CA may assert, and hold names against it."""
    text = data.decode("utf-8", "surrogateescape")
    for kind, whole in _NAMES.items():
        try:
            require_scope(kind, text)
        except ValueError:
            continue
        name = whole.partition(":")[2]
        if is_within(kind, name, text):
            assert text
            assert text in name


def certificate(data: bytes) -> None:
    """Read a leaf in DER: what its CA did not sign names nobody."""
    pem = b"-----BEGIN CERTIFICATE-----\n%s-----END CERTIFICATE-----\n" % base64.encodebytes(data)
    _parse(pem)


def armoured(data: bytes) -> None:
    """Read whatever may stand in for PEM."""
    _parse(data)


def _parse(pem: bytes) -> None:
    for kind in _NAMES:
        try:
            _well_formed(_UNBOUND[kind].parse(pem).identity)
        except (IdentityUnknown, IdentityMissing):
            continue
        try:
            found = _BOUND[kind].parse(pem)
        except IdentityUnknown:
            continue
        assert str(found.identity) == _NAMES[kind]


_DER = tuple(
    leaf.public_bytes(Encoding.DER)
    for leaf in (
        _LEAF,
        _CA.certificate,
        _CA.issue(cns=["bot", "admin"]),
        _CA.issue(dns("a.example"), dns("b.example"), uri("spiffe://e.org/../a"), cns=["a\0b"]),
    )
)
TARGETS: Final = {
    "identity": Target(
        identity,
        (
            b"cn:bot", b"cn:Market Maker:7", b"dns:bot.example.org", b"apikey:a.b-c_d",
            b"spiffe://example.org/ns/bot", b"spiffe://Example.org/%61", b"cn:a\0b", b"dns:*.a",
        ),
    ),
    "scope": Target(scope, (b"example.org", b".example.org", b"bot", b"bot.example.org", b"..")),
    "certificate": Target(certificate, _DER),
    "armoured": Target(
        armoured,
        (_LEAF.public_bytes(Encoding.PEM), b"-----BEGIN CERTIFICATE-----\n-----END", b""),
    ),
}  # fmt: skip
