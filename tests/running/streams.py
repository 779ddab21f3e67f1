"""A signing stream, one item at a time."""

from __future__ import annotations

from collections.abc import Iterator
from queue import SimpleQueue

import grpc
from signward.v1 import sign_service_pb2 as pb

from tests.running.calls import SIGN, Refusal, refusal_in
from tests.running.homes import PATIENCE
from tests.running.keys import sign_request

__all__ = ["Stream"]


class Stream:
    """A stream that signs with one key."""

    def __init__(self, channel: grpc.Channel, key: str) -> None:
        self._items: SimpleQueue[bytes | None] = SimpleQueue()
        self._number = 0
        self._request = sign_request(key)
        requests = iter(self._items.get, None)
        call = channel.stream_stream(SIGN + "SignStream")
        self._answers: Iterator[bytes] = call(requests, timeout=PATIENCE)

    def sign(self) -> Refusal | None:
        """Send one item; return its refusal, nothing for a signature.

        Raises:
            grpc.RpcError: The whole stream has ended.
        """
        self._number += 1
        item = pb.SignStreamRequest(id=self._number, request=self._request)
        self._items.put(item.SerializeToString())
        answer = pb.SignStreamResponse.FromString(next(self._answers))
        return refusal_in(answer.error) if answer.HasField("error") else None

    def close(self) -> None:
        """Send no more."""
        self._items.put(None)
