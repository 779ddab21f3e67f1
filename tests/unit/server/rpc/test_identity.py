from __future__ import annotations

import base64
from contextlib import suppress
from datetime import datetime, timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given, settings
from hypothesis import strategies as st
from signward_server.core.errors import CertificateRevoked, IdentityMissing, IdentityUnknown
from signward_server.core.identity import Identity, IdentityKind
from signward_server.core.identity_names import name_of
from signward_server.rpc.identity import ClientAuthority, IdentityParser
from signward_server.rpc.revocation import read_revocations

from tests.unit.server.rpc.leaves import END, START, Issuer, dns, new_key, new_rsa_key, pem, uri
from tests.unit.server.rpc.lists import revoking

SPIFFE, DNS, CN = IdentityKind.SPIFFE, IdentityKind.DNS, IdentityKind.CN
CERTIFICATE_KINDS = [SPIFFE, DNS, CN]
CA = Issuer.new("Client CA")
ID = "spiffe://example.org/bot"
FULL = CA.issue(uri(ID), dns("bot.example.org"), cns=["bot"])
IDENTITIES = {SPIFFE: ID, DNS: "dns:bot.example.org", CN: "cn:bot"}


def refused(leaf, kind, **options):
    with pytest.raises(IdentityUnknown):
        IdentityParser(kind, **options).parse(leaf if isinstance(leaf, bytes) else pem(leaf))


def armoured(der):
    return (
        b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(der) + b"-----END CERTIFICATE-----\n"
    )


@pytest.mark.parametrize("kind", CERTIFICATE_KINDS)
def test_s01_only_the_configured_kind_is_read(kind):
    parsed = IdentityParser(kind).parse(pem(FULL))
    assert str(parsed.identity) == IDENTITIES[kind]
    assert parsed.identity.kind is kind
    assert (parsed.not_before, parsed.not_after) == (START.timestamp(), END.timestamp())


@pytest.mark.parametrize(
    ("kind", "leaf"),
    [
        (SPIFFE, CA.issue(dns("bot.example.org"))),
        (SPIFFE, CA.issue()),
        (DNS, CA.issue(uri(ID), cns=["bot.example.org"])),
        (DNS, CA.issue(cns=["bot.example.org"])),
        (CN, CA.issue(uri(ID), dns("bot"), cns=[])),
        (SPIFFE, CA.issue(dns(ID))),
        (SPIFFE, CA.issue(cns=[ID])),
    ],
)
def test_s01_no_kind_stands_in_for_another(kind, leaf):
    refused(leaf, kind)


@pytest.mark.parametrize(
    ("kind", "leaf"),
    [
        (SPIFFE, CA.issue(uri(ID), uri("spiffe://example.org/admin"))),
        (SPIFFE, CA.issue(uri(ID), uri(ID))),
        (SPIFFE, CA.issue(uri(ID), uri("https://example.org/"))),
        (DNS, CA.issue(dns("a.example.org"), dns("b.example.org"))),
        (CN, CA.issue(cns=["bot", "admin"])),
        (CN, CA.issue(cns=["bot", "bot"])),
    ],
)
def test_s01_more_than_one_name_of_the_kind(kind, leaf):
    refused(leaf, kind)


@pytest.mark.parametrize(
    ("kind", "leaf"),
    [
        (CN, CA.issue(cns=["admin\0.evil"])),
        (CN, CA.issue(cns=["*"])),
        (CN, CA.issue(cns=["adm\u0456n"])),
        (CN, CA.issue(cns=["x" * 65])),
        (SPIFFE, CA.issue(uri("spiffe://example.org/admin\0.evil"))),
        (SPIFFE, CA.issue(uri("spiffe://example.org/%61dmin"))),
        (SPIFFE, CA.issue(uri("spiffe://Example.org/admin"))),
        (SPIFFE, CA.issue(uri("spiffe://example.org/a/../admin"))),
        (SPIFFE, CA.issue(uri("spiffe://example.org/" + "a" * 2048))),
        (SPIFFE, CA.issue(uri(""))),
        (DNS, CA.issue(dns("*.example.org"))),
        (DNS, CA.issue(dns("admin\0.example.org"))),
        (DNS, CA.issue(dns(ID))),
        (DNS, CA.issue(dns(""))),
    ],
)
def test_s01_hostile_names_in_certificates(kind, leaf):
    refused(leaf, kind)


def test_s01_bytes_beyond_ascii_in_a_name():
    der = FULL.public_bytes(Encoding.DER)
    for kind, part in ((SPIFFE, b"example.org/bot"), (DNS, b"bot.example"), (CN, b"\x0c\x03bot")):
        position = der.rindex(part) + len(part) - 1
        for byte in (b"\0", b"\xff", b"*", b"%"):
            refused(armoured(der[:position] + byte + der[position + 1 :]), kind)


