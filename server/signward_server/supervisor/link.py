"""A worker's end of what it and its supervisor tell each other."""

from __future__ import annotations

import itertools
import select
import socket
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future

from signward_server.core.ports import Reloaded, ReloadPart
from signward_server.supervisor.frames import BadFrameError, Frames
from signward_server.supervisor.messages import (
    FromSupervisor,
    FromWorker,
    ReloadAll,
    ReloadedAll,
    encoded,
    from_supervisor,
)

__all__ = ["Link", "LinkClosed"]

_CHUNK = 65536
_PATIENCE = 5.0  # seconds for the supervisor to take what is sent
_OTHERS = 12.0  # seconds for all others to read their parts again


class LinkClosed(Exception):  # noqa: N818  # names read as what happened
    """There is no supervisor any more, or it does not speak as it must."""


class Link:
    """Threads may send; one receives.

    Args:
        descriptor: The socket that the supervisor has left.
    """

    def __init__(self, descriptor: int) -> None:
        self._end = socket.socket(fileno=descriptor)
        self._end.settimeout(_PATIENCE)
        self._end.set_inheritable(False)
        self._frames = Frames()
        self._lock = threading.Lock()
        self._asked = itertools.count(1)
        self._answers: dict[int, Future[ReloadedAll]] = {}

    def fileno(self) -> int:
        """Return the descriptor that is readable when there is something to receive."""
        return self._end.fileno()

    def ensure_open(self) -> None:
        """Return if there is a supervisor; what it has said stays to be received.

        Raises:
            LinkClosed: There is none any more.
        """
        try:
            said, _, _ = select.select([self._end], [], [], 0)
            ended = bool(said) and not self._end.recv(1, socket.MSG_PEEK)
        except OSError as exc:
            raise LinkClosed from exc
        if ended:
            raise LinkClosed

    def close(self) -> None:
        """Say nothing any more; the supervisor takes that for the end of this process."""
        self._end.close()

    def send(self, message: FromWorker) -> None:
        """Tell the supervisor something.

        Raises:
            LinkClosed: Nobody takes it.
        """
        data = encoded(message)
        try:
            with self._lock:
                self._end.sendall(data)
        except OSError as exc:
            raise LinkClosed from exc

    def receive(self) -> Iterator[FromSupervisor]:
        """Yield what the supervisor says; waits until there is something.

        Answers to ``reload`` go to whoever waits for them.

        Raises:
            LinkClosed: It says nothing any more.
        """
        try:
            data = self._end.recv(_CHUNK)
            if not data:
                raise LinkClosed
            for content in self._frames.feed(data):
                message = from_supervisor(content)
                if not isinstance(message, ReloadedAll):
                    yield message
                elif waiting := self._answers.pop(message.asked, None):
                    waiting.set_result(message)
        except (OSError, BadFrameError) as exc:
            raise LinkClosed from exc

    def reload(self, parts: Iterable[ReloadPart]) -> Mapping[int, Sequence[Reloaded]]:
        """Have all other workers read parts again; see ``wiring.everywhere.Others``.

        Raises:
            TimeoutError: It is not known what has become of that.
        """
        asked = next(self._asked)
        waiting = self._answers[asked] = Future()
        try:
            self.send(ReloadAll(asked=asked, parts=tuple(parts)))
            workers = waiting.result(_OTHERS).workers
        except LinkClosed as exc:
            raise TimeoutError from exc
        finally:
            self._answers.pop(asked, None)
        return {
            number: [outcome.result() for outcome in outcomes]
            for number, outcomes in workers.items()
        }
