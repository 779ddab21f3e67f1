"""One worker process, as its supervisor sees it."""

from __future__ import annotations

import asyncio
import itertools
import os
import socket
import subprocess
import time
from collections.abc import Callable
from typing import Protocol

from signward_server.supervisor import messages
from signward_server.supervisor.frames import BadFrameError, Frames
from signward_server.supervisor.messages import (
    Counted,
    CountNow,
    FromSupervisor,
    FromWorker,
    Leave,
    Pulse,
    Ready,
    Reload,
    ReloadAll,
    ReloadedHere,
    encoded,
    from_worker,
)
from signward_server.telemetry.families import Family

__all__ = ["Asking", "Member"]

_CHUNK = 65536
_SILENCE = 2.0  # seconds without a pulse after which a worker counts as not ready
_EXIT = 5.0  # seconds from a worker's last word to its end
_DEATH = 10.0  # ... or without a sign of life, after which it counts as dead

_Answer = Counted | ReloadedHere


class Asking(Protocol):
    """Told that a worker asks for something that concerns all."""

    def __call__(self, member: Member, message: ReloadAll) -> None:
        """Take what this worker asks."""
        ...


class Member:
    """A worker that was started; ``follow`` has to run while it lives.

    Args:
        number: Its number.
        process: The process.
        end: Our end of its socket pair.
        asking: Told what it asks of all.
        now: Monotonic time in seconds.

    Attributes:
        number: The same.
        families: Its metrics, when they were last asked for.
        leaving: Whether it was told to end.
    """

    def __init__(
        self,
        number: int,
        process: subprocess.Popen[bytes],
        end: socket.socket,
        asking: Asking,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.number = number
        self.families: tuple[Family, ...] = ()
        self.leaving = False
        self._gone = False
        self._process = process
        self._life = os.pidfd_open(process.pid)  # readable when the process has ended
        self._end = end
        self._asking = asking
        self._now = now
        self._asked = itertools.count(1)
        self._answers: dict[int, asyncio.Future[_Answer]] = {}
        self._began: float | None = None  # when it was ready first
        self._heard = self._well = 0.0  # when it last said anything, and that it lives
        self._says_ready = False
        self._settled = asyncio.Event()  # it is ready, or has ended

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    @property
    def serves(self) -> bool:
        """Whether connections reach it."""
        return self._began is not None and not self.leaving and not self._gone

    @property
    def ready(self) -> bool:
        """Whether it could sign now, as it has said within the last seconds."""
        return self._says_ready and self._now() - self._heard < _SILENCE

    @property
    def served(self) -> float:
        """For how many seconds it has served; 0 if it never did."""
        return 0.0 if self._began is None else self._now() - self._began

    @property
    def lost(self) -> bool:
        """Whether only a new process helps: it is silent, or says that it has a dead thread."""
        return self.serves and self._now() - self._well > _DEATH

    def forgive(self) -> None:
        """Count from now on: the supervisor itself did not run, and could not hear it."""
        self._heard = self._well = self._now()

    async def settled(self) -> bool:
        """Wait until it serves or has ended; return whether it serves."""
        await self._settled.wait()
        return self.serves

    async def follow(self) -> int:
        """Hear what it says until it has ended; return the process's code."""
        loop = asyncio.get_running_loop()
        frames = Frames()
        self._end.setblocking(False)
        with self._end:
            try:
                while data := await loop.sock_recv(self._end, _CHUNK):
                    for content in frames.feed(data):
                        self._take(from_worker(content))
            except (OSError, BadFrameError):  # it is dead, or worth no more
                self.kill()
        self._gone = True
        code = await self._exit()
        self._settled.set()
        for waiting in self._answers.values():
            waiting.cancel()
        return code

    async def count(self, patience: float) -> tuple[Family, ...]:
        """Return its metrics; those of the last time if it does not answer in so many seconds."""
        answer = await self._ask(lambda asked: CountNow(asked=asked), patience)
        if isinstance(answer, Counted):
            self.families = answer.unpacked()
        return self.families

    async def reload(self, message: Reload, patience: float) -> ReloadedHere | None:
        """Have it read parts again; ``None`` if it does not answer."""
        answer = await self._ask(
            lambda asked: message.model_copy(update={"asked": asked}), patience
        )
        return answer if isinstance(answer, ReloadedHere) else None

    def say(self, message: FromSupervisor) -> None:
        """Tell it something. One that does not listen has no use any more."""
        data = encoded(message)
        try:
            if self._end.send(data) != len(data):
                self.kill()
        except OSError:  # it has ended, or has not read for long
            self.kill()

    def leave(self) -> None:
        """Have it end without a failed call."""
        self.leaving = True
        self.say(Leave())

    def stop(self) -> None:
        """Have it end, as SIGTERM ends a daemon."""
        self.leaving = True
        self._process.terminate()

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()

    async def _exit(self) -> int:
        """Wait for the end of the process, which has nothing to say any more; return its code."""
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        try:
            loop.add_reader(self._life, ended.set)
            overdue = loop.call_later(_EXIT, self.kill)
            await ended.wait()
            overdue.cancel()
            loop.remove_reader(self._life)
        finally:
            os.close(self._life)
        return self._process.wait()

    def _take(self, message: FromWorker) -> None:
        now = self._heard = self._now()
        match message:
            case Ready():
                self._began = self._well = now
            case Pulse(live=live, ready=ready):
                self._says_ready = ready
                self._well = now if live else self._well
                self._settled.set()
            case ReloadAll():
                self._asking(self, message)
            case Counted(asked=messages.UNASKED):
                self.families = message.unpacked()
            case _:
                waiting = self._answers.pop(message.asked, None)
                if waiting is not None and not waiting.done():
                    waiting.set_result(message)

    async def _ask(
        self, question: Callable[[int], FromSupervisor], patience: float
    ) -> _Answer | None:
        asked = next(self._asked)
        waiting = self._answers[asked] = asyncio.get_running_loop().create_future()
        self.say(question(asked))
        try:
            return await asyncio.wait_for(waiting, patience)
        except (TimeoutError, asyncio.CancelledError):
            return None
        finally:
            self._answers.pop(asked, None)
