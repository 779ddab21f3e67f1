"""Audit logs: what a stranger's folder, checkpoint file or proof may hold."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from signward.audit.checkpoints import parse_checkpoint, split_checkpoints, verify_checkpoint
from signward.audit.cosignatures import verify_cosignature
from signward.audit.errors import AuditError, NoteError, RecordError, SegmentError
from signward.audit.folder import list_folder
from signward.audit.framing import encode_frame, frames
from signward.audit.notes import parse_note
from signward.audit.proof_files import InclusionProof, encode_proof, parse_proof
from signward.audit.proving import find_checkpoint, prove_consistency, prove_inclusion
from signward.audit.reading import read_body
from signward.audit.records import decode_record, encode_record
from signward.audit.segments import encode_header, read_header, segment_name
from signward.audit.verifier_keys import KeyType, parse_verifier_key
from signward.audit.verifying import verify_log

from tests.fakes.audit_log import KeyPair, LogWriter, cosigned, record
from tests.fuzz.target import Target

__all__ = ["TARGETS"]

_WITNESS = KeyPair("w", KeyType.COSIGNATURE)


def note(data: bytes) -> None:
    """Read a signed note: what is read is written again with the same bytes."""
    try:
        found = parse_note(data)
    except NoteError:
        return
    assert bytes(found) == data


def vkey(data: bytes) -> None:
    """Read a verifier key."""
    text = data.decode("utf-8", "surrogateescape")
    try:
        key = parse_verifier_key(text)
    except NoteError:
        return
    assert str(key) == text.strip()


def checkpoint(data: bytes) -> None:
    """Read a checkpoint: nothing that its owner did not sign counts."""
    try:
        found = parse_checkpoint(data)
    except NoteError:
        return
    assert bytes(found.note) == data
    for verify, pair in ((verify_checkpoint, _LOG.pair), (verify_cosignature, _WITNESS)):
        try:
            verify(found, pair.verifier)
        except AuditError:
            continue
        assert found.note.text in _SIGNED


def checkpoints(data: bytes) -> None:
    """Split a file of checkpoints: every byte but the empty lines is in one of them."""
    end = 0
    for offset, found in split_checkpoints(data):
        assert data[end:offset] in (b"", b"\n")
        assert data[offset : offset + len(found)] == found
        assert found
        end = offset + len(found)
    assert data[end:] in (b"", b"\n")


def segment(data: bytes) -> None:
    """Read a segment: what is read is written again with the same bytes."""
    try:
        header, start = read_header(data, "x.log")
    except SegmentError:
        return
    assert encode_frame(encode_header(header)) == data[:start]
    end, broken = start, len(data)
    try:
        for after, body in frames(data, start, len(data), "x.log", header.first):
            assert encode_frame(body) == data[end:after]
            end = after
    except SegmentError as error:
        broken = error.offset
    assert broken == end


def audit_record(data: bytes) -> None:
    """Read a record: what is read is written again with the same bytes."""
    try:
        found = decode_record(data)
    except RecordError:
        return
    assert encode_record(found) == data


def proof(data: bytes) -> None:
    """Read a proof and check it: what holds is what was signed."""
    try:
        found = parse_proof(data)
        found.check(_LOG.key)
    except AuditError:
        return
    assert parse_proof(encode_proof(found).encode()) == found
    if isinstance(found, InclusionProof):
        assert found.record == read_body(_LISTED, found.sequence)


def log(data: bytes) -> None:
    """Verify a log of one segment that is not the one that was signed."""
    if data == _SEGMENT:
        return
    _PLACE.joinpath(segment_name(0)).write_bytes(data)
    report = verify_log(_PLACE, _LOG.key)
    assert report.findings
    assert report.intact is False or data.startswith(_SEGMENT)


# One log for all targets, made when this is loaded; the folder goes with the process.
_FOLDER = TemporaryDirectory(prefix="signward-fuzz-audit-")
_PLACE = Path(_FOLDER.name) / "log"
_LOG = LogWriter(_PLACE, "a")
_LOG.add(2)
_OLD = _LOG.checkpoint()
_LOG.add(1, outcome="POLICY_DENIED", intent={"coin": "BTC", "sz": 5})
_NOTE = cosigned(_LOG.checkpoint(), _WITNESS)
_SIGNED = {parse_checkpoint(each).note.text for each in (_OLD, _NOTE)}
_KEPT = Path(shutil.copytree(_PLACE, _PLACE.with_name("kept")))
_SEGMENT = _PLACE.joinpath(segment_name(0)).read_bytes()
_LISTED = list_folder(_KEPT)
_PROOFS = (
    prove_inclusion(_LISTED, 1),
    prove_consistency(_LISTED, find_checkpoint(_LISTED, 2)),
)

TARGETS: Final = {
    "note": Target(note, (_NOTE, _OLD, b"a\n\nb\n\n\xe2\x80\x94 a AAAAAAA=\n", b"")),
    "vkey": Target(vkey, (str(_LOG.key).encode(), str(_WITNESS.verifier).encode(), b"a+b+c")),
    "checkpoint": Target(checkpoint, (_NOTE, _OLD)),
    "checkpoints": Target(checkpoints, (_OLD + b"\n" + _NOTE + b"\n", _NOTE, b"\n\n\n\n")),
    "segment": Target(segment, (_SEGMENT, encode_frame(b"{}"))),
    "audit_record": Target(
        audit_record,
        (
            encode_record(record(0)),
            encode_record(record(9, intent={"a": [1, {"b": None}]}, policies=("p",), note="\n")),
        ),
    ),
    "proof": Target(proof, tuple(encode_proof(each).encode() for each in _PROOFS)),
    "log": Target(log, (_SEGMENT, _SEGMENT[:-9], _SEGMENT + encode_frame(b"{}"))),
}
