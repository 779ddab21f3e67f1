"""A log as the daemon writes it, made quickly and without a daemon."""

from __future__ import annotations

import hashlib
from copy import copy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from signward.audit.checkpoints import parse_checkpoint, sign_checkpoint
from signward.audit.cosignatures import cosign
from signward.audit.framing import encode_frame
from signward.audit.merkle import CompactRange, leaf_hash
from signward.audit.records import Record, encode_record
from signward.audit.segments import (
    Header,
    Previous,
    checkpoints_name,
    encode_header,
    segment_name,
)
from signward.audit.verifier_keys import KeyType, VerifierKey

__all__ = ["START", "KeyPair", "LogWriter", "cosigned", "record"]

START = datetime(2026, 3, 1, tzinfo=UTC)


class KeyPair:
    """A log's key, or a witness's."""

    def under(self, name: str) -> KeyPair:
        """Return the same key under another name."""
        pair = copy(self)
        pair.verifier = replace(self.verifier, name=name)
        return pair

    def __init__(self, name: str, kind: KeyType = KeyType.ED25519) -> None:
        seed = hashlib.sha256(f"{name} {kind}".encode()).digest()
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self.verifier = VerifierKey(name, kind, self._private.public_key().public_bytes_raw())

    def sign(self, message: bytes) -> bytes:
        return self._private.sign(message)


def cosigned(note: bytes, witness: KeyPair, time: int = 1_800_000_000) -> bytes:
    return cosign(parse_checkpoint(note), witness.verifier, witness.sign, time)


def record(seq: int, **fields: object) -> Record:
    """Return a record like many others."""
    given = {
        "time": START + timedelta(milliseconds=seq),
        "event": "signature",
        "outcome": "OK",
        "identity": "spiffe://example.org/ns/bot",
        "key": f"key-{seq % 3}",
        "version": 1,
    }
    return Record(seq=seq, **(given | fields))  # type: ignore[arg-type]


class LogWriter:
    """Writes a log; the folder is complete after each call."""

    def __init__(
        self,
        folder: Path,
        origin: str = "signward/0123456789abcdef",
        pair: KeyPair | None = None,
    ) -> None:
        self.folder = folder
        self.pair = pair.under(origin) if pair else KeyPair(origin)
        self.tree = CompactRange()
        self.note = b""
        folder.mkdir(exist_ok=True)
        self._begin(None, "")

    @property
    def key(self) -> VerifierKey:
        return self.pair.verifier

    def _begin(self, previous: Previous | None, note: str) -> None:
        size = self.tree.size
        self._first = size
        header = Header(self.key.name, size, self.tree.nodes, previous, note)
        self._segment = self.folder / segment_name(size)
        self._segment.write_bytes(encode_frame(encode_header(header)))
        (self.folder / checkpoints_name(size)).touch()

    def add(self, count: int = 1, **fields: object) -> None:
        size = self.tree.size
        self.add_bodies([encode_record(record(size + n, **fields)) for n in range(count)])

    def add_bodies(self, bodies: list[bytes]) -> None:
        with self._segment.open("ab") as segment, (self.folder / "hashes").open("ab") as hashes:
            segment.write(b"".join(map(encode_frame, bodies)))
            hashes.write(b"".join(self.tree.extend(map(leaf_hash, bodies))))

    def checkpoint(self) -> bytes:
        """Sign what there is; return the note."""
        self.note = self._sign()
        with (self.folder / checkpoints_name(self._first)).open("ab") as file:
            file.write(self.note + b"\n")
        return self.note

    def _sign(self) -> bytes:
        return sign_checkpoint(self.key, self.pair.sign, self.tree.size, self.tree.root())

    def rotate(self, *, signed: bool = True, discarded: bytes = b"") -> None:
        """Go on in a new segment, perhaps after a failed write that left something behind."""
        end = self._segment.stat().st_size
        with self._segment.open("ab") as segment:
            segment.write(discarded)
        note = self._sign().decode() if signed else ""
        self._begin(Previous(self._first, end), note)
