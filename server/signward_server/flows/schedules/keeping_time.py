"""Keeping in the store how late it is, so that no later process begins before that (S13)."""

from __future__ import annotations

import logging
from typing import Final

from signward_server.core.audit_events import AuditEvent
from signward_server.core.clock import Onward
from signward_server.core.ports import Audit, Clock, Event, Meter, TimeFloor

__all__ = ["RESERVED", "begin_time", "lift_floor", "tell_of_step"]

RESERVED: Final = 3.0
"""Seconds that the stored time is ahead, so that nothing that ends before the next look is
forgotten by whoever comes after a crash."""
_LARGEST_STEP: Final = 5.0  # seconds

_log = logging.getLogger(__name__)


def begin_time(clock: Clock, floor: TimeFloor) -> Onward:
    """Return time that goes on where that of the last process ended, or later.

    Raises:
        StoreUnavailable: The floor cannot be read.
    """
    return Onward(clock, for_good=True, floor=floor.read(), reserved=RESERVED)


def lift_floor(onward: Onward, floor: TimeFloor) -> None:
    """Store how late it is, and take over what others have stored.

    Raises:
        StoreUnavailable: It cannot be stored now.
    """
    floor.lift(onward.time() + RESERVED)


def tell_of_step(clock: Clock, floor: TimeFloor, audit: Audit, meter: Meter) -> None:
    """Alarm if the wall clock was set back by more than 5 s since the last process ended.

    Raises:
        StoreUnavailable: The floor cannot be read.
    """
    behind = floor.read() - RESERVED - clock.time()
    if behind > _LARGEST_STEP:
        milliseconds = -round(behind * 1000)
        _log.error("the wall clock was set", extra={"step_ms": milliseconds})
        meter.count(Event.CLOCK_STEPPED)
        audit.note(AuditEvent.CLOCK_STEPPED, {"step_ms": milliseconds})
