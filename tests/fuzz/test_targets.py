"""Each target for some seconds: seeds, what lies near them, and anything else."""

from __future__ import annotations

import warnings

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.fuzz.targets import TARGETS

_EXAMPLES = 300
_SLOW = {
    "configuration": 120,
    "variables": 120,
    "cedar": 200,
    "table": 150,
    "any_rpc": 400,
    "log": 150,
}


@st.composite
def near(draw: st.DrawFn, seeds: tuple[bytes, ...]) -> bytes:
    """Cut, repeat and change pieces of seeds, or put pieces of others between them."""
    data = bytearray(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 40)))
        other = draw(st.sampled_from(seeds))
        piece = draw(
            st.one_of(
                st.binary(max_size=8),
                st.integers(0, len(other)).map(lambda at, other=other: other[at : at + 40]),
                st.just(bytes(data[start:end]) * 2),
                st.text(max_size=4).map(lambda text: text.encode("utf-8", "replace")),
            )
        )
        data[start:end] = piece
    return bytes(data)


@pytest.mark.parametrize("name", TARGETS)
def test_seeds_are_read(name: str) -> None:
    for seed in TARGETS[name].seeds:
        TARGETS[name].check(seed)


@pytest.mark.parametrize("name", TARGETS)
def test_whatever_comes_is_refused_or_well(name: str) -> None:
    target = TARGETS[name]

    @settings(
        max_examples=_SLOW.get(name, _EXAMPLES),
        suppress_health_check=list(HealthCheck),
        phases=(Phase.explicit, Phase.generate, Phase.shrink),
    )
    @given(st.one_of(near(target.seeds), near(target.seeds), st.binary(max_size=400)))
    def run(data: bytes) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # cryptography's, of certificates that are no good
            target.check(data)

    run()
