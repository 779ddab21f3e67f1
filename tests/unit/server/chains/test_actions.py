"""What chains say that policies will see is what policies see."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from signward_server.chains import all_chains
from signward_server.core.actions import RPC_ACTIONS, ActionKind, FieldType, Resource
from signward_server.core.errors import FieldInvalid, NetworkMismatch, PayloadUnsupported
from signward_server.core.payloads import Hash, HyperliquidPayload, OrderIntent, Payload, RawMessage
from signward_server.core.signing import Intent

from tests.unit.server.chains.hyperliquid.keys import MAINNET
from tests.unit.server.chains.hyperliquid.samples import NONCE, SAMPLES
from tests.unit.server.chains.keys import ED25519, SECP256K1, SECP256K1_DIGEST

CHAINS = all_chains()
ACTIONS = [action for chain in CHAINS.values() for action in chain.actions]
TYPES = {FieldType.TEXT: str, FieldType.NUMBER: int, FieldType.FLAG: bool}
NOW = 1_700_000_000_000

messages = st.builds(RawMessage, st.binary(min_size=1, max_size=80), st.sampled_from(Hash))
digests = st.builds(RawMessage, st.binary(min_size=32, max_size=32), st.just(Hash.PREHASHED))
numbers = st.decimals("0.00000001", "9999999", places=8).map(lambda d: format(d, "f"))
orders = st.builds(
    OrderIntent,
    st.sampled_from(["order", "cancel"]),
    st.sampled_from(["BTC", "xyz:ABC"]),
    st.booleans(),
    numbers,
    numbers,
    st.integers(NOW - 1000, NOW + 1000),
)
actions = [
    HyperliquidPayload("json", {"json": b'{"type":"evmUserModify","usingBigBlocks":true}'}),
    *(HyperliquidPayload(kind, sample.record, nonce=NONCE) for kind, sample in SAMPLES.items()),
]


def _intents(payload: Payload) -> list[Intent]:
    """Return what the payload becomes with each key that may sign it."""
    chain, found = CHAINS[type(payload)], []
    for key in (ED25519, SECP256K1, SECP256K1_DIGEST, MAINNET):
        with suppress(FieldInvalid, NetworkMismatch, PayloadUnsupported):
            found += chain.decode(payload, key, NOW).intents
    return found


@given(st.one_of(messages, digests, orders, st.sampled_from(actions)))
def test_s05_an_intent_has_exactly_the_fields_of_its_action(payload: Payload) -> None:
    actions = {action.name: action for action in CHAINS[type(payload)].actions}
    for intent in _intents(payload):
        declared = actions[intent.action].fields
        found = {name: type(value) for name, value in intent.fields.items()}
        assert found == {name: TYPES[kind] for name, kind in declared.items()}


def test_every_action_of_a_chain_can_come_up() -> None:
    payloads = [
        RawMessage(b"x", Hash.NONE),
        RawMessage(bytes(32), Hash.PREHASHED),
        OrderIntent("order", "BTC", True, "1", "1", NOW),
        *actions,
    ]
    found = {intent.action for payload in payloads for intent in _intents(payload)}
    assert found == {action.name for action in ACTIONS}


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)
def test_s07_what_signs_is_done_to_a_key_and_is_in_no_group_if_restricted(
    action: ActionKind,
) -> None:
    assert action.resource is Resource.KEY
    assert action.name.startswith("Sign")
    assert action.record
    assert not (action.restricted and action.groups)


def test_s07_no_action_that_is_not_signing_is_in_a_group_and_no_name_occurs_twice() -> None:
    assert all(not action.groups and not action.record for action in RPC_ACTIONS)
    names = [action.name for action in (*RPC_ACTIONS, *ACTIONS)]
    assert len(names) == len(set(names))
