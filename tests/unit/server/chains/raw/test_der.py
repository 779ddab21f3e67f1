from __future__ import annotations

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from hypothesis import given
from hypothesis import strategies as st
from signward_server.chains.raw.der import encode_der

VECTORS = json.loads((Path(__file__).parent / "vectors.json").read_text())["vectors"]
# Numbers of every length, so that leading zeros and top bits both occur.
HALVES = st.binary(max_size=32).map(lambda tail: tail.rjust(32, b"\0"))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_golden_vectors(vector):
    assert encode_der(bytes.fromhex(vector["signature"])).hex() == vector["der"]


@given(HALVES, HALVES)
def test_der_equals_the_library(r, s):
    der = encode_der(r + s)
    numbers = int.from_bytes(r, "big"), int.from_bytes(s, "big")
    assert der == encode_dss_signature(*numbers)
    assert decode_dss_signature(der) == numbers
    assert 8 <= len(der) <= 72
