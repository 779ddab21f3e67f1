"""What is kept of certificates: for one snapshot, bounded, refusals apart."""

from __future__ import annotations

import pytest
from signward_server.core.errors import CertificateRevoked, IdentityUnknown
from signward_server.core.identity import Identity, IdentityKind
from signward_server.rpc import trust as trust_module
from signward_server.rpc.identity import LARGEST_LEAF
from signward_server.rpc.leaf import Leaf
from signward_server.rpc.trust import Trust

_REFUSALS = {b"stranger": IdentityUnknown, b"revoked": CertificateRevoked}


class _Parser:
    """Takes the PEM form for a name; remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []

    def __call__(self, pem: bytes) -> Leaf:
        self.asked.append(pem)
        for start, refusal in _REFUSALS.items():
            if pem.startswith(start):
                raise refusal
        return Leaf(Identity(IdentityKind.CN, pem.decode()), 0, 1)


@pytest.fixture
def parser() -> _Parser:
    return _Parser()


def test_s01_a_leaf_is_parsed_once(parser: _Parser) -> None:
    trust = Trust(parser, "1")
    assert trust.leaf(b"one") is trust.leaf(bytes(bytearray(b"one")))
    assert trust.leaf(b"two").identity.name == "two"
    assert parser.asked == [b"one", b"two"]


@pytest.mark.parametrize("pem", _REFUSALS)
def test_a_refusal_is_found_out_once_and_raised_each_time(parser: _Parser, pem: bytes) -> None:
    trust = Trust(parser, "1")
    seen = set()
    for _ in range(3):
        with pytest.raises(_REFUSALS[pem]) as raised:
            trust.leaf(pem)
        seen.add(raised.value)
    assert parser.asked == [pem]
    assert len(seen) == 3  # each with a traceback of its own, which holds its call only


def test_what_is_remembered_is_bounded(parser: _Parser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trust_module, "_KNOWN", 3)
    monkeypatch.setattr(trust_module, "_REFUSED", 2)
    trust = Trust(parser, "1")
    for number in range(10):
        trust.leaf(b"%d" % number)
        with pytest.raises(IdentityUnknown):
            trust.leaf(b"stranger %d" % number)
        assert len(trust._known) <= 3
        assert len(trust._refused) <= 2
    asked = len(parser.asked)
    for number in (7, 8, 9):
        trust.leaf(b"%d" % number)
    assert len(parser.asked) == asked


def test_strangers_displace_nobody(parser: _Parser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trust_module, "_REFUSED", 2)
    trust = Trust(parser, "1")
    trust.leaf(b"one")
    for number in range(100):
        with pytest.raises(IdentityUnknown):
            trust.leaf(b"stranger %d" % number)
    asked = len(parser.asked)
    trust.leaf(b"one")
    assert len(parser.asked) == asked


def test_nothing_is_kept_of_what_is_too_large(parser: _Parser) -> None:
    trust = Trust(parser, "1")
    with pytest.raises(IdentityUnknown):
        trust.leaf(b"x" * (LARGEST_LEAF + 1))
    assert (parser.asked, len(trust._refused), len(trust._known)) == ([], 0, 0)
