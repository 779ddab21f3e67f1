"""Addresses of the versions of keys, and the other way round."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from signward_server.core.errors import EnvelopeCorrupt
from signward_server.core.keys import Key, KeyVersion, Purpose
from signward_server.core.ports import Catalogue
from signward_server.core.public_key import PublicKey

__all__ = ["AddressOf", "Addresses"]

AddressOf = Callable[[PublicKey], str]
"""Returns the address of a secp256k1 key, ``0x`` and 40 lower-case hex digits."""

_SCAN = 500


class Addresses:
    """Computes each address once, and remembers whose it is.

    Args:
        catalogue: All keys.
        address_of: Computes them.
    """

    def __init__(self, catalogue: Catalogue, address_of: AddressOf) -> None:
        self._catalogue = catalogue
        self._address_of = address_of
        self._addresses: dict[bytes, str] = {}
        self._places: dict[str, tuple[str, int]] = {}

    def of(self, key: Key, version: KeyVersion) -> str:
        """Return the address of a version of a secp256k1 key."""
        fingerprint = version.public_key.fingerprint
        known = self._addresses.get(fingerprint)
        if known is not None:
            return known
        address = self._address_of(version.public_key)
        self._addresses[fingerprint] = address
        self._places[address] = (key.id, version.version)
        return address

    def find(self, address: str) -> tuple[Key, KeyVersion] | None:
        """Return whose address this is, ``None`` if it is no hyperliquid key's."""
        if address not in self._places:
            for key in self._keys():
                for version in key.versions:
                    self.of(key, version)
        place = self._places.get(address)
        return None if place is None else self._at(*place)

    def _at(self, key_id: str, number: int) -> tuple[Key, KeyVersion] | None:
        try:
            key = self._catalogue.get(key_id)
        except EnvelopeCorrupt:
            return None
        version = None if key is None else key.version(number)
        return None if key is None or version is None else (key, version)

    def _keys(self) -> Iterator[Key]:
        after, more = "", True
        while more:
            page = self._catalogue.page(after, _SCAN)
            yield from (key for key in page if key.purpose is Purpose.HYPERLIQUID)
            more = len(page) == _SCAN
            after = page[-1].id if page else ""
