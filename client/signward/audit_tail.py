"""Following the audit log: records as they are written, over as many connections as it takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Protocol, Self

import grpc

from signward.errors import Cancelled, SignwardError, Unavailable
from signward.retry import RetryPolicy
from signward.status import from_rpc_error
from signward.v1 import audit_pb2 as pb

__all__ = ["AuditTail", "TailProgress"]


class TailProgress:
    """How far a tail has come, however its calls are made.

    Args:
        request: Where to begin and what is wanted; then where to go on.
        policy: How often to try again when the daemon cannot be reached, and how patiently.

    Attributes:
        next_sequence: Number of the first record that was not looked at. Keep it to go on
            later; it says something as soon as ``has_begun``.
        has_begun: Whether the daemon has said where it begins.
    """

    def __init__(self, request: pb.TailAuditRecordsRequest, policy: RetryPolicy) -> None:
        self._request = request
        self._policy = policy
        self._failures = 0
        self._closed = False
        self.next_sequence: int = request.start
        self.has_begun = False

    def _take(self, answer: pb.TailAuditRecordsResponse) -> pb.AuditRecord | None:
        """Return the record in an answer, if there is one, and go on after it."""
        self._failures, self.has_begun = 0, True
        self.next_sequence = self._request.start = answer.next_sequence
        self._request.log = answer.log  # whoever answers the next call
        return answer.record if answer.HasField("record") else None

    def _pause(self, failure: SignwardError) -> float:
        """Return the seconds to wait before the next call, or raise what ended the last one."""
        if self._closed:
            return 0.0
        self._failures += 1
        if not isinstance(failure, Unavailable | Cancelled):
            raise failure
        if self._failures >= self._policy.attempts:
            raise failure
        return self._policy.delay(self._failures, failure.retry_after)


class _Call(Protocol):
    """What is used of grpc's call object."""

    def __next__(self) -> pb.TailAuditRecordsResponse: ...

    def cancel(self) -> bool: ...


class AuditTail(TailProgress, Iterator[pb.AuditRecord]):
    """An iterator over records that waits for the next one. For one thread; close it in the end.

    A connection that ends, as each does within an hour, is followed by another, which goes on
    after the last record: none is lost and none comes twice.

    Args:
        method: Makes the call.
        request: Where to begin and what is wanted.
        policy: How often to try again when the daemon cannot be reached, and how patiently.
    """

    def __init__(
        self,
        method: Callable[[pb.TailAuditRecordsRequest], _Call],
        request: pb.TailAuditRecordsRequest,
        policy: RetryPolicy,
    ) -> None:
        super().__init__(request, policy)
        self._method = method
        self._call: _Call | None = None

    def __next__(self) -> pb.AuditRecord:
        """Wait for the next record and return it.

        Raises:
            SignwardError: The call failed, and trying again did not help.
        """
        while not self._closed:
            if self._call is None:
                self._call = self._method(self._request)
            try:
                answer = next(self._call)
            except StopIteration:
                self._try_again(Unavailable("the daemon ended the stream"))
            except grpc.RpcError as error:
                self._try_again(from_rpc_error(error))
            else:
                record = self._take(answer)
                if record is not None:
                    return record
        raise StopIteration

    def close(self) -> None:
        """End it; whoever waits for a record is told that there is none."""
        self._closed = True
        if self._call is not None:
            self._call.cancel()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _try_again(self, failure: SignwardError) -> None:
        """Wait before the next call, or raise what ended the last one."""
        self._call = None
        if pause := self._pause(failure):
            self._policy.sleep(pause)
