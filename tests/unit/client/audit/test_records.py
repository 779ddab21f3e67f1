"""Records: one way to write each, and nothing else is read."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from signward.audit.errors import RecordError
from signward.audit.framing import MAX_RECORD
from signward.audit.records import Record, decode_record, encode_record

_TIME = datetime(2026, 1, 31, 23, 59, 59, 1, tzinfo=UTC)
_FULL = Record(
    seq=41, time=_TIME, event="signature", outcome="OK", identity="spiffe://example.org/bot",
    authentication="mtls", peer="ipv4:192.0.2.7:4242", method="/signward.v1.SignService/Sign",
    action="SignOrder", key="desk-1", version=3, decision="allow", policies=("p0", "p1"),
    policy_set="ab12", intent={"sz": 5, "coin": "BTC", "is_buy": True}, digest="0f" * 32,
    request_id="r-1", trace_id="1e" * 16, duration_us=77, count=2, details={"cut": 12}, note="why",
)  # fmt: skip
_BYTES = (
    b'{"seq":41,"time":"2026-01-31T23:59:59.000001Z","event":"signature","outcome":"OK",'
    b'"identity":"spiffe://example.org/bot","authentication":"mtls",'
    b'"peer":"ipv4:192.0.2.7:4242","method":"/signward.v1.SignService/Sign",'
    b'"action":"SignOrder","key":"desk-1","version":3,"decision":"allow",'
    b'"policies":["p0","p1"],"policy_set":"ab12",'
    b'"intent":{"coin":"BTC","is_buy":true,"sz":5},"digest":"' + b"0f" * 32 + b'",'
    b'"request_id":"r-1","trace_id":"' + b"1e" * 16 + b'","duration_us":77,"count":2,'
    b'"details":{"cut":12},"note":"why"}'
)
_LEAST = b'{"seq":0,"time":"2026-01-31T23:59:59.000001Z","event":"started"}'


def test_every_field_has_its_place():
    assert encode_record(_FULL) == _BYTES
    assert encode_record(decode_record(_BYTES)) == _BYTES
    assert decode_record(_BYTES).time == _TIME


def test_what_is_empty_is_left_out():
    assert encode_record(Record(seq=0, time=_TIME, event="started")) == _LEAST
    assert decode_record(_LEAST) == Record(seq=0, time=_TIME, event="started")


def test_times_are_in_utc():
    there = _TIME.astimezone(timezone(timedelta(hours=-7)))
    assert encode_record(replace(_FULL, time=there)) == _BYTES


def test_nothing_that_steers_a_terminal_or_ends_a_line_is_in_it():
    body = encode_record(replace(_FULL, note='"\\\b\t\n\f\r\x00\x1b\x7f\u00e9\u2028\U0001f511'))
    assert body.endswith(
        b'"note":"\\"\\\\\\b\\t\\n\\f\\r\\u0000\\u001b\\u007f\\u00e9\\u2028\\ud83d\\udd11"}'
    )
    assert decode_record(body).note.endswith("\U0001f511")


def test_lone_surrogates_come_through():
    record = replace(_FULL, identity="cn:a\udcff", intent={"\ud800": "\udfff"})
    assert encode_record(decode_record(encode_record(record))) == encode_record(record)


_TEXT = st.text(max_size=12)
_PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**64), 2**64) | _TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=6,
)
_RECORDS = st.builds(
    Record,
    seq=st.integers(0, 2**63 - 1),
    time=st.datetimes(timezones=st.just(UTC)),
    event=st.text(min_size=1, max_size=9),
    identity=st.text(st.characters(), max_size=9),
    version=st.integers(0, 2**32),
    policies=st.lists(_TEXT, max_size=3).map(tuple),
    intent=st.dictionaries(_TEXT, _PLAIN, max_size=3),
    decision=st.sampled_from(["", "allow", "deny", "error"]),
    note=_TEXT,
)


@settings(max_examples=200)
@given(_RECORDS)
def test_what_is_written_is_read(record):
    body = encode_record(record)
    assert body.isascii()
    assert b"\n" not in body
    assert json.loads(body)["seq"] == record.seq
    read = decode_record(body)
    assert encode_record(read) == body
    assert (read.seq, read.time, read.note) == (record.seq, record.time, record.note)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"x", b"[]", b"{}", b'{"seq":0}', _LEAST + b"\n", b" " + _LEAST,
        _LEAST.replace(b":0,", b": 0,"),
        _LEAST.replace(b":0,", b":00,"),
        _LEAST.replace(b":0,", b":-1,"),
        _LEAST.replace(b":0,", b":0.0,"),
        _LEAST.replace(b":0,", b":1e2,"),
        _LEAST.replace(b":0,", b":true,"),
        _LEAST.replace(b":0,", b":9223372036854775808,"),
        _LEAST.replace(b":0,", b":" + b"1" * 5000 + b","),
        _LEAST.replace(b'{"seq"', b'{"seq":0,"seq"'),
        _LEAST.replace(b"started", b"st\\u0061rted"),
        _LEAST.replace(b"started", "st\u00e4rted".encode()),
        _LEAST.replace(b"started", b""),
        _LEAST.replace(b'"started"', b"7"),
        _LEAST.replace(b'"started"', b"null"),
        _LEAST.replace(b"000001Z", b"001Z"),
        _LEAST.replace(b"000001Z", b"000001+00:00"),
        _LEAST.replace(b"2026-01-31", b"2026-02-31"),
        _LEAST.replace(b"23:59:59", b"23:59:60"),
        _LEAST[:-1] + b',"unknown":1}',
        _LEAST[:-1] + b',"outcome":""}',
        _LEAST[:-1] + b',"version":0}',
        _LEAST[:-1] + b',"version":"1"}',
        _LEAST[:-1] + b',"decision":"maybe"}',
        _LEAST[:-1] + b',"policies":[]}',
        _LEAST[:-1] + b',"policies":[1]}',
        _LEAST[:-1] + b',"policies":"p"}',
        _LEAST[:-1] + b',"intent":{}}',
        _LEAST[:-1] + b',"intent":[1]}',
        _LEAST[:-1] + b',"intent":{"b":1,"a":2}}',
        _LEAST[:-1] + b',"intent":{"a":1.5}}',
        _LEAST[:-1] + b',"intent":{"a":NaN}}',
        _LEAST[:-1] + b',"intent":{"a":Infinity}}',
        _LEAST[:-1] + b',"intent":' + b'{"a":' * 20 + b"1" + b"}" * 20 + b"}",
        _LEAST[:-1] + b',"intent":{"a":' + b"[" * 20 + b"]" * 20 + b"}}",
        _LEAST[:-1] + b',"intent":' + b"[" * 8000 + b"}",
        _LEAST[:-1] + b',"digest":"' + b"0F" * 32 + b'"}',
        _LEAST[:-1] + b',"digest":"00"}',
        _LEAST[:-1] + b',"trace_id":"' + b"0" * 31 + b'"}',
        _LEAST.replace(b"{", b'{"event":"started",').replace(b',"event":"started"}', b"}"),
    ],
)  # fmt: skip
def test_whatever_is_not_canonical_is_refused(body):
    with pytest.raises(RecordError):
        decode_record(body)


def test_a_record_has_its_bounds():
    room = MAX_RECORD - len(encode_record(replace(_FULL, note="")) + b',"note":""')
    assert len(encode_record(replace(_FULL, note="x" * room))) == MAX_RECORD
    with pytest.raises(RecordError, match="too long"):
        encode_record(replace(_FULL, note="x" * (room + 1)))


@pytest.mark.parametrize(
    "change",
    [{"seq": -1}, {"version": -1}, {"event": ""}, {"time": _TIME.replace(tzinfo=None)},
     {"decision": "no"}, {"digest": "x"}, {"intent": {1: 2}}, {"intent": {"a": b"x"}},
     {"intent": {"a": 1.0}}, {"policies": ["a"]}],
)  # fmt: skip
def test_values_that_cannot_be_are_refused(change):
    with pytest.raises(RecordError, match=next(iter(change))):
        encode_record(replace(_FULL, **change))
