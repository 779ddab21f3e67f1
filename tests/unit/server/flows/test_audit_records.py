from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from signward.audit.records import Record, encode_record
from signward_server.core.errors import Internal, SignwardError
from signward_server.flows.audit_records import AuditFilter, AuditRecord, Sieve

TIME = datetime(2026, 1, 31, 23, 59, 59, 1, tzinfo=UTC)
FIELDS = {
    "outcome": "KEY_FROZEN",
    "identity": "cn:bot",
    "method": "/signward.v1.SignService/Sign",
    "action": "SignOrder",
    "key": "mm-1",
    "version": 3,
}


def _body(seq: int = 7, **fields: object) -> bytes:
    return encode_record(Record(**({"seq": seq, "time": TIME, "event": "signature"} | fields)))  # type: ignore[arg-type]


def _wanted(body: bytes, **wanted: object) -> bool:
    return Sieve(AuditFilter(**wanted)).pick(body, 7) is not None  # type: ignore[arg-type]


def test_a_record_is_read_from_what_is_hashed() -> None:
    body = _body(**FIELDS)
    record = AuditRecord.read(body, 7)
    assert record.body is body
    assert (record.sequence, record.time, record.event) == (7, TIME, "signature")
    assert {name: getattr(record, name) for name in FIELDS} == FIELDS


def test_what_a_record_has_not_is_empty() -> None:
    record = AuditRecord.read(_body(), 7)
    assert {getattr(record, name) for name in FIELDS} == {"", 0}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"[]",
        b"1",
        b'{"seq":7}',
        b'{"seq":7,"time":1,"event":"x"}',
        b'{"seq":7,"time":"yesterday","event":"x"}',
        b"[" * 16_000,
        _body(seq=8),
    ],
)
def test_what_is_no_record_is_our_fault_and_is_said_to_be(body: bytes) -> None:
    with pytest.raises(Internal):
        AuditRecord.read(body, 7)


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_else(body: bytes) -> None:
    with pytest.raises(SignwardError):
        AuditRecord.read(body, 7)


@pytest.mark.parametrize("name", ["identity", "key", "outcome", "event"])
def test_a_filter_wants_exactly_what_it_names(name: str) -> None:
    body = _body(**FIELDS)
    found = json.loads(body)[name]
    assert _wanted(body, **{name: found})
    assert not _wanted(body, **{name: found + "x"})
    assert not _wanted(body, **{name: found[:-1]})
    if name != "event":
        assert not _wanted(_body(), **{name: found})


def test_what_is_named_in_another_place_is_not_meant() -> None:
    body = _body(intent={"key": "mm-2", "identity": "cn:x"}, key="mm-1", note='"key":"mm-3"')
    assert _wanted(body, key="mm-1")
    assert not _wanted(body, key="mm-2")
    assert not _wanted(body, key="mm-3")
    assert not _wanted(body, identity="cn:x")


def test_characters_that_json_escapes_are_found() -> None:
    assert _wanted(_body(identity='cn:"ü\\'), identity='cn:"ü\\')


def test_times_are_from_and_before() -> None:
    step, body = timedelta(microseconds=1), _body()
    assert _wanted(body, since=TIME, until=TIME + step)
    assert not _wanted(body, since=TIME + step)
    assert not _wanted(body, until=TIME)


def test_everything_that_is_set_has_to_fit() -> None:
    body = _body(**FIELDS)
    assert _wanted(body, key="mm-1", identity="cn:bot", since=TIME)
    assert not _wanted(body, key="mm-1", identity="cn:other")
    assert not _wanted(body, key="mm-1", until=TIME)


def test_a_filter_in_words() -> None:
    assert str(AuditFilter()) == ""
    wanted = AuditFilter(identity="cn:bot", event="failure", since=TIME)
    assert str(wanted) == "identity=cn:bot event=failure since=2026-01-31T23:59:59.000001+00:00"


@given(st.text(max_size=20), st.text(max_size=20))
def test_the_quick_look_never_loses_a_record(identity: str, key: str) -> None:
    body = _body(identity=identity, key=key)
    assert _wanted(body, identity=identity, key=key)
