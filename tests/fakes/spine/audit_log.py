"""An audit log in memory, with a real tree and real signatures."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from signward.audit.checkpoints import sign_checkpoint
from signward.audit.merkle import CompactRange, leaf_hash
from signward.audit.proofs import consistency_proof, inclusion_proof
from signward.audit.records import Record, encode_record
from signward.audit.stored import Nodes

from tests.fakes.audit_log import KeyPair

__all__ = ["ORIGIN", "FakeAuditLog", "FakeAuditLogs"]

ORIGIN = "signward/0123456789abcdef"
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


class FakeAuditLog:
    """Implements ``core.ports.AuditLog``; a test appends what it wants to be read.

    Attributes:
        bodies: All records, those that are not kept any more included.
        first: Sequence of the oldest record that is kept.
        failing: Whether no checkpoint can be signed.
        reads: How many records each read asked for.
    """

    def __init__(self, origin: str = ORIGIN) -> None:
        self.pair = KeyPair(origin)
        self.key = self.pair.verifier
        self.name = origin
        self.bodies: list[bytes] = []
        self.first = 0
        self.failing = False
        self.reads: list[int] = []
        self._grown = threading.Condition()

    @property
    def verifier_key(self) -> str:
        return str(self.key)

    @property
    def size(self) -> int:
        return len(self.bodies)

    def append(self, event: str = "signature", **fields: object) -> int:
        """Append a record, dated a second after the one before; return its number."""
        number = len(self.bodies)
        given: dict[str, object] = {"time": EPOCH + timedelta(seconds=number)} | fields
        return self.append_body(encode_record(Record(seq=number, event=event, **given)))  # type: ignore[arg-type]

    def append_body(self, body: bytes) -> int:
        """Append bytes, whatever they are."""
        with self._grown:
            self.bodies.append(body)
            self._grown.notify_all()
            return len(self.bodies) - 1

    def root(self, size: int) -> bytes:
        """Return the root of the tree over the first records."""
        return _root(self.bodies[:size])

    def checkpoint(self) -> bytes:
        if self.failing:
            from signward_server.core.errors import AuditUnavailable

            raise AuditUnavailable
        return self.checkpoint_of(self.size)

    def checkpoint_of(self, size: int) -> bytes:
        """Return a signed checkpoint of the first records."""
        return sign_checkpoint(self.key, self.pair.sign, size, self.root(size))

    def records(self, start: int, most: int) -> Sequence[bytes]:
        self.reads.append(most)
        return [] if start < self.first else self.bodies[start : start + most]

    def wait(self, sequence: int, timeout: float) -> bool:
        with self._grown:
            return self._grown.wait_for(lambda: len(self.bodies) > sequence, timeout)

    def inclusion(self, sequence: int, size: int) -> Sequence[bytes]:
        return inclusion_proof(sequence, size, self._nodes())

    def consistency(self, first: int, second: int) -> Sequence[bytes]:
        return consistency_proof(first, second, self._nodes())

    def _nodes(self) -> Nodes:
        """Return the hashes of complete subtrees, computed when they are asked for."""

        def node(level: int, n: int) -> bytes:
            return _root(self.bodies[n << level : (n + 1) << level])

        return node


class FakeAuditLogs:
    """Implements ``core.ports.AuditLogs``: some logs, the first one of which is the worker's own.

    Attributes:
        note: The signed list of logs, whatever it says.
    """

    def __init__(self, *logs: FakeAuditLog) -> None:
        self._logs = {log.name: log for log in logs}
        self._own = logs[0]
        self.note = b""

    def of(self, name: str) -> FakeAuditLog:
        if name and name not in self._logs:
            from signward_server.core.errors import FieldInvalid

            raise FieldInvalid.at("log", "Must be a log of this daemon.")
        return self._logs[name] if name else self._own

    def listing(self) -> bytes:
        return self.note


def _root(bodies: Sequence[bytes]) -> bytes:
    tree = CompactRange()
    tree.extend(map(leaf_hash, bodies))
    return tree.root()
