"""Records that are written together are those that each would be alone, at one time."""

from __future__ import annotations

from signward_server.audit.encoding import Encoder
from signward_server.core.audit_events import AuditEvent

from tests.fakes.audit_logs import an_entry
from tests.fakes.spine.clock import MovingClock


def test_together_they_are_what_they_are_alone() -> None:
    encoder = Encoder(MovingClock())
    entries = [
        an_entry(),
        an_entry(outcome="KEY_DISABLED"),
        an_entry(event=AuditEvent.ADMINISTRATION),
        an_entry(),
    ]
    assert encoder.entries(entries) == [encoder.entry(entry) for entry in entries]
    assert encoder.entries([]) == []


def test_together_they_carry_one_time() -> None:
    clock = MovingClock()
    encoder = Encoder(clock)

    def entries() -> list[bytes]:
        return encoder.entries([an_entry(), an_entry()])

    first, second = entries()
    assert first == second
    clock.wall += 1.5
    assert entries()[0] != first
