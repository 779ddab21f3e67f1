"""All workers: started, kept alive, replaced one by one, asked as one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import TypeAlias

import structlog

from signward_server.core.ports import ReloadPart
from signward_server.supervisor.backoff import Backoff
from signward_server.supervisor.member import Asking, Member
from signward_server.supervisor.messages import Outcome, Reload, ReloadAll, ReloadedAll
from signward_server.telemetry.families import Family
from signward_server.telemetry.gathering import gathered, lasting

__all__ = ["Crew", "Launch", "WorkerFailed"]

_log = structlog.get_logger(__name__)
_LOOK = 0.5  # seconds
_COUNTING = 0.5  # seconds that a worker has to tell its metrics
_RELOADING = 10.0  # seconds that a worker has to read its parts again
_LAST = 10.0  # seconds beyond the grace that a worker has to end

Launch: TypeAlias = Callable[[int, Asking], Member]
"""Starts the worker of a number; it asks what concerns all of whom it is given."""


class WorkerFailed(Exception):  # noqa: N818  # names read as what happened
    """A worker has ended before it served.

    Args:
        code: Its exit code; minus the number of the signal that ended it.
    """

    def __init__(self, code: int) -> None:
        super().__init__(f"a worker ended with {code} before it served")
        self.code = code


class Crew:
    """Keeps ``count`` workers alive.

    Args:
        launch: Starts a worker.
        count: How many there are.
        grace: Seconds for running calls when a worker ends.

    Attributes:
        restarts: How many workers have ended by themselves, and were replaced.
        broken: Has the error of a defect after which nobody looks after the workers.
    """

    def __init__(self, launch: Launch, count: int, grace: float) -> None:
        self._launch = launch
        self._count = count
        self._grace = grace
        self._members: dict[int, Member] = {}
        self._tasks: set[asyncio.Task[object]] = set()
        self._followed: dict[Member, asyncio.Task[int]] = {}
        self._ended: tuple[Family, ...] = ()  # what those that have ended had counted
        self._started = asyncio.Condition()
        self._stopping = False
        self._rolling = False
        self.restarts = 0
        self.broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def ready(self) -> bool:
        """Whether a signature could be made on whichever worker a connection reaches."""
        serving = [member for member in list(self._members.values()) if member.serves]
        return not self._stopping and bool(serving) and all(member.ready for member in serving)

    @property
    def serving(self) -> int:
        """How many workers serve."""
        return sum(member.serves for member in list(self._members.values()))

    async def begin(self) -> None:
        """Start all: the first alone, since it may have to bring the home up to date.

        Raises:
            WorkerFailed: One ended before it served.
        """
        first = await self._begun(0)
        others = [self._begun(number) for number in range(1, self._count)]
        for member in [first, *await asyncio.gather(*others)]:
            self._spawn(self._keep(member))
        self._spawn(self._watch())

    def reload(self) -> None:
        """Have every worker read again what can change."""
        self._spawn(self._reload((), None))

    def roll(self) -> None:
        """Replace every worker, one after the other, so that no call fails."""
        if self._rolling or self._stopping:
            _log.warning("workers are being replaced already")
            return
        self._rolling = True
        self._spawn(self._roll())

    async def count(self) -> tuple[Family, ...]:
        """Return the metrics of all, those that have ended included."""
        serving = [member for member in self._members.values() if member.serves]
        counted = await asyncio.gather(*(member.count(_COUNTING) for member in serving))
        return gathered([self._ended, *counted])

    def asked(self, member: Member, message: ReloadAll) -> None:
        """Have all others do what a worker has done, and tell it what came of that."""
        self._spawn(self._reload_others(member, message))

    async def stop(self) -> None:
        """End all, gracefully."""
        self._stopping = True
        for task in list(self._tasks):
            task.cancel()
        for member in self._followed:
            member.stop()
        running = list(self._followed.values())
        if running:
            _, late = await asyncio.wait(running, timeout=self._grace + _LAST)
            for member, task in self._followed.items():
                if task in late:
                    member.kill()
            await asyncio.gather(*running)

    async def _begun(self, number: int) -> Member:
        member = await self._start(number)
        if not await member.settled():
            raise WorkerFailed(await self._followed[member])
        return member

    async def _start(self, number: int) -> Member:
        member = self._launch(number, self.asked)
        self._members[number] = member
        self._followed[member] = asyncio.create_task(member.follow())
        async with self._started:
            self._started.notify_all()
        _log.info("worker started", worker=number, pid=member.pid)
        return member

    async def _keep(self, member: Member) -> None:
        """Replace a worker whenever it has ended."""
        number, backoff = member.number, Backoff()
        while True:
            served = await self._over(member)
            if not member.leaving:
                self.restarts += 1
                delay = backoff.after(served)
                _log.error("worker is replaced", worker=number, seconds=delay)
                await asyncio.sleep(delay)
            member = await self._start(number)

    async def _over(self, member: Member) -> float:
        """Wait until a worker has ended, keep what it counted; return how long it served."""
        code = await asyncio.shield(self._followed[member])
        served = member.served
        _log.info("worker ended", worker=member.number, pid=member.pid, code=code)
        del self._followed[member]
        if self._members.get(member.number) is member:
            del self._members[member.number]
        self._ended = gathered([self._ended, lasting(member.families)])
        return served

    async def _roll(self) -> None:
        """Replace all: one more stands in for each while there is none of its number."""
        try:
            _log.warning("replacing the workers")
            spare = await self._start(self._count)
            if not await spare.settled():
                await self._over(spare)
                _log.error("no worker was replaced: a new one does not start")
                return
            for number in range(self._count):
                await self._replace(number)
            await self._dismiss(spare)
            _log.warning("all workers were replaced")
        finally:
            self._rolling = False

    async def _replace(self, number: int) -> None:
        old = self._members.get(number)
        if old is not None:
            await self._leave(old)
        new = await self._successor(number, old)
        while not await new.settled():
            new = await self._successor(number, new)

    async def _successor(self, number: int, old: Member | None) -> Member:
        async with self._started:
            await self._started.wait_for(lambda: self._members.get(number) not in {None, old})
        return self._members[number]

    async def _dismiss(self, spare: Member) -> None:
        if spare.serves:
            await self._leave(spare)
        await self._over(spare)

    async def _leave(self, member: Member) -> None:
        """Have a worker end while others serve, and see that it does."""
        await member.count(_COUNTING)
        member.leave()
        asyncio.get_running_loop().call_later(2 * self._grace + _LAST, member.kill)

    async def _reload(
        self, parts: Iterable[ReloadPart], but: Member | None
    ) -> dict[int, tuple[Outcome, ...]]:
        asked = [each for each in self._members.values() if each.serves and each is not but]
        message = Reload(asked=0, parts=tuple(parts))
        answers = await asyncio.gather(*(each.reload(message, _RELOADING) for each in asked))
        return {
            member.number: answer.outcomes if answer else ()
            for member, answer in zip(asked, answers, strict=True)
        }

    async def _reload_others(self, member: Member, message: ReloadAll) -> None:
        workers = await self._reload(message.parts, member)
        member.say(ReloadedAll(asked=message.asked, workers=workers))

    async def _watch(self) -> None:
        """End workers that only a new process helps."""
        loop = asyncio.get_running_loop()
        before = loop.time()
        while True:
            await asyncio.sleep(_LOOK)
            now, late = loop.time(), loop.time() - before > 2 * _LOOK + 1
            before = now
            for member in list(self._members.values()):
                if late:
                    member.forgive()
                elif member.lost:
                    _log.error("worker does not work", worker=member.number, pid=member.pid)
                    member.kill()

    def _spawn(self, work: Coroutine[object, object, object]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[object]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (defect := task.exception()) and not self.broken.done():
            self.broken.set_exception(defect)
