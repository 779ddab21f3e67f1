"""One stream that answers each message by one, without a thread that waits for it.

grpcio gives a stream a thread for its whole life, and wakes it twice for each message: when
it has come, and when the answer has been sent. Here one operation of gRPC's core sends an
answer and receives the message after it, and the serving thread is told once when both are
done. So a stream that is idle holds no thread, a message is only taken when the answer before
it has been handed to the transport, and flow control holds back whoever does not read.

As ``rpc.early`` this takes names that grpcio does not promise; ``rpc.items`` compares them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol, TypeAlias

from grpc import _server
from grpc._cython import cygrpc  # type: ignore[attr-defined]  # compiled

from signward_server.core.unexpected import unexpected

__all__ = ["NUDGE", "ItemStream", "Later", "Workers", "later_of"]

Later: TypeAlias = Callable[[Callable[[], None]], None]
"""Has something done when an answer is on its way: what its caller need not wait for."""

NUDGE: Final[Any] = object()
"""Comes in place of a message when there is none: a look at the caller, answered by itself."""

_END: Final[Any] = object()
_NO_FLAGS = 0
_OUTSTANDING = "answer and next message"  # beside grpcio's own names of operations


class Workers(Protocol):
    """Who works on the messages of a stream."""

    def takes(self, stream: ItemStream, message: bytes) -> bool:
        """Return whether a thread of theirs takes a message; otherwise the caller works."""
        ...

    def take(self, stream: ItemStream, message: Any) -> None:  # noqa: ANN401  # grpcio's own
        """Have a thread work on a message."""
        ...

    def forget(self, stream: ItemStream) -> None:
        """Let go of a stream that is over."""
        ...


class ItemStream:
    """One stream; grpcio calls it with the event that brings a message.

    Whoever finds it free works on it, alone: the serving thread, a thread of the workers or
    the one that nudges. What comes meanwhile, one message at most, waits. It is the iterator
    of requests of its own behaviour, which answers each by one.

    Args:
        workers: Its threads.
        event: grpcio's event that opened it.
        state: grpcio's state of it.
        behaviour: Called with the iterator of requests and the context; returns answers.

    Attributes:
        behaviour: The same.
    """

    __slots__ = (
        "_after",
        "_answers",
        "_call",
        "_event",
        "_given",
        "_is_asked",
        "_is_worked_on",
        "_state",
        "_waiting",
        "_workers",
        "behaviour",
    )

    def __init__(
        self,
        workers: Workers,
        event: Any,  # noqa: ANN401  # grpcio's own
        state: Any,  # noqa: ANN401  # grpcio's own
        behaviour: Callable[..., Any],
    ) -> None:
        self.behaviour = behaviour
        self._workers = workers
        self._event = event
        self._call = event.call
        self._state = state
        self._answers = behaviour(self, _server._Context(event, state, None))
        self._given: Any = None  # what the behaviour takes next
        self._after: Callable[[], None] = _nothing
        self._waiting: Any = None  # what has come while it was worked on
        self._is_asked = False  # whether an operation is under way
        self._is_worked_on = False

    def open(self) -> None:
        """Begin: have a thread find out who calls, and ask for the first message."""
        self._is_worked_on = True
        self._workers.take(self, NUDGE)

    def __call__(self, event: Any) -> object:  # noqa: ANN401  # grpcio's own
        """Take what has come: a message, or ``None`` for the end of them.

        It is the end too when the caller goes while nothing is worked on: nothing is refused.
        """
        message = event.batch_operations[-1].message()
        if message is None:
            message = _END
        with self._state.condition:
            self._is_asked = False
            outcome = _server._possibly_finish_call(self._state, _OUTSTANDING)
            is_free = not self._is_worked_on
            if is_free:
                self._is_worked_on = True
            else:
                self._waiting = message
        if is_free:
            if message is not _END and self._workers.takes(self, message):
                self._workers.take(self, message)
            else:
                self.work(message)
        return outcome

    def after(self, work: Callable[[], None]) -> None:
        """Have something done when the answer to this message is on its way."""
        self._after = work

    def nudge(self) -> None:
        """Look after the caller, unless the stream is worked on or over."""
        with self._state.condition:
            if self._is_worked_on:
                return
            self._is_worked_on = True
        self.work(NUDGE)

    def cancel(self) -> None:
        """End it as cancelled."""
        self._call.cancel()

    def work(self, message: Any) -> None:  # noqa: ANN401  # grpcio's own
        """Work on a message; for whoever has found the stream free. Never raises."""
        try:
            self._work(message)
        except Exception as error:  # noqa: BLE001  # it would end the serving thread
            unexpected(error)
            self.cancel()

    def _work(self, message: Any) -> None:  # noqa: ANN401  # grpcio's own
        state = self._state
        self._given = message
        answer, proceed = state.context.run(
            _server._take_response_from_response_iterator, self._event, state, self._answers
        )
        after, self._after = self._after, _nothing
        with state.condition:
            goes_on = proceed and answer is not None and _server._is_rpc_state_active(state)
            following, self._waiting = self._waiting, None
            if goes_on:
                if following is None and not self._is_asked:
                    self._ask(answer)
                self._is_worked_on = following is not None
        if not goes_on:
            self._end(is_answered=proceed and answer is None)
        elif following is not None:
            self._workers.take(self, following)
        after()

    def __iter__(self) -> ItemStream:
        return self

    def __next__(self) -> Any:  # noqa: ANN401  # grpcio's own
        if self._given is _END:
            raise StopIteration
        return self._given

    def _ask(self, answer: Any) -> None:  # noqa: ANN401  # grpcio's own
        """Send an answer, if it is one, and ask for the next message."""
        operations = [cygrpc.ReceiveMessageOperation(_NO_FLAGS)]
        if answer is not NUDGE:
            operations.insert(0, cygrpc.SendMessageOperation(answer, _NO_FLAGS))
            if self._state.initial_metadata_allowed:
                operations.insert(0, _server._get_initial_metadata_operation(self._state, None))
                self._state.initial_metadata_allowed = False
        self._call.start_server_batch(operations, self)
        self._state.due.add(_OUTSTANDING)
        self._is_asked = True

    def _end(self, *, is_answered: bool) -> None:
        """Let go of all that it held; it stays worked on, so that nobody finds it free.

        Args:
            is_answered: Whether all was answered, so that the status is still to be sent.
        """
        self._workers.forget(self)
        if is_answered:
            _server._status(self._event, self._state, None)
        self._answers.close()
        self._answers = None


def later_of(requests: object) -> Later:
    """Return how to have something done after an answer; where that is not known, at once."""
    return requests.after if isinstance(requests, ItemStream) else _at_once


def _at_once(work: Callable[[], None]) -> None:
    work()


def _nothing() -> None:
    pass
