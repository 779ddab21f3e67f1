from __future__ import annotations

from signward_server.audit.unrecorded import Unrecorded
from signward_server.core.audit_events import AuditEvent
from signward_server.core.ports import AuditEntry

from tests.fakes.spine.call import FakeCall

ENTRY = AuditEntry(AuditEvent.SIGNATURE, FakeCall(), "SignRaw", "k", 1, "OK")


def test_a_receipt_names_no_log() -> None:
    audit = Unrecorded()
    assert audit.authorised(ENTRY) is None
    receipt = audit.record(ENTRY)
    assert (receipt.log, receipt.sequence) == ("", 0)
    assert audit.healthy()
