"""Payloads and keys that people wrote: read as the API says, or refused in one line."""

import json

import pytest
from google.protobuf.json_format import MessageToJson
from hypothesis import given
from hypothesis import strategies as st
from signward_server.core.keys import (
    Algorithm,
    CustodyKind,
    Freeze,
    Key,
    KeyState,
    Purpose,
    VersionState,
)
from signward_server.core.payloads import Hash, OrderIntent, RawMessage
from signward_server.rpc.convert.documents import DocumentRefused, key_of_json, payload_of
from signward_server.rpc.convert.key_messages import key_message

from tests.fakes.catalogue_keys import catalogue_key

ORDER = {"action": "order", "coin": "BTC", "isBuy": True, "sz": "1", "limitPx": "3"}


def test_an_order_without_its_time_has_that_of_the_question():
    assert payload_of({"order": ORDER}, 77) == OrderIntent("order", "BTC", True, "1", "3", 77)
    timed = {"order": {**ORDER, "timestamp": "5"}}
    assert payload_of(timed, 77) == OrderIntent("order", "BTC", True, "1", "3", 5)
    assert payload_of({"order": {**ORDER, "timestamp": 0}}, 77).timestamp == 0


def test_a_message_is_base64_with_the_hash_of_the_api():
    assert payload_of({"raw": {"message": "aGk="}}, 0) == RawMessage(b"hi", Hash.NONE)
    hashed = {"raw": {"message": "aGk=", "hash": "HASH_SHA256"}}
    assert payload_of(hashed, 0) == RawMessage(b"hi", Hash.SHA256)


@pytest.mark.parametrize(
    "document",
    [
        3, None, [], {}, {"key": "a"}, {"order": {}, "raw": {}}, {"zebra": {}}, {"order": None},
        {"order": 3}, {"order": []}, {"order": {"sz": 5}}, {"order": {"zz": "5"}},
        {"order": {"isBuy": "true"}}, {"order": {"timestamp": "x"}}, {"order": {"coin": "\ud800"}},
        {"raw": {"message": ["a"]}}, {"raw": {"message": "?"}}, {"raw": {"hash": "9"}},
        {"raw": {"hash": "NONE"}}, {"raw": {"message": "\ud800"}}, {"raw": [[]]},
    ],
)  # fmt: skip
def test_what_is_no_payload_is_refused_in_one_line(document):
    with pytest.raises(DocumentRefused) as caught:
        payload_of(document, 0)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 400


def test_a_key_comes_back_as_policies_see_it():
    key = catalogue_key(
        "mm-1",
        vault_address="0x" + "ab" * 20,
        algorithm=Algorithm.ECDSA_SECP256K1,
        owner="spiffe://prod/bot",
        labels={"desk": "a"},
        state=KeyState.DISABLED,
        freeze=Freeze.CANCEL_ONLY,
        user_id="7",
        allow_digest=True,
    )
    read = key_of_json(MessageToJson(key_message(key, with_versions=True)))
    assert _seen(read) == _seen(key)
    assert read.version(0).state is VersionState.PRIMARY


def _seen(key: Key) -> tuple[object, ...]:
    versions = [(version.version, version.state) for version in key.versions]
    return (
        key.id, key.algorithm, key.custody, key.purpose, key.network, key.allow_digest, key.state,
        key.freeze, key.owner, key.user_id, dict(key.labels), key.primary_version, versions,
    )  # fmt: skip


SHORT = {
    "id": "mm-1",
    "owner": "cn:bot",
    "algorithm": "ALGORITHM_ED25519",
    "purpose": "PURPOSE_ORDER",
}


def test_a_short_key_is_an_enabled_one_with_a_primary_version():
    key = key_of_json(json.dumps(SHORT))
    assert (key.custody, key.state) == (CustodyKind.ENVELOPE, KeyState.ENABLED)
    assert (key.purpose, key.freeze, key.network) == (Purpose.ORDER, Freeze.NONE, "")
    assert key.version(0).state is VersionState.PRIMARY
    graced = key_of_json(
        json.dumps({**SHORT, "primaryVersion": 2, "versions": [{"version": 1, "state": 3}]})
    )
    assert graced.version(0) is None
    assert graced.version(1).state is VersionState.GRACE


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "a key is written in JSON"),
        ("[" * 9000, "a key is written in JSON"),
        ("3", "'int' object is not iterable"),
        ("{}", "owner: Must be set"),
        (json.dumps({**SHORT, "id": "A"}), "id: Must be 1 to 128 characters"),
        (json.dumps({**SHORT, "owner": "bot"}), "owner: Must be a typed identity"),
        (json.dumps({**SHORT, "purpose": 9}), "purpose: Must be one of RAW"),
        (json.dumps({**SHORT, "zebra": 9}), 'no field named "zebra"'),
        (json.dumps({**SHORT, "labels": {"a\n": "b"}}), "labels: A label's name"),
        (json.dumps({**SHORT, "versions": [{}]}), "versions.state: Must be one of PENDING"),
    ],
)
def test_what_is_no_key_is_refused_in_one_line(text, why):
    with pytest.raises(DocumentRefused) as caught:
        key_of_json(text)
    assert why in str(caught.value)
    assert str(caught.value).isprintable()


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([*ORDER, "timestamp", "message", "hash"]), _JSON))
def test_arbitrary_fields_are_a_payload_or_refused(fields):
    for document in ({"order": fields}, {"raw": fields}, fields):
        outcome = _outcome(lambda document=document: payload_of(document, 1))
        assert isinstance(outcome, (OrderIntent, RawMessage)) or outcome.isprintable()


@given(st.dictionaries(st.sampled_from([*SHORT, "labels", "versions", "freeze"]), _JSON))
def test_arbitrary_fields_are_a_key_or_refused(fields):
    outcome = _outcome(lambda: key_of_json(json.dumps({**SHORT, **fields})))
    assert isinstance(outcome, Key) or outcome.isprintable()


def _outcome(reading):
    """Return what was read or why it was refused; anything else that is raised is a bug."""
    try:
        return reading()
    except DocumentRefused as refused:
        return str(refused)
