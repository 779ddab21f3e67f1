"""Validity is read as a package for certificates reads it."""

from __future__ import annotations

import base64
import datetime as dt

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from signward.validity import Validity, validity_of

KEY = ec.generate_private_key(ec.SECP256R1())
NAME = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "n" * 40)])
TIMES = st.datetimes(dt.datetime(1950, 1, 1), dt.datetime(9999, 12, 31)).map(  # noqa: DTZ001
    lambda time: time.replace(microsecond=0, tzinfo=dt.UTC)
)


def certificate(start: dt.datetime, end: dt.datetime, serial: int = 1) -> x509.Certificate:
    builder = x509.CertificateBuilder(NAME, NAME, KEY.public_key(), serial, start, end)
    return builder.sign(KEY, hashes.SHA256())


def pem(found: x509.Certificate) -> bytes:
    return found.public_bytes(serialization.Encoding.PEM)


def armoured(der: bytes) -> bytes:
    body = base64.encodebytes(der)
    return b"-----BEGIN CERTIFICATE-----\n" + body + b"-----END CERTIFICATE-----\n"


DER = certificate(
    dt.datetime(2020, 1, 1, tzinfo=dt.UTC), dt.datetime(2060, 1, 1, tzinfo=dt.UTC)
).public_bytes(serialization.Encoding.DER)


@given(TIMES, TIMES, st.integers(1, 2**158))
def test_both_forms_of_time_are_read(one: dt.datetime, other: dt.datetime, serial: int) -> None:
    start, end = sorted((one, other))
    assert validity_of(pem(certificate(start, end, serial))) == Validity(
        start.timestamp(), end.timestamp()
    )


def test_the_first_of_several_counts() -> None:
    now = dt.datetime.now(dt.UTC).replace(microsecond=0)
    leaf = pem(certificate(now, now + dt.timedelta(1)))
    above = pem(certificate(now, now + dt.timedelta(365)))
    for chain in (leaf + above, b"a comment\r\n" + leaf.replace(b"\n", b"\r\n") + above):
        assert validity_of(chain).end == (now + dt.timedelta(1)).timestamp()


@given(st.data())
def test_what_is_malformed_is_a_value_error(data: st.DataObject) -> None:
    der = bytearray(DER)
    for _ in range(data.draw(st.integers(0, 3))):
        der[data.draw(st.integers(0, 150))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(der)))
    try:
        validity_of(armoured(bytes(der[:cut])))
    except ValueError:
        return
    assert cut > 100


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        b"-----BEGIN CERTIFICATE-----\nAAAAA\n-----END CERTIFICATE-----\n",
        armoured(b""),
        armoured(b"\x30"),
        armoured(b"\x30\x82"),
        armoured(b"\x02\x01\x01"),
    ],
)
def test_no_certificate_is_a_value_error(text: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 -- of several makers
        validity_of(text)
