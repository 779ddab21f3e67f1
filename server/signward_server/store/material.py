"""Sealed private halves, read when a key is unlocked and never kept."""

from __future__ import annotations

from sqlalchemy import Engine, bindparam, select, type_coerce
from sqlalchemy.types import NullType

from signward_server.core.errors import EnvelopeCorrupt
from signward_server.store.driver import DriverSession, DriverStatement
from signward_server.store.schema import materials

__all__ = ["StoredMaterial"]

_SEALED = select(type_coerce(materials.c.sealed, NullType())).where(
    materials.c.key_id == bindparam("key_id"), materials.c.version == bindparam("version")
)


class StoredMaterial:
    """Implements ``core.ports.MaterialReader``.

    Args:
        swift: Engine whose statements are transactions of their own.
    """

    def __init__(self, swift: Engine) -> None:
        self._session = DriverSession(swift)
        self._sealed = DriverStatement(swift, _SEALED)

    def read_material(self, key_id: str, version: int) -> bytes:
        """See ``core.ports.MaterialReader.read_material``."""
        row = self._session.first(self._sealed, {"key_id": key_id, "version": version})
        if row is None or not isinstance(row[0], bytes):
            raise EnvelopeCorrupt
        return row[0]

    def close(self) -> None:
        """Let go of the database; nothing can be read afterwards."""
        self._session.close()
