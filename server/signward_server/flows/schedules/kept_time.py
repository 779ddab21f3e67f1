"""Time that the store keeps, so that no later process begins before it (S13)."""

from __future__ import annotations

import logging
import math
import threading
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

from signward_server.core.audit_events import AuditEvent
from signward_server.core.clock import Onward
from signward_server.core.errors import StoreUnavailable
from signward_server.core.ports import Audit, Clock, Event, Meter, TimeFloor

__all__ = ["KeptTime"]

_RESERVED: Final = 3.0  # seconds
_LARGEST_STEP: Final = 5.0  # seconds
_SECOND: Final = 1_000_000  # in what is stored

_log = logging.getLogger(__name__)


class KeptTime:
    """Time that goes on where that of the last process ended, or later; ``core.ports.Time``.

    What is stored is some seconds ahead, so that nothing that ends before it is stored next
    is forgotten by whoever comes after a crash. Safe for threads.

    Args:
        clock: The clocks.
        floor: Where it is stored.

    Attributes:
        onward: The time itself, whether it is stored or not.

    Raises:
        StoreUnavailable: It cannot be read or stored.
    """

    def __init__(self, clock: Clock, floor: TimeFloor) -> None:
        self._clock = clock
        self._floor = floor
        self._storing = threading.Lock()
        self._stored = floor.read()
        self.onward = Onward(clock, for_good=True, floor=self._stored, reserved=_RESERVED)
        self.store()

    def now(self) -> datetime:
        """Return the time in UTC.

        It is stored by then, so that nobody is told of an end that a crash takes back; that
        takes a write only where time has leapt, or nobody has stored it lately. While the
        store takes nothing, it is told all the same: nothing signs for long then.
        """
        time = self.onward.time()
        if time > self._stored:
            with suppress(StoreUnavailable):
                self._store_for(time)
            time = self.onward.time()
        return datetime.fromtimestamp(time, UTC)

    def store(self) -> None:
        """Store how late it is; to be done each second.

        Raises:
            StoreUnavailable: It cannot be stored now.
        """
        self._store_for(math.inf)

    def _store_for(self, time: float) -> None:
        """Store how late it is unless this much is stored.

        Where another process has stored a later time, it is that late here too: whoever is
        told by one that something has ended is not told by the next that it has not.
        """
        with self._storing:
            if time > self._stored:
                ahead = _as_stored(self.onward.after(_RESERVED))
                self._floor.lift(ahead)
                stored = self._floor.read()
                if stored > ahead:
                    self.onward.reach(stored, _RESERVED)
                self._stored = max(stored, ahead)

    def take_over(self) -> None:
        """Go on where another process has stopped to store it.

        Raises:
            StoreUnavailable: It cannot be read.
        """
        stored = self._floor.read()
        if stored > self._stored:
            self.onward.reach(stored, _RESERVED)

    def tell_of_step(self, audit: Audit, meter: Meter) -> None:
        """Alarm if the wall clock was set back by more than 5 s since the last process ended."""
        behind = self.onward.time() - _RESERVED - self._clock.time()
        if behind > _LARGEST_STEP:
            milliseconds = -round(behind * 1000)
            _log.error("the wall clock was set", extra={"step_ms": milliseconds})
            meter.count(Event.CLOCK_STEPPED)
            audit.note(AuditEvent.CLOCK_STEPPED, {"step_ms": milliseconds})


def _as_stored(time: float) -> float:
    """Return a time as it is read again: what differs then is another process's."""
    return round(time * _SECOND) / _SECOND
