"""JSON and decimals: whatever is accepted, the exchange's own client hashes to the same value.

And whatever two readers could take for two things is refused.
"""

from __future__ import annotations

import json
from decimal import Decimal

from hyperliquid.utils.signing import float_to_wire
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.hyperliquid import NONCE, check_decimal, check_json
from tests.interop.hyperliquid.json_texts import Text, actions, spoilt, written

_MANY = settings(
    max_examples=400, deadline=None, suppress_health_check=list(HealthCheck), print_blob=False
)
_DIGITS = st.text("0123456789", min_size=1, max_size=24)
_NUMBERS = st.one_of(
    st.floats(0, 1e12, allow_nan=False).map(lambda number: f"{number:.8f}"),
    st.floats(0, 1e12, allow_nan=False).map("{:f}".format),
    st.builds("{}.{}".format, _DIGITS, st.text("0123456789", max_size=9)),
    st.decimals(0, 10**11, places=8).map(str),
    _DIGITS,
    st.from_regex(
        r"[-+]?[0-9\u0660-\u0669]{0,9}[.,]?[0-9_]{0,9}(?:[eE][-+]?[0-9]{1,3})?", fullmatch=True
    ),
    st.sampled_from(
        ["NaN", "nan", "inf", "Infinity", "-0", "1_0", "0x1p4", "\uff11", "1\n", " 1", "1 "]
    ),
    st.text(max_size=12),
)


@_MANY
@given(_NUMBERS)
def test_a_decimal_is_the_clients_or_refused(text: str) -> None:
    check_decimal(text.encode("utf-8", "surrogatepass"))


@_MANY
@given(st.integers(0, 2**52))
def test_every_decimal_that_a_double_gives_back_is_accepted(units: int) -> None:
    text = f"{units // 10**8}.{units % 10**8:08}"
    assert Decimal(float_to_wire(float(text))) == Decimal(text)
    check_decimal(text.encode())


@_MANY
@given(st.data())
def test_an_action_as_json_is_accepted_however_it_is_spaced(data: st.DataObject) -> None:
    action = data.draw(actions(NONCE))
    text = data.draw(written(action))
    assert json.loads(text) == action
    assert check_json(text)


@_MANY
@given(spoilt(NONCE))
def test_s31_a_spoilt_action_as_json_is_the_clients_or_refused(text: Text) -> None:
    accepted = check_json(text.data)
    assert not (accepted and text.ambiguous)
