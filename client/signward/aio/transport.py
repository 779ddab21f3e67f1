"""How the client for asyncio makes its calls: each is awaited."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeVar

import grpc

from signward.aio.audit_tail import AuditTail
from signward.aio.calls import UnaryCall
from signward.aio.stream import SignStream
from signward.errors import SignwardError
from signward.plans import Call, Pages, Plan, Rpc
from signward.retry import RetryPolicy
from signward.v1 import audit_pb2
from signward.v1.admin_service_pb2_grpc import AdminServiceStub
from signward.v1.sign_service_pb2_grpc import SignServiceStub

__all__ = ["Transport"]

_T = TypeVar("_T")


class Transport:
    """Carries out what methods plan. Tasks may share it.

    Args:
        channel: Makes the calls.
        timeout: Deadline in seconds of each unary call that names none.
        policy: How to retry.
        ready: Waits as a new call has to, and returns which connection new calls go over: a
            number that grows with each new one.
    """

    def __init__(
        self,
        channel: grpc.aio.Channel,
        timeout: float,
        policy: RetryPolicy,
        ready: Callable[[], Awaitable[int]],
    ) -> None:
        self._channel = channel
        self._timeout = timeout
        self._policy = policy
        self._ready = ready
        self._calls: dict[Rpc[Any, Any], UnaryCall[Any, Any]] = {}

    async def unary(self, plan: Plan[_T]) -> _T:
        """Make the calls of a plan, one after the other; return what it returns."""
        try:
            call = next(plan)
            while True:
                try:
                    answer = await self._make(call)
                except SignwardError as failure:
                    call = plan.throw(failure)
                else:
                    call = plan.send(answer)
        except StopIteration as end:
            result: _T = end.value
            return result

    async def pages(self, pages: Pages[_T]) -> AsyncIterator[_T]:
        """Yield what is listed, page by page."""
        while pages.has_more:
            for item in await self.unary(pages.turn()):
                yield item

    def tail(self, request: audit_pb2.TailAuditRecordsRequest) -> AuditTail:
        """Follow the audit log."""
        method = AdminServiceStub(self._channel).TailAuditRecords
        return AuditTail(method, request, self._policy, self._ready)

    def stream(self, timeout: float | None) -> SignStream:
        """Open a signing stream."""
        return SignStream(
            SignServiceStub(self._channel).SignStream,
            timeout=timeout,
            item_timeout=self._timeout,
            ready=self._ready,
        )

    async def _make(self, call: Call) -> object:
        made = self._calls.get(call.rpc)
        if made is None:
            method, repeatable = call.rpc.on(self._channel), call.rpc.repeatable
            made = UnaryCall(method, self._timeout, self._policy, repeatable, self._ready)
            self._calls[call.rpc] = made
        return await made(call.request, call.timeout)
