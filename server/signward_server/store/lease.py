"""A thread that keeps asking the store, so that nobody who signs has to (S34)."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from signward_server.core.errors import StoreUnavailable
from signward_server.core.ports import Clock, Event, Meter
from signward_server.core.unexpected import unexpected

__all__ = ["StoreLease"]

_EACH = 4  # times that the store is asked while a lease lasts
_log = logging.getLogger(__name__)


class StoreLease:
    """Implements ``core.ports.Lease``.

    A lease counts from the moment at which the store was asked, not from its answer, on a
    clock that goes on while the machine sleeps. So do the pauses between two questions: after
    an answer that was long in coming, little is left of the lease for another one.

    Args:
        confirm: Asks the store; raises ``StoreUnavailable`` if it is not what memory
            stands for, or takes no change.
        seconds: How long an answer holds.
        clock: Measures that.
        meter: Counts failures.
    """

    def __init__(
        self, confirm: Callable[[], None], seconds: float, clock: Clock, meter: Meter
    ) -> None:
        self._confirm = confirm
        self._seconds = seconds
        self._clock = clock
        self._meter = meter
        self._until = self._asked = clock.monotonic()
        self._failing = False
        self._stopped = False
        self._woken = threading.Event()
        self._thread = threading.Thread(target=self._run, name="store-lease", daemon=True)

    @property
    def held(self) -> bool:
        """See ``core.ports.Lease.held``."""
        return self._clock.monotonic() < self._until

    def ensure_held(self) -> None:
        """See ``core.ports.Lease.ensure_held``."""
        if self._clock.monotonic() >= self._until:
            raise StoreUnavailable

    @property
    def alive(self) -> bool:
        """Whether somebody asks the store at all."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Ask once, and go on asking."""
        self.renew()
        self._thread.start()

    def stop(self) -> None:
        """Ask no more; the lease ends."""
        self._stopped = True
        self._woken.set()
        if self._thread.ident is not None:
            self._thread.join()
        self._until = self._clock.monotonic()

    def wake(self) -> None:
        """Have the store asked at once; waits for nothing."""
        self._woken.set()

    def renew(self) -> None:
        """Ask the store once."""
        asked = self._asked = self._clock.monotonic()
        try:
            self._confirm()
        except StoreUnavailable:
            self._failed()
            return
        self._until = asked + self._seconds
        if self._failing:
            self._failing = False
            _log.warning("the store is confirmed again")

    def _failed(self) -> None:
        self._meter.count(Event.STORE_FAILED, "lease")
        if not self._failing:
            self._failing = True
            _log.error(
                "the store is not what it was, cannot be read or takes no change; "
                "signing stops when the lease runs out"
            )

    def _run(self) -> None:
        while not self._stopped:
            due = self._asked + self._seconds / _EACH
            self._woken.wait(max(0.0, due - self._clock.monotonic()))
            self._woken.clear()
            try:
                if not self._stopped:
                    self.renew()
            except Exception as error:  # noqa: BLE001  # it must go on asking, whatever came
                unexpected(error)
