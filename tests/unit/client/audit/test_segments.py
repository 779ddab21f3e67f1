"""Frames and headers, whole and broken."""

from __future__ import annotations

import struct
import zlib
from dataclasses import replace

import pytest
from signward.audit.errors import SegmentError
from signward.audit.framing import MAX_RECORD, encode_frame, frame_at, frames
from signward.audit.segments import (
    Header,
    Previous,
    checkpoints_name,
    encode_header,
    first_of_name,
    parse_header,
    read_header,
    segment_name,
)

_HEADER = Header("signward/a", 5, (bytes(32), b"\xff" * 32), Previous(2, 1234), "note \u2014\n")
_BODY = (
    b'{"format":"signward-audit/1","log":"signward/a","first":5,"frontier":["' + b"00" * 32
    + b'","' + b"ff" * 32 + b'"],"previous":{"first":2,"end":1234},'
    b'"checkpoint":"note \\u2014\\n"}'
)  # fmt: skip


def test_a_header_has_one_form():
    assert encode_header(_HEADER) == _BODY
    assert parse_header(_BODY) == _HEADER
    first = Header("signward/a", 0, (), None, "")
    assert encode_header(first) == (
        b'{"format":"signward-audit/1","log":"signward/a","first":0,"frontier":[],'
        b'"previous":null,"checkpoint":""}'
    )
    assert parse_header(encode_header(first)) == first


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"audit/1", b"audit/2"), (b'"first":5', b'"first":05'), (b'"first":5', b'"first":5.0'),
        (b'"first":5', b'"first":-5'), (b'"first":5', b'"first":"5"'), (b'"first":5', b'"first":7'),
        (b'"first":5', b'"first":true'), (b'"first":5', b'"first":99999999999999999999'),
        (b'"log":"signward/a"', b'"log":1'), (b'"log"', b'"Log"'), (b'"ff', b'"FF'),
        (b'"ff', b'"f'),
        (b'"log":"signward/a",', b""), (b'["', b'"'), (b'"end":1234', b'"end":null'), (b"{", b"{ "),
        (b'"end":1234', b'"end":1234,"more":1'), (b'"previous":{', b'"previous":[{'),
        (b'{"first":2,"end":1234}', b"[]"), (b'"}', b'","more":1}'), (_BODY, b"[]"), (_BODY, b"{"),
        (_BODY, b"[" * 9000), (_BODY, b"\xff"), (b"\\u2014", "\u2014".encode()),
        (_BODY, _BODY + b" "),
    ],
)  # fmt: skip
def test_whatever_is_not_a_header_is_refused(old, new):
    assert old in _BODY
    body = _BODY.replace(old, new, 1)
    with pytest.raises(ValueError, match=r"."):
        parse_header(body)
    with pytest.raises(SegmentError) as caught:
        read_header(encode_frame(body), "x.log")
    assert (caught.value.kind, caught.value.offset, caught.value.sequence) == ("header", 0, None)


def test_frames_are_read_to_the_end():
    bodies = [b"a", b"bb" * 100, b"c" * MAX_RECORD]
    data = b"head" + b"".join(map(encode_frame, bodies))
    found = list(frames(data, 4, len(data), "x.log", 7))
    assert [body for _, body in found] == bodies
    assert [end for end, _ in found] == [13, 221, len(data)]
    assert list(frames(data, 4, 13, "x.log", 7)) == [(13, b"a")]
    assert list(frames(data, 4, 4, "x.log", 7)) == []
    assert encode_frame(b"a") == struct.pack(">II", 1, zlib.crc32(b"a")) + b"a"


@pytest.mark.parametrize(
    ("second", "kind"),
    [
        (encode_frame(b"bb")[:-1], "torn"),
        (encode_frame(b"bb")[:8], "torn"),
        (encode_frame(b"bb")[:7], "torn"),
        (b"\0", "torn"),
        (encode_frame(b"bb")[:-1] + b"x", "checksum"),
        (struct.pack(">II", 0, 0), "length"),
        (struct.pack(">II", MAX_RECORD + 1, 0) + bytes(MAX_RECORD + 1), "length"),
        (struct.pack(">II", 2**32 - 1, 0), "length"),
        (bytes(100), "length"),
    ],
)
def test_what_is_broken_is_named_after_what_is_good(second, kind):
    data = encode_frame(b"a") + second
    reading = frames(data, 0, len(data), "x.log", 7)
    assert next(reading) == (9, b"a")
    with pytest.raises(SegmentError) as caught:
        next(reading)
    error = caught.value
    assert (error.kind, error.file, error.offset, error.sequence) == (kind, "x.log", 9, 8)
    assert str(error).startswith("x.log, byte 9, record 8: ")


def test_a_frame_may_not_go_over_the_stop():
    data = encode_frame(b"abc") * 2
    for stop in (12, 18, 19, 21):
        reading = frames(data, 0, stop, "x.log", 0)
        next(reading)
        with pytest.raises(SegmentError, match="cut off"):
            next(reading)
    assert frame_at(data, 11, 22, "x.log", 1) == b"abc"


def test_names_are_numbers():
    assert segment_name(7) == "00000000000000000007.log"
    assert checkpoints_name(7) == "00000000000000000007.checkpoints"
    assert first_of_name(segment_name(123)) == first_of_name(checkpoints_name(123)) == 123
    for name in ("7.log", "0000000000000000000x.log", segment_name(7) + "x", "hashes", ".log",
                 "\u0660" * 20 + ".log"):  # fmt: skip
        assert first_of_name(name) is None


def test_a_header_is_a_frame_like_others():
    data = encode_frame(_BODY) + encode_frame(b"a")
    assert read_header(data, "x.log") == (_HEADER, 8 + len(_BODY))
    with pytest.raises(SegmentError, match="header: the frame is cut off"):
        read_header(data[:20], "x.log")
    short = encode_header(replace(_HEADER, frontier=(bytes(32),)))
    with pytest.raises(SegmentError, match="not that of a tree"):
        read_header(encode_frame(short), "x.log")
