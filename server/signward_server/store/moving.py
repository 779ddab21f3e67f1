"""Moves keys, API keys and agents to another KEK: their MACs, and what their rows name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Protocol

from sqlalchemy import Connection, bindparam, select, type_coerce
from sqlalchemy.types import NullType

from signward_server.core.errors import EnvelopeCorrupt
from signward_server.core.keys import CustodyKind, Key, KeyAttributes
from signward_server.core.ports import RowAuthenticator
from signward_server.core.public_key import PublicKey
from signward_server.store.agents import AuthenticAgents
from signward_server.store.agents.rows import AgentRow, read_batch, set_macs
from signward_server.store.api_key_rows import ApiKeyRow
from signward_server.store.authentic import AuthenticKeys
from signward_server.store.authentic_api_keys import AuthenticApiKeys
from signward_server.store.batch import Batch, Wanted, in_batches
from signward_server.store.canonical import api_key_mac_input
from signward_server.store.rekeying import Rekeying
from signward_server.store.rows import KeyRow, VersionRow, key_from
from signward_server.store.schema import api_keys, as_stored, key_versions, keys, materials

__all__ = ["Moving", "Rewrap"]

_START: Final = ""  # nothing sorts before it but numbers, and no id is one


class Rewrap(Protocol):
    """Takes a sealed private half to another KEK."""

    def __call__(
        self, blob: bytes, attributes: KeyAttributes, version: int, public_key: PublicKey, /
    ) -> bytes:
        """Return it sealed under the new KEK; one that is already, unchanged.

        Raises:
            EnvelopeCorrupt: It is under another one, or does not belong to this version.
        """
        ...


_LIMIT: Any = bindparam("most")
_KEYS = as_stored(keys).where(keys.c.id > bindparam("after")).order_by(keys.c.id).limit(_LIMIT)
_API_KEYS = (
    as_stored(api_keys)
    .where(api_keys.c.id > bindparam("after"))
    .order_by(api_keys.c.id)
    .limit(_LIMIT)
)
_OF_THESE: Any = bindparam("ids", expanding=True)
_VERSIONS = (
    as_stored(key_versions)
    .where(key_versions.c.key_id.in_(_OF_THESE))
    .order_by(key_versions.c.key_id, key_versions.c.version.desc())
)
_MATERIALS = select(
    materials.c.key_id, materials.c.version, type_coerce(materials.c.sealed, NullType())
).where(materials.c.key_id.in_(_OF_THESE))


class Moving:
    """Moves rows from one KEK to another.

    Args:
        rekeying: Runs transactions.
        old: Checks the MACs of rows that have not been moved.
        new: Makes and checks those of rows that have.
        rewrap: Takes sealed private halves along.
    """

    def __init__(
        self, rekeying: Rekeying, old: RowAuthenticator, new: RowAuthenticator, rewrap: Rewrap
    ) -> None:
        self._rekeying = rekeying
        self._new = new
        self._keys = AuthenticKeys(new), AuthenticKeys(old)
        self._api_keys = AuthenticApiKeys(new), AuthenticApiKeys(old)
        self._agents = AuthenticAgents(new), AuthenticAgents(old)
        self._rewrap = rewrap

    def keys(self) -> Iterator[Batch]:
        """Move all keys, a batch for each step; see ``in_batches``."""
        return in_batches(self._rekeying, _read_keys, self._move_keys, _START)

    def api_keys(self) -> Iterator[Batch]:
        """Move all API keys, likewise."""
        return in_batches(self._rekeying, _read_api_keys, self._move_api_keys, _START)

    def agents(self) -> Iterator[Batch]:
        """Move all agents, likewise."""
        return in_batches(self._rekeying, read_batch, self._move_agents, _START)

    def _move_keys(self, connection: Connection, rows: Sequence[KeyRow]) -> Batch:
        batch = Batch(len(rows))
        if not rows:
            return batch
        ids = {"ids": [row.id for row in rows]}
        versions: defaultdict[object, list[VersionRow]] = defaultdict(list)
        for version in map(VersionRow._make, connection.execute(_VERSIONS, ids)):
            versions[version.key_id].append(version)
        sealed: defaultdict[object, dict[object, object]] = defaultdict(dict)
        for key_id, number, blob in connection.execute(_MATERIALS, ids):
            sealed[key_id][number] = blob
        for row in rows:
            if not self._move_key(batch, row, versions[row.id], sealed[row.id]):
                batch.left.append(str(row.id))
        batch.write_keys(connection)
        return batch

    def _move_key(
        self,
        batch: Batch,
        row: KeyRow,
        versions: Sequence[VersionRow],
        sealed: Mapping[object, object],
    ) -> bool:
        """Move a key; return whether nothing of it is left."""
        listed = [version for version in versions if version.forgotten == 0]
        new, old = self._keys
        if not (known := new.genuine(row, listed)) and not old.genuine(row, listed):
            return False
        try:
            key = key_from(row, listed)
        except (ValueError, TypeError, OverflowError):
            return False  # of a kind that only another release knows
        whole = True
        if key.custody is CustodyKind.ENVELOPE:
            for version in versions:
                if version.version in sealed:
                    whole &= self._move_material(batch, key, version, sealed[version.version])
        if not known:
            batch.macs.append({"this": row.id, "tag": new.tagged(row, listed).mac})
        return whole

    def _move_material(self, batch: Batch, key: Key, version: VersionRow, blob: object) -> bool:
        try:
            if not isinstance(blob, bytes):
                return False
            public_key = PublicKey.from_spki(version.public_key)
            moved = self._rewrap(blob, key, version.version, public_key)
        except (EnvelopeCorrupt, ValueError, TypeError):
            return False  # a tombstone's row has no MAC, and may hold anything
        if moved != blob:
            batch.sealed.append({"this": key.id, "number": version.version, "blob": moved})
        return True

    def _move_api_keys(self, connection: Connection, rows: Sequence[ApiKeyRow]) -> Batch:
        batch = Batch(len(rows))
        new, old = self._api_keys
        for row in rows:
            if new.authentic(row) is not None:
                continue
            if old.authentic(row) is None:
                batch.left.append(str(row.id))
                continue
            tag = self._new.tag(api_key_mac_input(row))
            batch.macs.append({"this": row.id, "tag": tag})
        batch.write_api_keys(connection)
        return batch

    def _move_agents(self, connection: Connection, rows: Sequence[AgentRow]) -> Batch:
        batch = Batch(len(rows))
        new, old = self._agents
        for row in rows:
            if new.authentic(row) is not None:
                continue
            if old.authentic(row) is None:
                batch.left.append(str(row.address))
                continue
            batch.macs.append({"this": row.address, "tag": new.tagged(row).mac})
        set_macs(connection, batch.macs)
        return batch


def _read_keys(connection: Connection, wanted: Wanted) -> list[KeyRow]:
    return list(map(KeyRow._make, connection.execute(_KEYS, wanted)))


def _read_api_keys(connection: Connection, wanted: Wanted) -> list[ApiKeyRow]:
    return list(map(ApiKeyRow._make, connection.execute(_API_KEYS, wanted)))
