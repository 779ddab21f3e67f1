"""Checkpoints and cosignatures: the examples of their specifications, and forgeries."""

from __future__ import annotations

from dataclasses import replace

import pytest
from signward.audit.checkpoints import (
    checkpoint_text,
    parse_checkpoint,
    sign_checkpoint,
    split_checkpoints,
    verify_checkpoint,
)
from signward.audit.cosignatures import cosign, cosigned_message, verify_cosignature
from signward.audit.errors import NoteError, SignatureError
from signward.audit.notes import Note
from signward.audit.verifier_keys import KeyType, VerifierKey

from tests.fakes.audit_log import KeyPair

# The example of c2sp.org/tlog-cosignature.
_EXAMPLE = (
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "\u2014 example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5"
    "/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    "\u2014 witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJs"
    "X3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
).encode()
_LOG, _THIEF = KeyPair("example.org/log"), KeyPair("thief")
_WITNESS = KeyPair("witness.example.org", KeyType.COSIGNATURE)
_NOTE = sign_checkpoint(_LOG.verifier, _LOG.sign, 7, b"r" * 32)


def test_the_example_of_the_specification_is_read():
    checkpoint = parse_checkpoint(_EXAMPLE)
    assert checkpoint.origin == "example.com/behind-the-sofa"
    assert checkpoint.size == 20852163
    assert checkpoint.root.hex().startswith("0ac5186a91863e8e")
    assert bytes(checkpoint.note) == _EXAMPLE
    witness = checkpoint.note.signatures[1]
    assert int.from_bytes(witness.value[:8], "big") == 1679315147
    assert cosigned_message(1679315147, checkpoint.note.text) == (
        b"cosignature/v1\ntime 1679315147\nexample.com/behind-the-sofa\n20852163\n"
        b"CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    )


def test_what_is_signed_verifies():
    checkpoint = parse_checkpoint(_NOTE)
    verify_checkpoint(checkpoint, _LOG.verifier)
    assert (checkpoint.origin, checkpoint.size) == ("example.org/log", 7)
    assert checkpoint.root == b"r" * 32


def test_extension_lines_are_signed_with_the_rest():
    text = checkpoint_text("example.org/log", 7, bytes(32)) + "more\n"
    note = Note(text, (_LOG.verifier.signature(_LOG.sign(text.encode())),))
    checkpoint = parse_checkpoint(bytes(note))
    verify_checkpoint(checkpoint, _LOG.verifier)
    other = parse_checkpoint(bytes(note).replace(b"more", b"else"))
    with pytest.raises(SignatureError):
        verify_checkpoint(other, _LOG.verifier)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (b"\n7\n", b"\n07\n", "size"),
        (b"\n7\n", b"\n-7\n", "size"),
        (b"\n7\n", b"\n+7\n", "size"),
        (b"\n7\n", b"\n7 \n", "size"),
        (b"\n7\n", b"\n9223372036854775808\n", "size"),
        (b"\n7\n", b"\n99999999999999999999999999\n", "size"),
        (b"\n7\n", "\n\u0667\n".encode(), "size"),
        (b"\n7\n", b"\n", "three lines"),
        (b"cnI=", b"cnJ=", "canonical"),
        (b"cnI=", b"", "32 bytes|base64"),
        (b"example.org/log\n", b"\n", "none of them empty"),
        (b"example.org/log\n", b"example.org log\n", "origin"),
        (b"cnI=\n", b"cnI=\n\n\n", "none of them empty"),
    ],
)
def test_whatever_is_not_a_checkpoint_is_refused(old, new, why):
    assert old in _NOTE
    changed = _NOTE.replace(old, new, 1)
    with pytest.raises(NoteError, match=why):
        parse_checkpoint(changed)


def test_a_checkpoint_has_three_lines():
    text = "example.org/log\n7\n"
    note = Note(text, (_LOG.verifier.signature(_LOG.sign(text.encode())),))
    with pytest.raises(NoteError, match="three lines"):
        parse_checkpoint(bytes(note))


