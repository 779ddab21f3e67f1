from __future__ import annotations

import pytest
from signward_server.core.errors import CertificateInvalid, IdentityMissing, IdentityUnknown
from signward_server.rpc import leaf as leaf_module
from signward_server.rpc.leaf import Leaf, Leaves

from tests.fakes.spine.call import BOT
from tests.fakes.spine.clock import MovingClock
from tests.fakes.spine.context import FakeContext


class _Parser:
    def __init__(self, clock: MovingClock) -> None:
        self.parsed: list[bytes] = []
        self._valid = (clock.time(), clock.time() + 60)

    def __call__(self, pem: bytes) -> Leaf:
        self.parsed.append(pem)
        if pem == b"stranger":
            raise IdentityUnknown
        return Leaf(BOT, *self._valid)


@pytest.fixture
def clock() -> MovingClock:
    return MovingClock()


def _of(leaves: Leaves, *pems: bytes) -> Leaf:
    return leaves.of(FakeContext(pems=pems))  # type: ignore[arg-type]


def test_s01_the_leaf_is_parsed_once_for_each_certificate(clock: MovingClock) -> None:
    parser = _Parser(clock)
    leaves = Leaves(parser, clock)
    assert _of(leaves, b"one").identity == BOT
    _of(leaves, b"one", b"a chain that the peer sent")
    _of(leaves, b"two")
    assert parser.parsed == [b"one", b"two"]


def test_without_a_certificate_nobody_calls(clock: MovingClock) -> None:
    with pytest.raises(IdentityMissing):
        _of(Leaves(_Parser(clock), clock))


def test_a_stranger_is_refused_each_time(clock: MovingClock) -> None:
    leaves = Leaves(_Parser(clock), clock)
    for _ in range(2):
        with pytest.raises(IdentityUnknown):
            _of(leaves, b"stranger")


def test_s02_validity_is_checked_on_every_call(clock: MovingClock) -> None:
    leaves = Leaves(_Parser(clock), clock)
    _of(leaves, b"one")
    clock.advance(60)
    _of(leaves, b"one")
    clock.advance(0.001)
    with pytest.raises(CertificateInvalid):
        _of(leaves, b"one")
    clock.advance(-61)
    with pytest.raises(CertificateInvalid):
        _of(leaves, b"one")


def test_what_is_remembered_is_bounded(clock: MovingClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leaf_module, "_CACHED", 3)
    leaves = Leaves(_Parser(clock), clock)
    for number in range(10):
        _of(leaves, bytes([number]))
        assert len(leaves._known) <= 3
