"""Looking at the records of the audit log, a few at a time."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence

from signward_server.core.errors import Internal
from signward_server.core.ports import AuditLog
from signward_server.flows.audit_records import AuditRecord, Sieve

__all__ = ["SCAN", "Turns"]

_log = logging.getLogger(__name__)

SCAN = 500
"""Records that a turn looks at, most."""
_PICKED = 50  # records that are wanted, and end a turn: parsing one takes as long as 20 looks
_REST = 0.001  # seconds before each turn, in which nobody reads
_TRIES = 5  # at records that are there; while the log is repaired they cannot be read
_PAUSE = 0.2  # seconds between two of them


class Turns:
    """Looks at records, for whoever reads them: one reader after the other.

    With a rest before each turn, signing waits for one of them at most, however long a log is.
    """

    def __init__(self) -> None:
        self._turn = threading.Lock()

    def look(
        self, log: AuditLog, sieve: Sieve, number: int, most: int = SCAN
    ) -> list[tuple[AuditRecord | None, int]]:
        """Look at some records from a number on.

        What is not kept any more is passed over.

        Args:
            log: The log.
            sieve: Which records are wanted.
            number: Of the first one.
            most: How many to look at.

        Returns:
            For each the record if it is wanted, and the number after it; nothing at the end.

        Raises:
            Internal: They are there, and cannot be read.
            AuditUnavailable: They cannot be read now.
        """
        for _ in range(_TRIES):
            with self._turn:
                time.sleep(_REST)
                first = max(number, log.first)
                size = log.size
                bodies = log.records(first, min(most, _PICKED if sieve.is_open else SCAN))
                if bodies or first >= size:
                    return _picked(sieve, bodies, first)
            time.sleep(_PAUSE)
        _log.error("an audit record cannot be read", extra={"sequence": number})
        raise Internal


def _picked(
    sieve: Sieve, bodies: Sequence[bytes], first: int
) -> list[tuple[AuditRecord | None, int]]:
    found: list[tuple[AuditRecord | None, int]] = []
    left = _PICKED
    for number, body in enumerate(bodies, first):
        record = sieve.pick(body, number)
        found.append((record, number + 1))
        if record is not None:
            left -= 1
            if not left:
                break
    return found
