"""A client's connection, exchanged for another one when its credentials have changed.

As ``signward.renewal``, for an event loop: the files are looked at on another thread, when a call
is made and at most once a second, and a task connects anew. A call waits for both if there was
none for a while, or when the certificate in use has run out. All other calls go over the old
connection meanwhile.
"""

from __future__ import annotations

import asyncio
import time
import weakref
from collections.abc import Callable

from signward.aio.connection import Connection
from signward.channel import channel_options
from signward.connection import Options
from signward.credential_watch import CredentialWatch
from signward.credentials import Credentials
from signward.errors import SignwardError

__all__ = ["Renewal"]

_INTERVAL = 1.0  # seconds between two looks
_PATIENCE = 5.0  # seconds for a new connection
_WAIT = 2.0  # seconds that a call waits for one
_LONGEST = 3600.0  # seconds that old connections are kept for their calls


class Renewal:
    """Belongs to the event loop that it is first used in.

    Args:
        target: As for ``open_channel``.
        credentials: The first ones.
        options: As for ``open_channel``.
        interval: Seconds between two looks at the files.
        clock: Monotonic time in seconds.

    Attributes:
        count: How many connections have taken the place of one before.

    Raises:
        ValueError: The target is empty or a URL.
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
        channel_options(target, credentials, options)
        self._open: Callable[[Credentials], Connection] = lambda new: Connection(
            target, new, options
        )
        self._interval = interval
        self._clock = clock
        self._first = credentials
        self._current: Connection | None = None  # grpc's channels need the loop to run
        self._loop: asyncio.AbstractEventLoop | None = None
        self._old: weakref.WeakKeyDictionary[Connection, float] = weakref.WeakKeyDictionary()
        self._turn = asyncio.Lock()  # of who replaces the connection
        self._looking: asyncio.Task[None] | None = None
        self._closings: set[asyncio.Task[None]] = set()
        self._wait_until = 0.0
        self._watch = CredentialWatch()
        self._closed = False
        self._due = clock()
        self.count = 0

    @property
    def current(self) -> Connection:
        """The connection in use.

        Raises:
            ValueError: It is closed.
            RuntimeError: It belongs to another event loop.
        """
        if self._closed:
            raise ValueError("the client is closed")
        loop = asyncio.get_running_loop()
        if self._current is None:
            self._current, self._loop = self._open(self._first), loop
        if loop is not self._loop:
            raise RuntimeError("the client belongs to another event loop; make one for each")
        return self._current

    def connection(self) -> Connection:
        """Return the connection for a new call; begins to look at the files when that is due."""
        current = self.current
        now = self._clock()
        if self._looking is None and now >= self._due:
            self._drop_old(now)
            if current.credentials.files is None:
                self._due = now + self._interval
            else:
                self._begin(current, now)
        return current

    async def ready(self) -> int:
        """Wait as a new call has to; return how many connections have gone before that for it."""
        self.connection()
        left = self._wait_until - self._clock()
        if self._looking is not None and left > 0:
            await asyncio.wait([self._looking], timeout=left)
        return self.count

    async def renew(self, credentials: Credentials | None, timeout: float) -> None:
        """Open a new connection for all calls from now on, also if nothing has changed.

        Args:
            credentials: To be used from now on; ``None``: what the files hold now.
            timeout: Seconds to connect.

        Raises:
            SignwardError: The credentials cannot be used, or the daemon cannot be reached with
                them; the old connection stays in use.
        """
        async with self._turn:
            current = self.current.credentials
            fresh = credentials
            if fresh is None:
                fresh = await asyncio.to_thread(current.read_again)
            fresh.ensure_valid()
            await self._replace(fresh, timeout, anyway=False)

    async def close(self) -> None:
        """Close every connection; calls that still run fail with ``Cancelled``."""
        self._closed = True
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait([self._looking])
        for connection in [self._current, *self._old]:
            if connection is not None:
                await connection.close()

    def _begin(self, current: Connection, now: float) -> None:
        is_late = now - self._due > self._interval
        is_ending = self._watch.is_ending(current.credentials)
        self._wait_until = now + _WAIT if is_late or is_ending else 0.0
        self._looking = asyncio.get_running_loop().create_task(self._look(current.credentials))

    async def _look(self, current: Credentials) -> None:
        """Look at the files, and replace the connection if they hold something else."""
        try:
            if await asyncio.to_thread(self._watch.must_read, current):
                async with self._turn:
                    await self._read()
        except SignwardError as failure:
            self._watch.say(str(failure))
        finally:
            self._looking = None
            self._due = self._clock() + self._interval

    async def _read(self) -> None:
        current = self.current.credentials
        fresh = await asyncio.to_thread(self._watch.read, current)
        if fresh != current:
            await self._replace(fresh, _PATIENCE, anyway=self._watch.is_ending(current))
        self.current.credentials = fresh
        await asyncio.to_thread(self._watch.took, current)

    async def _replace(self, credentials: Credentials, timeout: float, *, anyway: bool) -> None:
        fresh = self._open(credentials)
        try:
            await fresh.try_out(timeout)
        except SignwardError:
            if not anyway:
                await fresh.close()
                raise
        if self._closed:
            await fresh.close()
            return
        old, self._current = self.current, fresh
        self._old[old] = self._clock()
        self.count += 1

    def _drop_old(self, now: float) -> None:
        for connection, since in list(self._old.items()):
            if now - since > _LONGEST:
                task = asyncio.get_running_loop().create_task(connection.close())
                self._closings.add(task)  # the loop itself would forget it
                task.add_done_callback(self._closings.discard)
