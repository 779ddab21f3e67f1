"""Following the audit log: records as they are written, over as many connections as it takes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from types import TracebackType
from typing import Self

import grpc

from signward.aio.calls import was_cancelled_here
from signward.audit_tail import TailProgress
from signward.errors import Cancelled, SignwardError, Unavailable
from signward.retry import RetryPolicy
from signward.status import from_rpc_error
from signward.v1 import audit_pb2 as pb

__all__ = ["AuditTail"]


class AuditTail(TailProgress, AsyncIterator[pb.AuditRecord]):
    """An iterator over records that waits for the next one. For one task; close it in the end.

    A connection that ends, as each does within an hour, is followed by another, which goes on
    after the last record: none is lost and none comes twice.

    Args:
        method: Makes the call.
        request: Where to begin and what is wanted.
        policy: How often to try again when the daemon cannot be reached, and how patiently.
        ready: Waits as a new call has to.
    """

    def __init__(
        self,
        method: Callable[
            [pb.TailAuditRecordsRequest],
            grpc.aio.UnaryStreamCall[pb.TailAuditRecordsRequest, pb.TailAuditRecordsResponse],
        ],
        request: pb.TailAuditRecordsRequest,
        policy: RetryPolicy,
        ready: Callable[[], Awaitable[object]],
    ) -> None:
        super().__init__(request, policy)
        self._method = method
        self._ready = ready
        self._answers: AsyncIterator[pb.TailAuditRecordsResponse] | None = None
        self._cancel: Callable[[], object] = bool

    async def __anext__(self) -> pb.AuditRecord:
        """Wait for the next record and return it.

        Raises:
            SignwardError: The call failed, and trying again did not help.
        """
        while not self._closed:
            try:
                answer = await anext(await self._running())
            except StopAsyncIteration:
                await self._try_again(Unavailable("the daemon ended the stream"))
            except grpc.RpcError as error:
                await self._try_again(from_rpc_error(error))
            except asyncio.CancelledError:
                if was_cancelled_here():
                    raise
                await self._try_again(Cancelled("the connection was closed on this side"))
            else:
                record = self._take(answer)
                if record is not None:
                    return record
        raise StopAsyncIteration

    async def close(self) -> None:
        """End it; whoever waits for a record is told that there is none."""
        self._closed = True
        self._cancel()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def _running(self) -> AsyncIterator[pb.TailAuditRecordsResponse]:
        """Return the answers of the call that runs; without one, make it."""
        if self._answers is None:
            await self._ready()
            call = self._method(self._request)
            self._answers, self._cancel = aiter(call), call.cancel
        return self._answers

    async def _try_again(self, failure: SignwardError) -> None:
        """Wait before the next call, or raise what ended the last one."""
        self._answers = None
        if pause := self._pause(failure):
            await asyncio.sleep(pause)
