"""Signed notes and vkeys, from friends and from others."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from signward.audit.errors import NoteError, SignatureError
from signward.audit.notes import MAX_NOTE, MAX_SIGNATURES, Note, NoteSignature, parse_note
from signward.audit.verifier_keys import KeyType, VerifierKey, parse_verifier_key

from tests.fakes.audit_log import KeyPair

# The example of golang.org/x/mod/sumdb/note.
_VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
_TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
_NOTE = (
    f"{_TEXT}\n\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZ"
    "SNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
).encode()
# The example of c2sp.org/signed-note, whose text contains an empty line.
_POEM = (
    "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\n"
    "ed \u00e8 subito sera.\n"
)
_POEM_NOTE = (
    f"{_POEM}\n\u2014 quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfL"
    "W9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n"
).encode()


def test_the_note_of_the_go_library_verifies():
    key = parse_verifier_key(_VKEY + "\n")
    assert str(key) == _VKEY
    assert (key.name, key.type, key.key_id.hex()) == ("PeterNeumann", KeyType.ED25519, "c74f20a3")
    note = parse_note(_NOTE)
    assert note.text == _TEXT
    (value,) = key.signatures_on(note)
    key.require(value, note.text.encode())
    with pytest.raises(SignatureError, match="not one of PeterNeumann"):
        key.require(value, note.text.encode() + b"x")


def test_the_last_empty_line_ends_the_text():
    note = parse_note(_POEM_NOTE)
    assert note.text == _POEM
    assert bytes(note) == _POEM_NOTE


def test_signatures_of_others_are_kept_and_do_not_matter():
    log, other = KeyPair("log"), KeyPair("other")
    note = Note("text\n", ()).signed([log.verifier.signature(log.sign(b"text\n"))])
    more = note.signed([other.verifier.signature(bytes(64)), NoteSignature("x", b"idid", b"z")])
    read = parse_note(bytes(more))
    assert read == more
    assert [signature.name for signature in read.signatures] == ["log", "other", "x"]
    assert log.verifier.signatures_on(read) == log.verifier.signatures_on(note)


def test_a_key_of_the_same_name_is_another_key():
    log = KeyPair("log")
    twin = VerifierKey("log", KeyType.ED25519, bytes(32))
    note = Note("text\n", (twin.signature(bytes(64)),))
    with pytest.raises(SignatureError, match="not signed by"):
        log.verifier.signatures_on(note)


def test_every_signature_of_a_key_is_looked_at():
    log = KeyPair("log")
    good, bad = log.verifier.signature(log.sign(b"text\n")), log.verifier.signature(bytes(64))
    note = parse_note(bytes(Note("text\n", (good, bad, good))))
    assert len(log.verifier.signatures_on(note)) == 3


_LINE = "\u2014 log " + base64.b64encode(bytes(68)).decode()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "no signatures"),
        ("text\n", "no signatures"),
        ("text\n\n", "no signatures"),
        (f"text\n\n{_LINE}", "no signatures"),
        (f"text\n{_LINE}\n", "no signatures"),
        (f"text\r\n\r\n{_LINE}\r\n", "control character"),
        (f"te\0xt\n\n{_LINE}\n", "control character"),
        (f"te\txt\n\n{_LINE}\n", "control character"),
        (f"text\n\n{_LINE}\n\n", "no signatures"),
        (f"text\n\n{_LINE}\nmore\n", "malformed signature line"),
        (f"text\n\n- log {'A' * 92}\n", "malformed signature line"),
        (f"text\n\n\u2014  {'A' * 92}\n", "malformed signature line"),
        (f"text\n\n\u2014 a+b {'A' * 92}\n", "malformed signature line"),
        (f"text\n\n\u2014 a\u2003b {'A' * 92}\n", "malformed signature line"),
        ("text\n\n\u2014 log\n", "malformed signature line"),
        ("text\n\n\u2014 log \n", "too short"),
        ("text\n\n\u2014 log AAAA\n", "too short"),
        ("text\n\n\u2014 log AAAAAA==\n", "too short"),
        ("text\n\n\u2014 log AAAAAAA\n", "not base64"),
        ("text\n\n\u2014 log AAAAAAB=\n", "not the canonical"),
        ("text\n\n\u2014 log AAAA AAA=\n", "not base64"),
        ("text\n\n\u2014 log _-_-AAA=\n", "not base64"),
        ("text\n\n" + f"{_LINE}\n" * (MAX_SIGNATURES + 1), "too many"),
        ("x" * MAX_NOTE + f"\n\n{_LINE}\n", "too long"),
    ],
)  # fmt: skip
def test_whatever_is_not_a_note_is_refused(content, why):
    with pytest.raises(NoteError, match=why):
        parse_note(content.encode())


def test_bytes_that_are_no_text_are_refused():
    with pytest.raises(NoteError, match="not UTF-8"):
        parse_note(b"te\xffxt\n\n" + _LINE.encode() + b"\n")


def test_as_many_signatures_as_are_allowed_are_read():
    note = parse_note(f"text\n\n{(_LINE + chr(10)) * MAX_SIGNATURES}".encode())
    assert len(note.signatures) == MAX_SIGNATURES


@settings(max_examples=300)
@given(st.binary(max_size=80))
def test_what_is_read_is_written_again(middle):
    content = b"text\n\n\xe2\x80\x94 log " + middle + b"\n"
    try:
        note = parse_note(content)
    except NoteError:
        return
    assert bytes(note) == content


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "NAME\\+HASH\\+KEY"),
        ("PeterNeumann", "NAME\\+HASH\\+KEY"),
        ("PeterNeumann+C74F20A3+AAAA", "8 hex digits"),
        (_VKEY.replace("c74f20a3", "c74f20a4"), "hash"),
        (_VKEY.replace("Peter", "Paul"), "hash"),
        (_VKEY[:-1], "malformed"),
        (_VKEY[:-1] + "X", "malformed|hash"),
        ("a+00000000+", "malformed"),
        ("a+00000000+" + base64.b64encode(b"\x01" + bytes(31)).decode(), "32 bytes"),
        ("a+00000000+" + base64.b64encode(b"\x02" + bytes(32)).decode(), "unknown type"),
        ("a b" + _VKEY[12:], "space"),
        ("+c74f20a3" + _VKEY[21:], "empty"),
        ("a\udcff+c74f20a3" + _VKEY[21:], "name"),
        ("a" * 2000 + _VKEY, "too long"),
    ],
)
def test_whatever_is_not_a_key_is_refused(text, why):
    with pytest.raises(NoteError, match=why):
        parse_verifier_key(text)


def test_types_of_keys_have_ids_of_their_own():
    one, two = (VerifierKey("w", kind, bytes(32)) for kind in KeyType)
    assert one.key_id != two.key_id
    for key in (one, two):
        assert parse_verifier_key(str(key)) == key
