"""Whom the daemon believes: one immutable snapshot, replaced as a whole.

What is found out about a certificate is kept with the snapshot that it was found out under,
so that a removed CA or a new revocation list is asked anew about every certificate (S2).
"""

from __future__ import annotations

from collections.abc import Callable

from signward_server.core.errors import IdentityUnknown, SignwardError
from signward_server.rpc.identity import LARGEST_LEAF
from signward_server.rpc.leaf import Leaf
from signward_server.rpc.recent import Recent

__all__ = ["Trust", "Trusted"]

_KNOWN = 4096
_REFUSED = 1024


class Trust:
    """What is believed at one time.

    Args:
        parse: Reads the PEM form of a leaf; raises a ``SignwardError`` for what it refuses.
        version: SHA-256 of everything that it rests on, in hex.
    """

    def __init__(self, parse: Callable[[bytes], Leaf], version: str) -> None:
        self._parse = parse
        self.version = version
        self._known: Recent[bytes, Leaf] = Recent(_KNOWN)
        self._refused: Recent[bytes, type[SignwardError]] = Recent(_REFUSED)

    def leaf(self, pem: bytes) -> Leaf:
        """Return what a certificate says; parsing takes up to a millisecond, so it is kept.

        Refusals are kept as well, and apart: who calls again and again with certificates that
        name nobody costs no more than others, and displaces none of them.

        Raises:
            IdentityMissing, IdentityUnknown, CertificateRevoked: See ``IdentityParser``.
        """
        return self._known.get(pem) or self._read(pem)

    def _read(self, pem: bytes) -> Leaf:
        if len(pem) > LARGEST_LEAF:
            raise IdentityUnknown
        refused = self._refused.get(pem)
        if refused is not None:
            raise refused
        try:
            leaf = self._parse(pem)
        except SignwardError as error:
            self._refused.put(pem, type(error))
            raise
        self._known.put(pem, leaf)
        return leaf


class Trusted:
    """The trust in force; ``now`` is replaced by whoever reads files again."""

    __slots__ = ("now",)

    def __init__(self, trust: Trust) -> None:
        self.now = trust
