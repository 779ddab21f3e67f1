"""Whom the daemon believes: one immutable snapshot, replaced as a whole.

What is found out about a certificate is kept with the snapshot that it was found out under,
so that a removed CA or a new revocation list is asked anew about every certificate (S2).
"""

from __future__ import annotations

from collections.abc import Callable

from signward_server.core.errors import SignwardError
from signward_server.rpc.leaf import Leaf

__all__ = ["Trust", "Trusted"]

_KEPT = 4096  # certificates, good and bad; beyond, all are parsed again


class Trust:
    """What is believed at one time.

    Args:
        parse: Reads the PEM form of a leaf; raises a ``SignwardError`` for what it refuses.
        version: SHA-256 of everything that it rests on, in hex.
    """

    def __init__(self, parse: Callable[[bytes], Leaf], version: str) -> None:
        self._parse = parse
        self.version = version
        self._leaves: dict[bytes, Leaf | type[SignwardError]] = {}

    def leaf(self, pem: bytes) -> Leaf:
        """Return what a certificate says; parsing takes up to a millisecond, so it is kept.

        Refusals are kept as well: who calls again and again with a certificate that names
        nobody costs no more than others.

        Raises:
            IdentityMissing, IdentityUnknown, CertificateRevoked: See ``IdentityParser``.
        """
        known = self._leaves.get(pem)
        if known is None:
            known = self._read(pem)
        if isinstance(known, Leaf):
            return known
        raise known

    def _read(self, pem: bytes) -> Leaf | type[SignwardError]:
        found: Leaf | type[SignwardError]
        try:
            found = self._parse(pem)
        except SignwardError as refused:
            found = type(refused)
        if len(self._leaves) >= _KEPT:
            self._leaves.clear()
        self._leaves[pem] = found
        return found


class Trusted:
    """The trust in force; ``now`` is replaced by whoever reads files again."""

    __slots__ = ("now",)

    def __init__(self, trust: Trust) -> None:
        self.now = trust
