"""A caller's certificate, reduced to what each call needs of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import grpc

from signward_server.core.errors import CertificateInvalid, IdentityMissing
from signward_server.core.identity import Identity
from signward_server.core.ports import Clock

__all__ = ["Leaf", "Leaves"]

_CACHED = 4096
_PEM = "x509_pem_cert"  # the leaf; the chain beside it is what the peer sent


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
        self._known: dict[bytes, Leaf] = {}

    def of(self, context: grpc.ServicerContext) -> Leaf:
        """Return the caller's certificate.

        Raises:
            IdentityMissing: The connection has none.
            IdentityUnknown: It names nobody whom this daemon accepts.
            CertificateInvalid: It has expired, or is not valid yet.
        """
        properties = cast("Mapping[str, Sequence[bytes]]", context.auth_context())
        pems = properties.get(_PEM)
        if not pems:
            raise IdentityMissing
        leaf = self._known.get(pems[0]) or self._parsed(pems[0])
        if not leaf.not_before <= self._clock.time() <= leaf.not_after:
            raise CertificateInvalid
        return leaf

    def _parsed(self, pem: bytes) -> Leaf:
        leaf = self._parse(pem)
        if len(self._known) >= _CACHED:
            self._known.clear()
        self._known[pem] = leaf
        return leaf
