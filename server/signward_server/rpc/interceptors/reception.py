"""Waiting for the one message of a unary call, but not for ever.

A caller that opens a call and never sends its message would hold a thread of the pool.
grpcio waits without a bound, so a watch cancels calls whose message is overdue, and sooner
while others wait for the threads: silent calls must not keep everybody else from signing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Protocol

import grpc

from signward_server.core.errors import Cancelled, MessageTooLarge, PayloadMalformed
from signward_server.core.ports import Clock
from signward_server.rpc.call import GrpcCall

__all__ = ["Cancellable", "ReceptionWatch", "received"]

_WHEN_CROWDED = 1.0


class Cancellable(Protocol):
    """A call, in whatever form."""

    def cancel(self) -> object:
        """End it as cancelled."""
        ...


class ReceptionWatch:
    """Cancels calls whose message does not come.

    Args:
        clock: Measures the wait.
        patience: Seconds that a message may take.
        crowded: Whether calls wait for a thread; a message may then take a second at most.
    """

    def __init__(
        self, clock: Clock, patience: float, crowded: Callable[[], bool] = lambda: False
    ) -> None:
        self._clock = clock
        self._patience = patience
        self._crowded = crowded
        self._waiting: dict[Cancellable, float] = {}
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reception-watch", daemon=True)

    def start(self) -> None:
        """Start watching."""
        self._thread.start()

    def stop(self) -> None:
        """Stop watching."""
        self._stopped.set()
        if self._thread.ident is not None:
            self._thread.join()

    def message(self, requests: Iterator[bytes], call: GrpcCall) -> bytes:
        """Return the call's message.

        Raises:
            Cancelled: The caller has gone, or took too long.
            PayloadMalformed: The caller closed without a message.
        """
        self.expect(call.context)
        try:
            return next(requests)
        except StopIteration as exc:
            raise PayloadMalformed from exc
        except grpc.RpcError as gone:
            gone.__traceback__ = None  # grpcio keeps the error, and the frames keep the call
            raise Cancelled from gone
        finally:
            self.arrived(call.context)

    def expect(self, call: Cancellable) -> None:
        """Cancel a call unless its message arrives in time."""
        self._waiting[call] = self._clock.monotonic()

    def arrived(self, call: Cancellable) -> None:
        """Leave a call alone from now on; one that was cancelled is known no more."""
        self._waiting.pop(call, None)

    def cancel_oldest(self, waited: float) -> bool:
        """Cancel the call that has waited longest for its message.

        Args:
            waited: Seconds that it must have waited.

        Returns:
            Whether there was one; its message counts as arrived then.
        """
        waiting = list(self._waiting.items())
        if not waiting or self._clock.monotonic() - waiting[0][1] < waited:
            return False
        call = waiting[0][0]
        self._waiting.pop(call, None)
        call.cancel()
        return True

    def _run(self) -> None:
        shortest = min(self._patience, _WHEN_CROWDED)
        while not self._stopped.wait(shortest / 4):
            patience = shortest if self._crowded() else self._patience
            overdue = self._clock.monotonic() - patience
            for call, since in self._waiting.copy().items():
                if since < overdue:
                    call.cancel()


def received(
    following: Callable[[bytes, GrpcCall], bytes], watch: ReceptionWatch, largest: int
) -> Callable[[Iterator[bytes], GrpcCall], bytes]:
    """Wrap a behaviour that takes one message of at most ``largest`` bytes."""

    def behaviour(requests: Iterator[bytes], call: GrpcCall) -> bytes:
        message = watch.message(requests, call)
        if len(message) > largest:
            raise MessageTooLarge
        return following(message, call)

    return behaviour
