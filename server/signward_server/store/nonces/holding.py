"""The lane that this process holds: taken when it is first needed, and again when it was lost."""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from signward_server.core.errors import ClockUntrusted, RateLimited, StoreUnavailable
from signward_server.store.nonces.lane_rows import LaneRow
from signward_server.store.nonces.lanes import LaneLost, Lanes
from signward_server.store.nonces.numbering import Numbering
from signward_server.store.nonces.trusted_time import TrustedTime

__all__ = ["FAR_MS", "Holding"]

FAR_MS: Final = 7_000
"""Nothing lies further ahead that was given while the clock was right."""

_LEAD_MS: Final = 1_000  # that a horizon is raised ahead
_PATIENCE_MS: Final = 1_200  # that the first number may wait for a lane
_TRIES: Final = 32

_log = logging.getLogger(__name__)


class Holding:
    """Takes a lane, raises its horizon, leaves it.

    Args:
        lanes: Where lanes are kept.
        count: How many there are to be; of several processes that say different numbers the one
            that begins last is right.
        time: What numbers are close to.
        pause: Waits for so many seconds.

    Attributes:
        numbers: To be held by whoever gives numbers; after any other lock.
        asked: Whether numbers were asked for since the horizon was raised.
        lacking: Whether a lane was needed, and there was none.
    """

    def __init__(
        self, lanes: Lanes, count: int, time: TrustedTime, pause: Callable[[float], object]
    ) -> None:
        self._lanes = lanes
        self._count = count
        self._time = time
        self._pause = pause
        self._changing = threading.Lock()
        self.numbers = threading.Lock()
        self._numbering: Numbering | None = None
        self._insist = True
        self._used = False
        self._behind = False
        self._closed = False
        self.asked = False
        self.lacking = False

    @property
    def trusted(self) -> bool:
        """Whether the clock counts, as far as is known."""
        return self._time.trusted and not self._behind

    @property
    def used(self) -> bool:
        """Whether this process has had a lane."""
        return self._used

    @property
    def held(self) -> Numbering | None:
        """The numbers of the lane that is held, ``None`` if none is."""
        return self._numbering

    def get(self) -> Numbering:
        """Return the numbers of the lane that is held; take one if none is.

        Raises:
            ClockUntrusted: Numbers were given that are far ahead of the clock.
            RateLimited: Others give numbers from all lanes.
            StoreUnavailable: No lane can be taken now, or none any more.
        """
        numbering = self._numbering
        if numbering is not None:
            return numbering
        with self._changing:
            if self._closed:
                raise StoreUnavailable
            if self._numbering is None:
                if not self._used:
                    self._time.begin()
                self.lacking = True
                self._numbering = self._acquire()
                self._used, self.lacking = True, False
            return self._numbering

    def ensure(self, numbering: Numbering) -> None:
        """Return if these are the numbers of the lane that is held.

        Raises:
            LaneLost: They are not any more.
        """
        if self._numbering is not numbering:
            raise LaneLost

    def drop(self, numbering: Numbering) -> None:
        """Give no more of these numbers: the lane is lost."""
        with self.numbers:
            if self._numbering is numbering:
                self._numbering = None

    def lift(self, numbering: Numbering, least: int = 0) -> None:
        """Raise the horizon, to ``least`` or more.

        Raises:
            ClockUntrusted: The clock of the database is another one.
            LaneLost: The lane is lost.
            StoreUnavailable: It cannot be raised now.
        """
        with self._changing:
            self.ensure(numbering)
            held = numbering.held
            if least and held.horizon >= least:
                return  # another thread has done it
            self._time.agree(self._lanes.witness())
            now = self._time.now()
            horizon = max(now + _LEAD_MS, least)
            if horizon > held.horizon:
                raised = self._lanes.lift(held, horizon)
                with self.numbers:
                    numbering.learn(raised.floors)
                    numbering.held = raised.held

    def renew(self) -> None:
        """Raise the horizon if numbers are asked for; to be done twice a second or more often."""
        numbering = self._numbering
        if numbering is None or not self.asked:
            return
        self.asked = False
        try:
            self.lift(numbering)
        except LaneLost:
            self.drop(numbering)
        except (StoreUnavailable, ClockUntrusted):  # whoever needs a number beyond it is told
            self.asked = True

    def close(self) -> None:
        """Leave the lane to whoever comes next."""
        with self._changing:
            with self.numbers:
                numbering, self._numbering = self._numbering, None
                self._closed = True
            if numbering is not None:
                with suppress(StoreUnavailable):  # then whoever comes next waits a second
                    self._lanes.release(numbering.held, numbering.highest)
        self._lanes.close()

    def _acquire(self) -> Numbering:
        holder, waited = uuid.uuid4().hex, 0
        for _ in range(_TRIES):
            self._time.agree(self._lanes.witness())
            rows = self._lanes.survey(self._count, insist=self._insist)
            self._insist = False
            now = self._time.now()
            self._refuse_future(rows, now)
            row = _usable(rows, now)
            wait = (row or rows[0]).horizon - now + 1
            if wait > 0:
                waited += wait
                if waited > _PATIENCE_MS:
                    raise RateLimited(retry_after=wait / 1000)
                self._pause(wait / 1000)
            if row is not None:
                horizon = max(now, row.horizon) + _LEAD_MS
                with suppress(LaneLost):  # somebody else was quicker
                    raised = self._lanes.seize(row, len(rows), holder, horizon)
                    numbering = Numbering(raised.held)
                    numbering.learn(raised.floors)
                    return numbering
        raise RateLimited(retry_after=_LEAD_MS / 1000)

    def _refuse_future(self, rows: Sequence[LaneRow], now: int) -> None:
        """Return unless numbers were given that are so far ahead that the clock was another one."""
        ahead = rows[-1].horizon - now
        behind, self._behind = self._behind, ahead > FAR_MS
        if self._behind:
            if not behind:
                text = (
                    "nonces were given that are far ahead of the clock; none are given until then"
                )
                _log.error(text, extra={"ahead_ms": ahead})
            raise ClockUntrusted(retry_after=ahead / 1000)


def _usable(rows: Sequence[LaneRow], now: int) -> LaneRow | None:
    """Return the lane with the lowest horizon of those that nobody gives numbers from."""
    return next((row for row in rows if not row.holder or row.horizon < now), None)