def test_s01_a_common_name_that_is_no_text():
    der = FULL.public_bytes(Encoding.DER)
    utf8_string, bit_string = b"\x0c\x03bot", b"\x03\x03\0ot"
    refused(armoured(der.replace(utf8_string, bit_string)), CN)


def test_names_of_other_kinds_do_no_harm():
    leaf = CA.issue(uri(ID), dns("a"), dns("b"), x509.IPAddress(ip_address("127.0.0.1")))
    assert IdentityParser(SPIFFE).parse(pem(leaf)).identity == Identity(SPIFFE, "//example.org/bot")


def test_no_certificate():
    with pytest.raises(IdentityMissing):
        IdentityParser(CN).parse(b"")


def test_s01_a_ca_is_no_client():
    refused(CA.certificate, CN)
    refused(CA.issue(cns=["sub"], ca=True), CN)


def test_s01_the_servers_own_certificate_is_no_client():
    key = new_key()
    server, renewed = CA.issue(cns=["server"], key=key), CA.issue(cns=["bot"], key=key)
    assert IdentityParser(CN).parse(pem(server)).identity.name == "server"
    refused(server, CN, server_certificates=[server])
    refused(renewed, CN, server_certificates=[server])
    assert IdentityParser(CN, server_certificates=[server]).parse(pem(FULL))


@pytest.mark.parametrize(
    ("usages", "client"),
    [
        (None, True),
        ([ExtendedKeyUsageOID.CLIENT_AUTH], True),
        ([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH], True),
        ([ExtendedKeyUsageOID.SERVER_AUTH], False),
        ([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE], False),
    ],
)
def test_s01_extended_key_usage(usages, client):
    leaf = CA.issue(usages=usages)
    if client:
        assert IdentityParser(CN).parse(pem(leaf)).identity.name == "bot"
    else:
        refused(leaf, CN)


@pytest.mark.parametrize(
    ("kind", "scopes"),
    [
        (SPIFFE, {"example.org"}),
        (DNS, {"bot.example.org"}),
        (DNS, {".example.org"}),
        (CN, {"other", "bot"}),
        (CN, None),
    ],
)
def test_s01_a_ca_names_only_what_it_may(kind, scopes):
    allowed = ClientAuthority(CA.certificate, scopes if scopes is None else frozenset(scopes))
    identity = IdentityParser(kind, authorities=[allowed]).parse(pem(FULL)).identity
    assert str(identity) == IDENTITIES[kind]
    for scope in ({"other"}, set()):
        refused(FULL, kind, authorities=[ClientAuthority(CA.certificate, frozenset(scope))])


def test_s01_a_leaf_is_bound_to_the_ca_that_signed_it():
    ours, theirs = Issuer.new("Ours"), Issuer.new("Theirs")
    authorities = [
        ClientAuthority(ours.certificate, frozenset({"bot"})),
        ClientAuthority(theirs.certificate, frozenset({"guest"})),
    ]
    parser = IdentityParser(CN, authorities=authorities)
    assert parser.parse(pem(ours.issue(cns=["bot"]))).identity.name == "bot"
    assert parser.parse(pem(theirs.issue(cns=["guest"]))).identity.name == "guest"
    refused(theirs.issue(cns=["bot"]), CN, authorities=authorities)
    refused(ours.issue(cns=["guest"]), CN, authorities=authorities)


def test_s01_the_name_of_a_ca_is_not_enough():
    forged = Issuer.new("Client CA").issue(cns=["bot"])
    refused(forged, CN, authorities=[ClientAuthority(CA.certificate)])
    stranger = Issuer.new("Stranger").issue(cns=["bot"])
    refused(stranger, CN, authorities=[ClientAuthority(CA.certificate)])


def test_a_ca_may_change_its_key_under_the_same_name():
    old, new = Issuer.new("Client CA", new_rsa_key()), Issuer.new("Client CA")
    authorities = [ClientAuthority(issuer.certificate) for issuer in (old, new)]
    parser = IdentityParser(CN, authorities=authorities)
    for issuer in (old, new):
        assert parser.parse(pem(issuer.issue())).identity.name == "bot"


def test_an_intermediate_is_an_authority_like_any_other():
    key = new_key()
    middle = Issuer(key, CA.issue(cns=["Middle"], key=key, ca=True))
    leaf = middle.issue()
    assert IdentityParser(CN, authorities=[ClientAuthority(middle.certificate)]).parse(pem(leaf))
    refused(leaf, CN, authorities=[ClientAuthority(CA.certificate)])


def test_a_parser_refuses_what_cannot_be():
    with pytest.raises(ValueError, match="no certificate carries an API key"):
        IdentityParser(IdentityKind.API_KEY)
    with pytest.raises(ValueError, match="not something that a client CA can assert"):
        IdentityParser(CN, authorities=[ClientAuthority(CA.certificate, frozenset({"*"}))])


