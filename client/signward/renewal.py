"""A client's connection, exchanged for another one when its credentials have changed.

grpc's channels keep the credentials that they were opened with, so that new ones take a new
channel. New calls go over it once the daemon has taken the credentials; calls and streams that
run stay where they are, and the old channel is closed with the last of them.

The files are looked at when a call is made, at most once a second, which takes microseconds.
Only when they have changed there is a thread, for as long as it takes to connect anew. A call
waits for that if there was none for a while, or when the certificate in use has run out: then
the old connection may be of no use any more. All other calls go over the old one meanwhile.
"""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections.abc import Callable
from typing import TypeAlias

from signward.connection import Connection, Options
from signward.credential_watch import CredentialWatch
from signward.credentials import Credentials
from signward.errors import SignwardError

__all__ = ["Follower", "Renewal"]

Follower: TypeAlias = Callable[[Connection, Connection], None]

_INTERVAL = 1.0  # seconds between two looks
_PATIENCE = 5.0  # seconds for a new connection
_WAIT = 2.0  # seconds that a call waits for one
_LONGEST = 3600.0  # seconds that old connections are kept for their calls


class Renewal:
    """Threads may share it.

    Args:
        target: As for ``open_channel``.
        credentials: The first ones.
        options: As for ``open_channel``.
        interval: Seconds between two looks at the files.
        clock: Monotonic time in seconds.

    Attributes:
        count: How many connections have taken the place of one before.
    """

    def __init__(
        self,
        target: str,
        credentials: Credentials,
        options: Options,
        *,
        interval: float = _INTERVAL,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._open: Callable[[Credentials], Connection] = lambda new: Connection(
            target, new, options
        )
        self._interval = interval
        self._clock = clock
        self._current = self._open(credentials)
        self._old: weakref.WeakKeyDictionary[Connection, float] = weakref.WeakKeyDictionary()
        self._lock = threading.Lock()  # of everything here
        self._turn = threading.Lock()  # of who replaces the connection
        self._thread: threading.Thread | None = None
        self._wait_until = 0.0
        self._watch = CredentialWatch()
        self._closed = False
        self._due = clock()
        self._followers: list[Follower] = []
        self.count = 0
        _renewals.add(self)

    @property
    def current(self) -> Connection:
        """The connection in use."""
        return self._current

    def follow(self, follower: Follower) -> None:
        """Tell somebody of each exchange, with the old connection and the new one."""
        self._followers.append(follower)

    def connection(self) -> Connection:
        """Return the connection for a new call; looks at the files when that is due."""
        if self._clock() >= self._due:
            self._look()
        return self._current

    def generation(self) -> int:
        """Return how many connections have gone before that for new calls; as ``connection``."""
        if self._clock() >= self._due:
            self._look()
        return self.count

    def renew(self, credentials: Credentials | None, timeout: float) -> None:
        """Open a new connection for all calls from now on, also if nothing has changed.

        Args:
            credentials: To be used from now on; ``None``: what the files hold now.
            timeout: Seconds to connect.

        Raises:
            SignwardError: The credentials cannot be used, or the daemon cannot be reached with
                them; the old connection stays in use.
        """
        with self._turn:
            fresh = credentials or self._current.credentials.read_again()
            fresh.ensure_valid()
            self._replace(fresh, timeout, anyway=False)

    def close(self) -> None:
        """Close every connection; calls that still run fail with ``Cancelled``."""
        with self._lock:
            self._closed = True
            self._due = float("inf")
            connections = [self._current, *self._old]
        for connection in connections:
            connection.close()

    def _begin_anew(self) -> None:
        """In a process that was forked: the thread is not there, and opens no lock again."""
        self._lock, self._turn = threading.Lock(), threading.Lock()
        self._thread = None

    def _look(self) -> None:
        with self._lock:
            now = self._clock()
            if self._closed or now < self._due:
                return
            if self._thread is None:
                self._drop_old(now)
                if self._watch.must_read(self._current.credentials):
                    self._start(now)
            thread = self._thread
            if thread is None or now >= self._wait_until:
                self._due = now + self._interval
                return
        thread.join(self._wait_until - now)

    def _start(self, now: float) -> None:
        is_late = now - self._due > self._interval
        is_ending = self._watch.is_ending(self._current.credentials)
        self._wait_until = now + _WAIT if is_late or is_ending else 0.0
        thread = threading.Thread(target=self._run, name="signward-renewal", daemon=True)
        try:
            thread.start()
        except RuntimeError as failure:  # of a process that may have no more of them
            self._watch.say(str(failure))
        else:
            self._thread = thread

    def _run(self) -> None:
        """Read the files, and replace the connection if they hold something else."""
        try:
            with self._turn:
                self._read()
        except SignwardError as failure:
            self._watch.say(str(failure))
        finally:
            with self._lock:
                self._thread = None
                if not self._closed:
                    self._due = self._clock() + self._interval

    def _read(self) -> None:
        current = self._current.credentials
        fresh = self._watch.read(current)
        if fresh != current:
            self._replace(fresh, _PATIENCE, anyway=self._watch.is_ending(current))
        self._current.credentials = fresh
        self._watch.took(current)

    def _replace(self, credentials: Credentials, timeout: float, *, anyway: bool) -> None:
        fresh = self._open(credentials)
        try:
            fresh.try_out(timeout)
        except SignwardError:
            if not anyway:
                fresh.close()
                raise
        with self._lock:
            if self._closed:
                fresh.close()
                return
            old, self._current = self._current, fresh
            self._old[old] = self._clock()
            self.count += 1
        for follower in self._followers:
            follower(old, fresh)

    def _drop_old(self, now: float) -> None:
        for connection, since in list(self._old.items()):
            if now - since > _LONGEST:
                connection.close()


def _after_fork() -> None:
    for renewal in list(_renewals):
        renewal._begin_anew()  # noqa: SLF001 -- of this module


_renewals: weakref.WeakSet[Renewal] = weakref.WeakSet()
os.register_at_fork(after_in_child=_after_fork)
