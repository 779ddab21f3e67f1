"""What revocation lists revoke, and which are none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st
from signward_server.rpc import revocation
from signward_server.rpc.revocation import Revocations, read_revocations
from signward_server.rpc.tls_files import TlsFileError

from tests.unit.server.rpc.leaves import START, Issuer, new_key, new_rsa_key, pem
from tests.unit.server.rpc.lists import DAY, entry, revoking

CA, OTHER = Issuer.new("Client CA"), Issuer.new("Other CA")
GOOD, BAD = CA.issue(cns=["good"]), CA.issue(cns=["bad"])
PLAIN = revoking(CA, BAD)
AUTHORITIES = [CA.certificate, OTHER.certificate]
REASON = x509.CRLReason(x509.ReasonFlags.key_compromise)
NAMES = [x509.DirectoryName(OTHER.certificate.subject)]
POINT = {
    "full_name": None,
    "relative_name": None,
    "only_contains_user_certs": False,
    "only_contains_ca_certs": False,
    "only_some_reasons": None,
    "indirect_crl": False,
    "only_contains_attribute_certs": False,
}


def read(folder: Path, *contents: bytes, authorities=AUTHORITIES) -> Revocations:
    paths = [folder / f"{number}.crl" for number in range(len(contents))]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    return read_revocations(paths, authorities)


@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
def test_s02_a_list_revokes_what_it_names_and_nothing_else(tmp_path, encoding):
    revocations = read(tmp_path, revoking(CA, BAD, encoding=encoding))
    assert revocations.hold(BAD)
    assert not revocations.hold(GOOD)


def test_s02_serial_numbers_count_for_their_issuer_alone(tmp_path):
    mine = entry(GOOD.serial_number)
    revocations = read(tmp_path, revoking(OTHER, entries=[mine]))
    assert not revocations.hold(GOOD)


def test_several_lists_add_up(tmp_path):
    more, worse = CA.issue(), OTHER.issue()
    revocations = read(tmp_path, PLAIN + revoking(OTHER, worse), revoking(CA, more))
    assert all(map(revocations.hold, (BAD, more, worse)))
    assert not revocations.hold(GOOD)


def test_s02_a_ca_with_a_new_key_revokes_what_its_old_key_has_signed(tmp_path):
    renewed = Issuer.new("Client CA", new_rsa_key())
    found = [CA.certificate, renewed.certificate]
    assert read(tmp_path, revoking(renewed, BAD), authorities=found).hold(BAD)


@pytest.mark.parametrize(
    "extensions",
    [
        [(x509.CRLNumber(7), False)],
        [(x509.CRLNumber(7), True)],
        [(x509.IssuingDistributionPoint(**(POINT | {"only_contains_user_certs": True})), True)],
        [(x509.FreshestCRL([x509.DistributionPoint(NAMES, None, None, None)]), False)],
    ],
)
def test_a_list_may_say_more_about_itself(tmp_path, extensions):
    assert read(tmp_path, revoking(CA, BAD, extensions=extensions)).hold(BAD)


def test_an_entry_may_say_why(tmp_path):
    content = revoking(CA, entries=[entry(BAD.serial_number, (REASON, False))])
    assert read(tmp_path, content).hold(BAD)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "no certificate revocation list"),
        (b"garbage", "no certificate revocation list"),
        (b"\x30\x03abc", "no certificate revocation list"),
        (pem(GOOD), "no certificate revocation list"),
        (PLAIN + pem(GOOD), "no certificate revocation list"),
        (PLAIN + b"-----BEGIN X509 CRL-----\n!\n-----END X509 CRL-----\n", "no certificate"),
        (PLAIN.replace(b"-----END X509 CRL-----", b""), "no certificate revocation list"),
        (revoking(CA, encoding=Encoding.DER)[:-1], "no certificate revocation list"),
        (revoking(CA, encoding=Encoding.DER) + b"\0", "no certificate revocation list"),
        (revoking(Issuer.new("Client CA")), "signed by none"),
        (revoking(CA, extensions=[(x509.DeltaCRLIndicator(1), True)]), "a delta"),
        (
            revoking(
                CA,
                extensions=[
                    (x509.IssuingDistributionPoint(**(POINT | {"indirect_crl": True})), True)
                ],
            ),
            "a delta or indirect",
        ),
        (
            revoking(
                CA,
                extensions=[
                    (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3"), b"\5\0"), True)
                ],
            ),
            "unknown extensions",
        ),
        (revoking(CA, entries=[entry(1, (REASON, True))]), "not understood"),
        (revoking(CA, entries=[entry(1, (x509.CertificateIssuer(NAMES), True))]), "of other CAs"),
    ],
)
def test_what_is_no_whole_list_of_a_known_ca_is_none(tmp_path, content, text):
    with pytest.raises(TlsFileError, match=text) as raised:
        read(tmp_path, PLAIN, content)
    assert str(raised.value).startswith(f"{tmp_path / '1.crl'}: ")


def test_s02_a_list_of_a_ca_that_has_left_the_bundle_revokes_nothing_and_is_mentioned(
    tmp_path, caplog
):
    stranger = Issuer.new("Stranger")
    revocations = read(tmp_path, PLAIN + revoking(stranger, GOOD))
    assert revocations.hold(BAD)
    assert not revocations.hold(GOOD)
    assert revocations.content == read(tmp_path, PLAIN).content
    assert [record.message for record in caplog.records] == [
        "revocation list of no CA in the bundle"
    ]


def test_a_ca_that_may_not_sign_lists_signs_none(tmp_path):
    usage = {
        "digital_signature": False,
        "content_commitment": False,
        "key_encipherment": False,
        "data_encipherment": False,
        "key_agreement": False,
        "key_cert_sign": True,
        "encipher_only": False,
        "decipher_only": False,
    }
    for crl_sign in (True, False):
        key = new_key()
        builder = x509.CertificateBuilder(
            CA.certificate.subject,
            CA.certificate.subject,
            key.public_key(),
            1,
            START,
            START + DAY,
        ).add_extension(x509.KeyUsage(crl_sign=crl_sign, **usage), True)
        issuer = Issuer(key, builder.sign(key, hashes.SHA256()))
        content = revoking(issuer, BAD)
        if crl_sign:
            assert read(tmp_path, content, authorities=[issuer.certificate]).hold(BAD)
        else:
            with pytest.raises(TlsFileError, match="signed by none"):
                read(tmp_path, content, authorities=[issuer.certificate])


def test_a_missing_or_oversized_list_is_named(tmp_path, monkeypatch):
    with pytest.raises(TlsFileError, match=r"missing\.crl: cannot be read"):
        read_revocations([tmp_path / "missing.crl"], AUTHORITIES)
    monkeypatch.setattr(revocation, "_LARGEST", len(PLAIN) - 1)
    with pytest.raises(TlsFileError, match=r"0\.crl: larger than"):
        read(tmp_path, PLAIN)


def test_an_overdue_list_still_counts_and_is_counted(tmp_path):
    revocations = read(tmp_path, PLAIN, revoking(OTHER))
    assert revocations.overdue(START + DAY) == 0
    assert revocations.overdue(START + DAY * 1.01) == 2
    assert revocations.hold(BAD)
    forever = Revocations(replace(each, next_update=None) for each in revocations._lists)
    assert forever.overdue(START + 1000 * DAY) == 0


def test_other_lists_read_otherwise(tmp_path):
    assert read(tmp_path, PLAIN).content == read(tmp_path, PLAIN).content
    contents = [b"", *(read(tmp_path, each).content for each in (PLAIN, revoking(CA, GOOD)))]
    assert len(set(contents)) == 3
    assert Revocations().content == b""


@settings(max_examples=300)
@given(st.lists(st.tuples(st.integers(0, 10_000), st.binary(min_size=1, max_size=4)), min_size=1))
def test_s02_a_damaged_list_is_none(tmp_path_factory, edits):
    whole = revoking(CA, BAD, encoding=Encoding.DER)
    der = bytearray(whole)
    for position, patch in edits:
        start = position % len(der)
        der[start : start + len(patch)] = patch
    try:
        found = read(tmp_path_factory.getbasetemp(), bytes(der))
    except TlsFileError:
        return
    # Nothing of what is signed can have changed, unless it is another CA's now.
    assert found.hold(BAD) or CA.certificate.subject.public_bytes() not in der
    assert len(der) == len(whole)


@settings(max_examples=200)
@given(st.binary(max_size=300), st.sampled_from([b"", b"\x30", PLAIN]))
def test_s02_noise_is_no_list(tmp_path_factory, noise, before):
    content = before + b"-----BEGIN X509 CRL-----" + noise if before == PLAIN else before + noise
    with pytest.raises(TlsFileError):
        read(tmp_path_factory.getbasetemp(), content)
