"""Every kind of action against two independent implementations, as integers.

At least 5,000 actions, each signed three times: by this daemon's chain from the API's message, by
hyperliquid-python-sdk, and by @nktkas/hyperliquid in one process of Node.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from signward.v1 import hyperliquid_pb2 as pb

from tests.interop.hyperliquid import official, ours
from tests.interop.hyperliquid.cases import Case
from tests.interop.hyperliquid.peer import Peer, ensure_installed
from tests.interop.hyperliquid.strategies import CASES

_BATCH = 10
_ROUNDS = 16
_LEAST = 5_000


@pytest.fixture(scope="module")
def peer() -> Iterator[Peer]:
    ensure_installed()
    with Peer() as running:
        yield running


def test_every_kind_of_the_api_is_drawn() -> None:
    kinds = {
        field.name for field in pb.HyperliquidPayload.DESCRIPTOR.oneofs_by_name["action"].fields
    }
    assert set(CASES) == kinds - {"json"} | {"known json", "unknown json", "wrapped json"}
    assert len(CASES) * _BATCH * _ROUNDS >= _LEAST


@pytest.mark.parametrize("kind", CASES)
def test_signatures_equal_those_of_both(peer: Peer, kind: str) -> None:
    compared: Counter[str] = Counter()

    @settings(
        max_examples=_ROUNDS,
        phases=[
            Phase.explicit,
            Phase.reuse,
            Phase.generate,
        ],  # Node is asked in batches: no shrinking
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(CASES[kind], min_size=_BATCH, max_size=_BATCH))
    def compare(cases: list[Case]) -> None:
        numbers = peer.ask(cases)
        own = [ours.sign(case) for case in cases]
        sdk = [official.sign(case) for case in cases]
        for case, mine, theirs, (other, via) in zip(
            cases, own, sdk, peer.hear(numbers, cases), strict=True
        ):
            assert mine == theirs, case
            assert (mine.r, mine.s, mine.v, mine.hash) == (other.r, other.s, other.v, other.hash), (
                case
            )
            if mine.action is not None and other.action is not None:
                assert mine.action == official.posted(other.action), case
            compared[via] += 1

    compare()
    assert compared.total() >= _BATCH * _ROUNDS
