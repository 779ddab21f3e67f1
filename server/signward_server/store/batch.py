"""Rows that go to another KEK: a batch of them in each transaction, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import Connection, Executable, bindparam, update

from signward_server.store.rekeying import Rekeying
from signward_server.store.schema import api_keys, keys, materials, stamp

__all__ = ["Batch", "Wanted", "in_batches", "rows_of"]

_MOST = 500  # tests that look between batches take fewer
_Row = TypeVar("_Row", bound=Sequence[Any])

Wanted: TypeAlias = dict[str, object]
"""Parameters of a statement: at most ``most`` rows behind the one that begins with ``after``."""

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
        seen: How many keys, API keys or agents they are.
        left: Ids of those that are not as they were written, and are left alone.
        macs: New MACs, with whose they are.
        sealed: Private halves under the new KEK, with whose they are.
    """

    seen: int = 0
    left: list[str] = field(default_factory=list)
    macs: list[dict[str, object]] = field(default_factory=list)
    sealed: list[dict[str, object]] = field(default_factory=list)

    def leave(self, kind: str, scope: object) -> None:
        """Leave a row of this kind alone; its scope is bytes, unless somebody else wrote it."""
        self.left.append(f"{kind} {scope.hex() if isinstance(scope, bytes) else scope}")

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


def rows_of(statement: Executable) -> Callable[[Connection, Wanted], Sequence[Any]]:
    """Return how a statement reads the rows that are ``Wanted``, for ``in_batches``."""
    return lambda connection, wanted: connection.execute(statement, wanted).all()


def in_batches(
    rekeying: Rekeying,
    read: Callable[[Connection, Wanted], Sequence[_Row]],
    move: Callable[[Connection, Sequence[_Row]], Batch],
    begin: object,
) -> Iterator[Batch]:
    """Move all rows of a table, a batch for each step.

    Args:
        rekeying: Runs transactions.
        read: Returns rows in the order of what they begin with.
        move: Moves them.
        begin: What no row begins with, nor with anything before it.

    Raises:
        StoreUnavailable: The store cannot be written.
    """
    after = begin
    while True:
        with rekeying.changing() as connection:
            rows = read(connection, {"after": after, "most": _MOST})
            batch = move(connection, rows)
        yield batch
        if len(rows) < _MOST:
            return
        after = rows[-1][0]
