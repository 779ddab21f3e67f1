"""A caller's certificate, reduced to what each call needs of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import grpc

from signward_server.core.errors import CertificateInvalid, IdentityMissing
from signward_server.core.identity import Identity
from signward_server.core.ports import Clock
from signward_server.rpc.peer import certificate_finder

__all__ = ["Leaf", "Leaves"]

_CACHED = 4096


@dataclass(frozen=True, slots=True)
class Leaf:
    """A parsed client certificate.

    Attributes:
        identity: Whom it names.
        not_before: Start of its validity, seconds since the epoch.
        not_after: End of its validity, seconds since the epoch.
    """

    identity: Identity
    not_before: float
    not_after: float


class Leaves:
    """Finds out who calls, from the certificate of the connection.

    Parsing takes some hundred microseconds, so results are kept by the certificate's
    bytes; validity is checked on every call (S2).

    Args:
        parse: Parses the PEM form of a leaf; raises a ``SignwardError`` for what it refuses.
        clock: Judges validity.
    """

    def __init__(self, parse: Callable[[bytes], Leaf], clock: Clock) -> None:
        self._parse = parse
        self._clock = clock
        self._certificate_of = certificate_finder()
        self._known: dict[bytes, Leaf] = {}

    def of(self, context: grpc.ServicerContext) -> Leaf:
        """Return the caller's certificate.

        Raises:
            IdentityMissing: The connection has none.
            IdentityUnknown: It names nobody whom this daemon accepts.
            CertificateInvalid: It has expired, or is not valid yet.
        """
        pem = self._certificate_of(context)
        if pem is None:
            raise IdentityMissing
        leaf = self._known.get(pem) or self._parsed(pem)
        if not leaf.not_before <= self._clock.time() <= leaf.not_after:
            raise CertificateInvalid
        return leaf

    def _parsed(self, pem: bytes) -> Leaf:
        leaf = self._parse(pem)
        if len(self._known) >= _CACHED:
            self._known.clear()
        self._known[pem] = leaf
        return leaf
