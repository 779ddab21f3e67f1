"""The client for asyncio: the same methods, arguments and errors, to be awaited.

``from signward.aio import Client``; everything else is as in ``signward``.
"""

from __future__ import annotations

from signward.aio.audit_tail import AuditTail
from signward.aio.client import Client
from signward.aio.stream import SignStream
from signward.aio.stream_call import SignFuture

__all__ = ["AuditTail", "Client", "SignFuture", "SignStream"]
