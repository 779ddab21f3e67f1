"""A CA holds no longer than one above it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from signward_server.rpc.issuing import Span, holding, tops

from tests.unit.server.rpc.leaves import START, Issuer, names, new_key

HOUR = timedelta(hours=1)


def ca(name: str, above: Issuer | None = None, *, hours: Sequence[int] = (0, 24), key=None):
    """Return a CA that holds from and to these hours after START."""
    key = key or new_key()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(names(name))
        .issuer_name(names(name) if above is None else above.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(START + hours[0] * HOUR)
        .not_valid_after(START + hours[1] * HOUR)
        .sign(key if above is None else above.key, hashes.SHA256())
    )
    return Issuer(key, certificate)


def spans(bundle: Sequence[Issuer], *revoked: Issuer) -> list[tuple[float, float] | None]:
    taken = [each.certificate for each in revoked]
    held = holding([each.certificate for each in bundle], taken.__contains__)
    return [_hours(held.get(each.certificate)) for each in bundle]


def _hours(span: Span | None) -> tuple[float, float] | None:
    if span is None:
        return None
    start, end = ((time - START.timestamp()) / 3600 for time in span)
    return start, end


ROOT = ca("root", hours=(1, 9))
MIDDLE = ca("middle", ROOT, hours=(0, 8))
LOW = ca("low", MIDDLE, hours=(2, 24))


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_s02_times_are_cut_along_the_whole_chain(order):
    chain = (ROOT, MIDDLE, LOW)
    expected = ((1, 9), (1, 8), (2, 8))
    assert spans([chain[i] for i in order]) == [expected[i] for i in order]


def test_s02_what_stands_below_a_revoked_ca_falls_with_it():
    assert spans([LOW, MIDDLE, ROOT], MIDDLE) == [None, None, (1, 9)]
    assert spans([LOW, MIDDLE, ROOT], ROOT) == [None, None, None]


def test_an_intermediate_without_its_root_stands_by_itself():
    assert spans([LOW, MIDDLE]) == [(2, 8), (0, 8)]
    assert spans([LOW]) == [(2, 24)]


def test_one_of_several_issuers_is_enough():
    renewed = ca("root", key=ROOT.key, hours=(9, 20))
    low = ca("low", ROOT)
    assert spans([ROOT, renewed, low]) == [(1, 9), (9, 20), (1, 20)]
    assert spans([ROOT, renewed, low], ROOT) == [None, (9, 20), (9, 20)]
    assert tops([each.certificate for each in (ROOT, renewed, low)]) == 1


def test_what_never_holds_together_with_its_issuer_never_holds():
    late = ca("late", ROOT, hours=(10, 12))
    assert spans([ROOT, late]) == [(1, 9), None]


def test_cas_that_have_signed_each_other_end():
    one, other = ca("one"), ca("other", hours=(0, 5))
    crossed = [ca("one", other, key=one.key), ca("other", one, key=other.key)]
    assert spans(crossed) == [(0, 24), (0, 24)]
    assert spans([*crossed, other], crossed[0]) == [None, None, (0, 5)]
    assert tops([each.certificate for each in (one, other)]) == 2
