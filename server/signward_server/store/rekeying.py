"""Takes the rows of a store from one KEK to another, a batch in a transaction (S22).

In between, a row is as it was or as it will be: whoever reads one finds out by its MAC. So a
batch can be done again, and whatever was interrupted goes on where it was.
"""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Literal, cast

from sqlalchemy import Connection, Engine, delete, func, select, type_coerce
from sqlalchemy.types import NullType

from signward_server.core.errors import EnvelopeCorrupt, StoreUnavailable
from signward_server.core.ports import Clock
from signward_server.core.startup import StoreRefused
from signward_server.store.failures import unavailable
from signward_server.store.meta_values import set_value, value_of
from signward_server.store.schema import (
    agents,
    api_keys,
    approvals,
    imports,
    keys,
    materials,
    meta,
    peers,
)
from signward_server.store.version import StoreVersion
from signward_server.store.writing import Writing

__all__ = ["Rekeying", "RekeyingState", "Stage", "Tally"]

Stage = Literal["moving", "moved", "left"]
"""``moving``: rows are under either KEK; ``moved``: none is left that can be moved, but the old
KEK is in its place still; ``left``: done, but for rows that are damaged."""

_STATE: Final = "kek_rotation"
_DIGEST_KEY: Final = "digest_key"
_SECOND: Final = 1_000_000  # microseconds
_SOON: Final = 0.05  # seconds
_IN_PARTS: Final = {"yield_per": 1000}
_SEALED: Final = select(type_coerce(materials.c.sealed, NullType()))
_is_state = re.compile(r"([0-9a-f]{32}) ([0-9a-f]{32}) (moving|moved|left)").fullmatch


@dataclass(frozen=True, slots=True)
class RekeyingState:
    """How far it is.

    Attributes:
        old: Id of the KEK that rows come from, 16 bytes.
        new: Id of the KEK that they go to, 16 bytes.
        stage: How far.
    """

    old: bytes
    new: bytes
    stage: Stage


@dataclass(frozen=True, slots=True)
class Tally:
    """Which KEKs the rows name.

    Attributes:
        named: How many sealed private halves name each KEK, by its id.
        unknown: How many sealed private halves name none.
    """

    named: Counter[bytes]
    unknown: int


class Rekeying:
    """What a rotation of the KEK needs of the store; for whoever has its lock.

    Args:
        durable: Engine whose commits are on the disk when they return.
        version: Counts changes.
        writing: Lock of everything that writes to the store.
    """

    def __init__(self, durable: Engine, version: StoreVersion, writing: Writing) -> None:
        self._durable = durable
        self._version = version
        self._writing = writing

    def state(self) -> RekeyingState | None:
        """Return how far a rotation is, ``None`` if there is none.

        Raises:
            StoreUnavailable: The store cannot be read.
        """
        with unavailable(), self._durable.begin() as connection:
            text = value_of(connection, _STATE)
        if text is None:
            return None
        found = _is_state(text)
        if found is None:
            raise StoreUnavailable
        old, new, stage = found.groups()
        return RekeyingState(bytes.fromhex(old), bytes.fromhex(new), cast("Stage", stage))

    def digest_key(self) -> bytes | None:
        """Return the sealed key of API keys' digests, ``None`` before the first rotation.

        Raises:
            EnvelopeCorrupt: It is not as it was written.
            StoreUnavailable: The store cannot be read.
        """
        with unavailable(), self._durable.begin() as connection:
            text = value_of(connection, _DIGEST_KEY)
        try:
            return None if text is None else bytes.fromhex(text)
        except ValueError as exc:
            raise EnvelopeCorrupt from exc

    def ensure_alone(self, clock: Clock) -> None:
        """Return if no other process serves from the store, as far as can be known.

        Raises:
            StoreRefused: One does.
            StoreUnavailable: The store cannot be read or written.
        """
        if not self.is_alone(clock):
            raise StoreRefused(
                "another daemon serves from this store", "stop all daemons of the store first"
            )

    def is_alone(self, clock: Clock) -> bool:
        """Return whether no other process serves from the store, as far as can be known.

        A process that does takes notice of a change within its lease.

        Raises:
            StoreUnavailable: The store cannot be read or written.
        """
        with self.changing():
            pass
        version, begun = self._version.made, clock.monotonic()
        while True:
            with unavailable(), self._durable.begin() as connection:
                known = connection.execute(select(peers.c.known, peers.c.lease)).all()
            if any(row.known >= version for row in known):
                return False
            longest = max((row.lease for row in known), default=0) / _SECOND
            if clock.monotonic() - begun >= 2 * longest:
                return True
            threading.Event().wait(_SOON)

    def begin(self, old: bytes, new: bytes, digest_key: bytes) -> None:
        """Remember that rows go from one KEK to another; imports and approvals end.

        Args:
            old: Id of the old KEK.
            new: Id of the new one.
            digest_key: The key of API keys' digests, sealed under the new KEK.

        Raises:
            StoreUnavailable: The store cannot be written.
        """
        with self.changing() as connection:
            set_value(connection, _STATE, _text(RekeyingState(old, new, "moving")))
            set_value(connection, _DIGEST_KEY, digest_key.hex())
            connection.execute(delete(imports))
            connection.execute(delete(approvals))

    def reach(self, connection: Connection, state: RekeyingState) -> None:
        """Remember how far it is."""
        set_value(connection, _STATE, _text(state))

    def end(self, connection: Connection) -> None:
        """Forget it: no row is under the old KEK any more, or nobody wants those back."""
        connection.execute(delete(meta).where(meta.c.name == _STATE))

    @contextmanager
    def changing(self) -> Iterator[Connection]:
        """Run a transaction under the lock of all writing, counted as a change.

        Raises:
            StoreUnavailable: The store cannot be written.
        """
        with self._writing, unavailable():
            with self._version.change() as connection:
                yield connection
            self._version.follow()

    def count(self) -> int:
        """Return how many keys, API keys and agents there are.

        Raises:
            StoreUnavailable: The store cannot be read.
        """
        with unavailable(), self._durable.begin() as connection:
            return sum(
                connection.execute(select(func.count()).select_from(table)).scalar_one()
                for table in (keys, api_keys, agents)
            )

    def tally(self, kek_of: Callable[[bytes], bytes]) -> Tally:
        """Count which KEKs the rows name; see ``tally_in``."""
        with unavailable(), self._durable.begin() as connection:
            return self.tally_in(connection, kek_of)

    def tally_in(self, connection: Connection, kek_of: Callable[[bytes], bytes]) -> Tally:
        """Count which KEKs the rows name.

        Args:
            connection: In a transaction that nobody writes beside.
            kek_of: Returns the id of the KEK that a sealed private half names, or raises
                ``EnvelopeCorrupt``.
        """
        named: Counter[bytes] = Counter()
        unknown = 0
        for sealed in connection.scalars(_SEALED, execution_options=_IN_PARTS):
            try:
                named[kek_of(_blob(sealed))] += 1
            except EnvelopeCorrupt:
                unknown += 1
        return Tally(named, unknown)


def _blob(stored: object) -> bytes:
    return stored if isinstance(stored, bytes) else b""


def _text(state: RekeyingState) -> str:
    return f"{state.old.hex()} {state.new.hex()} {state.stage}"