@pytest.mark.parametrize(
    "text",
    [
        b"\0",
        b"garbage",
        b"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
        pem(FULL) + pem(FULL),
        pem(FULL).replace(b"CERTIFICATE", b"PRIVATE KEY"),
        pem(FULL).replace(b"\n", b"\n#"),
        pem(FULL) + b" " * 65_536,
        b"-----BEGIN CERTIFICATE-----\n" + b"A" * 2**24,
        FULL.public_bytes(Encoding.DER),
        armoured(b"\x30\x84\xff\xff\xff\xff"),
        armoured(b"\x30\x80" * 5_000),
    ],
    ids=range(11),
)
@pytest.mark.parametrize("kind", CERTIFICATE_KINDS)
def test_s01_malformed_text(kind, text):
    refused(text, kind)


@pytest.mark.parametrize("kind", CERTIFICATE_KINDS)
def test_s01_no_flipped_bit_passes_a_bound_ca(kind):
    der = FULL.public_bytes(Encoding.DER)
    parser = IdentityParser(kind, authorities=[ClientAuthority(CA.certificate)])
    passed = set()
    for bit in range(8 * len(der)):
        flipped = bytearray(der)
        flipped[bit // 8] ^= 1 << bit % 8
        with suppress(IdentityUnknown):
            parser.parse(armoured(bytes(flipped)))
            passed.add(bit // 8)
    # Of the frame around what is signed, the count of unused bits before the signature is
    # not read: the certificate says the same with another one.
    assert passed <= {len(der) - len(FULL.signature) - 1}


@pytest.mark.parametrize("kind", CERTIFICATE_KINDS)
def test_s01_no_truncated_certificate_passes(kind):
    der = FULL.public_bytes(Encoding.DER)
    for size in range(len(der)):
        refused(armoured(der[:size]), kind)


@settings(max_examples=300)
@given(
    st.sampled_from(CERTIFICATE_KINDS),
    st.lists(st.tuples(st.integers(0, 10_000), st.binary(min_size=1, max_size=4)), max_size=4),
)
def test_s01_a_damaged_certificate_is_a_plain_identity_or_unknown(kind, edits):
    der = bytearray(FULL.public_bytes(Encoding.DER))
    for position, patch in edits:
        start = position % len(der)
        der[start : start + len(patch)] = patch
    try:
        identity = IdentityParser(kind).parse(armoured(bytes(der))).identity
    except IdentityUnknown:
        return
    claim = str(identity) if kind is SPIFFE else identity.name
    assert name_of(kind, claim) == identity.name


@settings(max_examples=200)
@given(st.binary(max_size=300))
def test_s01_noise_is_unknown(noise):
    refused(armoured(noise), CN)
    refused(b"\0" + noise, CN)


def _renewed(start: datetime, end: datetime) -> x509.Certificate:
    """Return another certificate of the CA, with the same key."""
    builder = x509.CertificateBuilder(
        CA.certificate.subject, CA.certificate.subject, CA.key.public_key(), 7, start, end
    ).add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
    return builder.sign(CA.key, hashes.SHA256())


HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ([(START, END)], (START, END)),
        ([(START - HOUR, END + HOUR)], (START, END)),
        ([(START + HOUR, END - HOUR)], (START + HOUR, END - HOUR)),
        ([(START, START + 3 * HOUR), (START + 2 * HOUR, END)], (START, END)),
        ([(START + 2 * HOUR, END), (START, START + 3 * HOUR)], (START, END)),
        ([(START, START + HOUR), (START + 2 * HOUR, END)], (START + 2 * HOUR, END)),
        ([(START, END), (START + HOUR, START + 2 * HOUR)], (START, END)),
    ],
)
def test_s02_a_leaf_is_valid_no_longer_than_its_ca_renewals_included(spans, expected):
    authorities = [ClientAuthority(_renewed(*span)) for span in spans]
    leaf = IdentityParser(CN, authorities=authorities).parse(pem(FULL))
    assert (leaf.not_before, leaf.not_after) == tuple(time.timestamp() for time in expected)


def test_s02_a_revoked_certificate_is_refused_for_that(tmp_path):
    (tmp_path / "crl").write_bytes(revoking(CA, FULL))
    revocations = read_revocations([tmp_path / "crl"], [CA.certificate])
    parser = IdentityParser(
        CN, authorities=[ClientAuthority(CA.certificate)], revocations=revocations
    )
    with pytest.raises(CertificateRevoked):
        parser.parse(pem(FULL))
    assert parser.parse(pem(CA.issue())).identity.name == "bot"
    # Nobody learns of lists who is not known anyway.
    foreign = IdentityParser(
        CN, authorities=[ClientAuthority(Issuer.new("x").certificate)], revocations=revocations
    )
    with pytest.raises(IdentityUnknown):
        foreign.parse(pem(FULL))
