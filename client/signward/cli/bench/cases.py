"""What is measured: each case is one operation, made again and again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from signward.client import Client
from signward.errors import SignwardError
from signward.requests import raw_request
from signward.v1.resources_pb2 import Algorithm
from signward.v1.sign_service_pb2 import Hash

__all__ = ["BASELINE", "Case", "open_cases"]

BASELINE = "health"
_BURST = 64  # items of a batch, and in flight on the stream


@dataclass(frozen=True, slots=True)
class Case:
    """One operation.

    Attributes:
        name: Its name in the table.
        run: Does it once; raises ``SignwardError`` when it fails.
        items: What it counts as, in calls or signatures.
    """

    name: str
    run: Callable[[], object]
    items: int = 1


@contextmanager
def open_cases(
    client: Client, key: str, message: bytes, digest: Hash.ValueType | None
) -> Iterator[list[Case]]:
    """Yield the cases, the baseline first; each has run once, so that errors show at once.

    Args:
        client: Connected to the daemon; stays the caller's.
        key: Id of a key with the purpose raw.
        message: What each signature is over.
        digest: What secp256k1 signs; ``None``: SHA-256 for such a key, nothing for Ed25519.

    Raises:
        SignwardError: An operation fails.
    """
    algorithm = client.get_public_key(key).public_key.algorithm
    if digest is None and algorithm == Algorithm.ALGORITHM_ECDSA_SECP256K1:
        digest = Hash.HASH_SHA256
    request = raw_request(key, message, hash=digest)
    burst = [request] * _BURST

    def batch() -> None:
        for result in client.sign_batch(burst):
            if isinstance(result, SignwardError):
                raise result

    with client.stream() as stream:

        def pipelined() -> None:
            for future in [stream.send(request) for _ in range(_BURST)]:
                future.result()

        cases = [
            Case(BASELINE, client.health),
            Case("get_public_key", lambda: client.get_public_key(key)),
            Case("sign", lambda: client.sign(request)),
            Case(f"sign_batch_{_BURST}", batch, _BURST),
            Case(f"sign_stream_{_BURST}", pipelined, _BURST),
        ]
        for case in cases:
            case.run()
        yield cases
