"""Audit logs in folders of a test's own, and what is put into them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from signward.audit.verifying import Report, verify_log
from signward_server.audit.beginning import Place, begin_log
from signward_server.audit.checkpoint_key import CheckpointKey, new_private_key
from signward_server.audit.files import Files, SystemFiles
from signward_server.audit.folder import Folder
from signward_server.audit.keeping import Bounds
from signward_server.audit.log import Log
from signward_server.audit.opening import Options, open_log
from signward_server.core.audit_events import AuditEvent, Decision
from signward_server.core.clock import SystemClock
from signward_server.core.ports import AuditEntry, Call, Clock
from signward_server.core.signing import Intent

from tests.fakes.meter import FakeMeter
from tests.fakes.spine.call import FakeCall

__all__ = ["ORIGIN", "LogHome", "an_entry", "events_of"]

ORIGIN = "signward/0123456789abcdef"


def an_entry(outcome: str = "OK", call: Call | None = None, **changes: object) -> AuditEntry:
    """Return the entry of a signed order, or with another outcome."""
    entry = AuditEntry(
        event=AuditEvent.SIGNATURE,
        call=call or FakeCall(),
        action="SignOrder",
        key="orders",
        version=2,
        outcome=outcome,
        decision=Decision.ALLOW,
        policies=("starter.owner",),
        policy_set="ab" * 32,
        intent=Intent("SignOrder", {"market": "BTC-USD", "side": "buy", "amount": 12}),
        signed_digest=b"\x17" * 32,
        request_id="r-1",
    )
    return replace(entry, **changes)  # type: ignore[arg-type]


def events_of(log: Log) -> list[str]:
    """Return the event of each record, from the oldest on."""
    return [json.loads(body)["event"] for body in log.records(log.first, 10_000)]


class LogHome:
    """A folder with a log in it, its key and its clock.

    Args:
        folder: Where; made.
        files: The file system, once the log exists.
    """

    def __init__(self, folder: Path, files: Files | None = None) -> None:
        folder.mkdir()
        self.folder = folder
        self.files = files or SystemFiles()
        self.key = CheckpointKey.of(ORIGIN, new_private_key())
        self.meter = FakeMeter()
        self.clock: Clock = SystemClock()
        self.place = Place(self.files, Folder(folder))
        begin_log(Place(SystemFiles(), Folder(folder)), ORIGIN)

    def options(self, *, size: int = 2**26, age: float = 3600.0, **more: object) -> Options:
        """Return options for a log here."""
        bounds = more.pop("bounds", Bounds(size=size, age=age, reserve=0))
        return Options(folder=self.folder, bounds=bounds, **more)  # type: ignore[arg-type]

    @contextmanager
    def opened(self, **options: object) -> Iterator[Log]:
        """Open the log for the length of a block."""
        log = open_log(
            self.options(**options),  # type: ignore[arg-type]
            self.key,
            self.clock,
            self.meter,
            files=self.files,
        )
        try:
            yield log
        finally:
            log.close()

    def verified(self) -> Report:
        """Verify the whole log as an auditor would, and expect it to be intact."""
        report = verify_log(self.folder, self.key.verifier, processes=1)
        assert report.intact, report.findings
        return report
