"""The audit log: what the other parts of the daemon see of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack

from signward_server.audit.checkpointing import Signed
from signward_server.audit.encoding import Encoder
from signward_server.audit.failures import Failures
from signward_server.audit.keeping import Keeping
from signward_server.audit.proving import Proving
from signward_server.audit.reading import Reading
from signward_server.audit.rounds import Rounds
from signward_server.audit.settling import Settling
from signward_server.audit.writing import Writer
from signward_server.core.audit_events import AuditEvent
from signward_server.core.errors import AuditUnavailable
from signward_server.core.ports import AuditEntry, AuditReceipt

__all__ = ["Log"]

_CHECKPOINT_TIMEOUT = 5.0  # seconds


class Log:
    """Implements ``ports.Audit`` and ``ports.AuditLog``; see ``opening``.

    Args:
        name: Its origin.
        verifier_key: Its public key.
        encoder: Makes records.
        writer: Writes them.
        settling: Brings them to the disk.
        failures: Counts failures.
        keeping: What is done besides.
        threads: The first does that, and is woken where somebody waits for a checkpoint.
        signed: The last checkpoint.
        reading: Reads.
        proving: Proves.
        is_synced: Whether a record has to be on the disk before an answer.
        closing: Ends the threads and closes the files.
    """

    def __init__(
        self,
        *,
        name: str,
        verifier_key: str,
        encoder: Encoder,
        writer: Writer,
        settling: Settling,
        failures: Failures,
        keeping: Keeping,
        threads: Sequence[Rounds],
        signed: Signed,
        reading: Reading,
        proving: Proving,
        is_synced: bool,
        closing: ExitStack,
    ) -> None:
        self.name = name
        self.verifier_key = verifier_key
        self._encode = encoder.entry
        self._encode_all = encoder.entries
        self._writer = writer
        self._settling = settling
        self._failures = failures
        self._keeping = keeping
        self._threads = threads
        self._signed = signed
        self._reading = reading
        self._proving = proving
        self._is_synced = is_synced
        self._closing = closing

    @property
    def is_quick(self) -> bool:
        """See ``ports.Audit``."""
        return not self._is_synced and self._writer.is_quick

    def record(self, entry: AuditEntry) -> AuditReceipt:
        """See ``ports.Audit``."""
        return AuditReceipt(self.name, self._append((self._encode(entry),)))

    def record_all(self, entries: Sequence[AuditEntry]) -> Sequence[AuditReceipt]:
        """See ``ports.Audit``."""
        if not entries:
            return []
        first = self._append(self._encode_all(entries))
        return [AuditReceipt(self.name, first + i) for i in range(len(entries))]

    def authorised(self, entry: AuditEntry) -> None:
        """See ``ports.Audit``."""
        sequence = self._append((self._encode(entry, AuditEvent.AUTHORISED),))
        if self._writer.written <= sequence:  # deferred: not what is about to leave (S35)
            self._writer.flush()

    def failed(self, entry: AuditEntry) -> None:
        """See ``ports.Audit``."""
        identity = str(entry.call.identity)
        record = self._encode(entry)
        if self._failures.admits(identity, len(record)):
            try:
                self._writer.append((record,))
            except AuditUnavailable:
                pass  # counted instead
            else:
                return
        self._failures.count(entry.outcome, identity=identity)

    def unauthenticated(self, peer: str, reason: str) -> None:
        """See ``ports.Audit``."""
        self._failures.count(reason, peer=peer)

    def note(
        self,
        event: AuditEvent,
        details: Mapping[str, str | int],
        *,
        key: str = "",
        version: int = 0,
    ) -> None:
        """See ``ports.Audit``."""
        self._keeping.note(event, details, key, version)

    def ensure_available(self) -> None:
        """See ``ports.Audit``."""
        if self._writer.failure is not None or self._writer.is_stalled:
            raise AuditUnavailable

    def healthy(self) -> bool:
        """See ``ports.Audit``."""
        writer = self._writer
        return writer.failure is None and not writer.is_full and not writer.is_stalled

    @property
    def alive(self) -> bool:
        """Whether its threads run, which nothing but a restart brings back."""
        return all(thread.alive for thread in self._threads)

    @property
    def first(self) -> int:
        """See ``ports.AuditLog``."""
        return self._keeping.first

    @property
    def size(self) -> int:
        """See ``ports.AuditLog``."""
        return self._writer.written

    @property
    def segment(self) -> int:
        """Number of the first record of the segment that is written."""
        return self._writer.segment.header.first

    def checkpoint(self) -> bytes:
        """See ``ports.AuditLog``."""
        writer, signed = self._writer, self._signed
        size = writer.next
        if signed.size < size or not signed.note:
            self._threads[0].wake()
        return signed.wait(
            size, _CHECKPOINT_TIMEOUT, lambda: writer.failure is not None or writer.is_stalled
        )

    @property
    def signed(self) -> bytes:
        """The last checkpoint, empty if there is none yet."""
        return self._signed.note

    def records(self, start: int, most: int) -> Sequence[bytes]:
        """See ``ports.AuditLog``."""
        return self._reading.records(start, most)

    def wait(self, sequence: int, timeout: float) -> bool:
        """See ``ports.AuditLog``."""
        writer = self._writer
        return writer.arrivals.wait(lambda: writer.written > sequence, timeout)

    def inclusion(self, sequence: int, size: int) -> Sequence[bytes]:
        """See ``ports.AuditLog``."""
        return self._proving.inclusion(sequence, size, self.first)

    def consistency(self, first: int, second: int) -> Sequence[bytes]:
        """See ``ports.AuditLog``."""
        return self._proving.consistency(first, second, self.first)

    def close(self) -> None:
        """Sign what there is and let the log go; records are refused from now on."""
        self._closing.close()

    def _append(self, records: Sequence[bytes]) -> int:
        first = self._writer.append(records)
        if self._is_synced:
            self._settling.sync(first + len(records))
        return first
