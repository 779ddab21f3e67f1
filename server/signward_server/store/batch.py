"""What becomes of some rows that go to another KEK, and writing it."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import Connection, bindparam, update

from signward_server.store.schema import api_keys, keys, materials, stamp

__all__ = ["Batch"]

_SET_MAC = (
    update(keys).where(keys.c.id == bindparam("this")).values(mac=bindparam("tag"), changed=stamp)
)
_SET_API_KEY_MAC = (
    update(api_keys)
    .where(api_keys.c.id == bindparam("this"))
    .values(mac=bindparam("tag"), changed=stamp)
)
_SET_MATERIAL = (
    update(materials)
    .where(materials.c.key_id == bindparam("this"), materials.c.version == bindparam("number"))
    .values(sealed=bindparam("blob"))
)


@dataclass(slots=True)
class Batch:
    """What becomes of some rows.

    Attributes:
        seen: How many keys or API keys they are.
        left: Ids of those that are not as they were written, and are left alone.
        macs: New MACs, with whose they are.
        sealed: Private halves under the new KEK, with whose they are.
    """

    seen: int = 0
    left: list[str] = field(default_factory=list)
    macs: list[dict[str, object]] = field(default_factory=list)
    sealed: list[dict[str, object]] = field(default_factory=list)

    def write_keys(self, connection: Connection) -> None:
        """Write what is new of keys."""
        if self.sealed:
            connection.execute(_SET_MATERIAL, self.sealed)
        if self.macs:
            connection.execute(_SET_MAC, self.macs)

    def write_api_keys(self, connection: Connection) -> None:
        """Write what is new of API keys."""
        if self.macs:
            connection.execute(_SET_API_KEY_MAC, self.macs)