def test_forged_checkpoints_do_not_verify():
    checkpoint = parse_checkpoint(_NOTE)
    for forged, why in (
        (sign_checkpoint(_LOG.verifier, _THIEF.sign, 7, b"r" * 32), "not one of"),
        (sign_checkpoint(_THIEF.verifier, _THIEF.sign, 7, b"r" * 32), "another log"),
        (_NOTE.replace(b"\n7\n", b"\n8\n"), "not one of"),
    ):
        with pytest.raises(SignatureError, match=why):
            verify_checkpoint(parse_checkpoint(forged), _LOG.verifier)
    twin = replace(_THIEF.verifier, name=_LOG.verifier.name)
    with pytest.raises(SignatureError, match="not signed by"):
        verify_checkpoint(checkpoint, twin)
    with pytest.raises(SignatureError, match="of a witness"):
        verify_checkpoint(checkpoint, _WITNESS.verifier)


def test_a_second_signature_of_the_log_has_to_verify_too():
    note = parse_checkpoint(_NOTE).note
    both = note.signed([_LOG.verifier.signature(bytes(64))])
    with pytest.raises(SignatureError, match="not one of"):
        verify_checkpoint(parse_checkpoint(bytes(both)), _LOG.verifier)


def test_a_witness_cosigns():
    note = cosign(parse_checkpoint(_NOTE), _WITNESS.verifier, _WITNESS.sign, 1_800_000_000)
    assert note.startswith(_NOTE)
    checkpoint = parse_checkpoint(note)
    assert verify_cosignature(checkpoint, _WITNESS.verifier) == 1_800_000_000
    verify_checkpoint(checkpoint, _LOG.verifier)
    again = cosign(checkpoint, _WITNESS.verifier, _WITNESS.sign, 1_800_000_060)
    assert verify_cosignature(parse_checkpoint(again), _WITNESS.verifier) == 1_800_000_060


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (bytes(72), "not one of"),
        (bytes(71), "malformed"),
        (bytes(73), "malformed"),
        (b"\xff" * 72, "malformed"),
    ],
)
def test_forged_cosignatures_do_not_verify(value, why):
    note = parse_checkpoint(_NOTE).note.signed([_WITNESS.verifier.signature(value)])
    with pytest.raises(SignatureError, match=why):
        verify_cosignature(parse_checkpoint(bytes(note)), _WITNESS.verifier)


def test_a_cosignature_is_of_its_time_text_and_key():
    note = cosign(parse_checkpoint(_NOTE), _WITNESS.verifier, _WITNESS.sign, 1_800_000_000)
    signature = parse_checkpoint(note).note.signatures[-1]
    later = replace(signature, value=(1_800_000_001).to_bytes(8, "big") + signature.value[8:])
    other = sign_checkpoint(_LOG.verifier, _LOG.sign, 8, b"r" * 32)
    for base, line in ((_NOTE, later), (other, signature)):
        moved = parse_checkpoint(base).note.signed([line])
        with pytest.raises(SignatureError, match="not one of"):
            verify_cosignature(parse_checkpoint(bytes(moved)), _WITNESS.verifier)
    with pytest.raises(SignatureError, match="not signed by"):
        verify_cosignature(parse_checkpoint(_NOTE), _WITNESS.verifier)
    with pytest.raises(SignatureError, match="of a log"):
        verify_cosignature(parse_checkpoint(note), _LOG.verifier)


def test_a_weak_key_verifies_nothing():
    """The identity point would verify anything in a library that does not look."""
    weak = VerifierKey("example.org/log", KeyType.ED25519, b"\x01" + bytes(31))
    forged = sign_checkpoint(weak, lambda _: b"\x02" + bytes(63), 7, bytes(32))
    with pytest.raises(SignatureError):
        verify_checkpoint(parse_checkpoint(forged), weak)


def test_files_of_checkpoints_are_split():
    two = sign_checkpoint(_LOG.verifier, _LOG.sign, 9, b"s" * 32)
    content = _NOTE + b"\n" + two + b"\n"
    assert list(split_checkpoints(content)) == [(0, _NOTE), (len(_NOTE) + 1, two)]
    assert list(split_checkpoints(_NOTE)) == [(0, _NOTE)]
    assert list(split_checkpoints(b"")) == []
    torn = content[:-40]
    assert [note for _, note in split_checkpoints(torn)] == [_NOTE, two[:-39]]
    mixed = b"x\n\n" + content
    assert [note for _, note in split_checkpoints(mixed)] == [b"x\n", _NOTE, two]
