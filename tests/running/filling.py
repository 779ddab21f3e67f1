"""Fills a home with thousands of keys, by the daemon's own custody and store."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Final

from signward_server.core.clock import SystemClock
from signward_server.core.keys import (
    Algorithm,
    CustodyKind,
    Key,
    KeyAttributes,
    KeyVersion,
    Purpose,
    VersionState,
)
from signward_server.custody.envelope import EnvelopeCustody, KekRowAuthenticator, LocalKeyFile
from signward_server.custody.memory import LockedMemory
from signward_server.custody.native import load_native
from signward_server.store import open_store, schema
from signward_server.store.authentic import AuthenticKeys
from signward_server.store.engine import swift_engine
from sqlalchemy import Connection, insert

from tests.running.homes import Home

__all__ = ["fill", "key_name"]

_OWNER: Final = "cn:bot"
_AT_ONCE: Final = 1000


def key_name(number: int) -> str:
    """Return the id of a key."""
    return f"key-{number:07}"


def fill(home: Home, numbers: range) -> None:
    """Make the keys of these numbers, a thousand in each transaction."""
    native, clock = load_native(), SystemClock()
    with ExitStack() as opened:
        memory = LockedMemory(native.sodium, 64 * 1024)
        opened.callback(memory.close)
        kek = LocalKeyFile(home.kek, native.sodium).load(memory)
        opened.callback(kek.close)
        store = open_store(home.store, clock)
        opened.callback(store.close)
        custody = EnvelopeCustody(
            native=native,
            kek=kek,
            materials=store.materials(),
            memory=memory,
            clock=clock,
            default_unlock_ttl=timedelta(0),
            max_unlock_ttl=timedelta(0),
        )
        opened.callback(custody.close)
        # Nothing here has to survive a power loss.
        connection = opened.enter_context(swift_engine(home.store).connect())
        authentic = AuthenticKeys(KekRowAuthenticator(kek))
        for start in range(numbers.start, numbers.stop, _AT_ONCE):
            part = range(start, min(start + _AT_ONCE, numbers.stop))
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            _insert(connection, authentic, [_made(custody, clock, each) for each in part])
            connection.exec_driver_sql("COMMIT")


def _made(custody: EnvelopeCustody, clock: SystemClock, number: int) -> tuple[Key, bytes]:
    fixed = _attributes(number)
    created = custody.create(fixed, 1)
    assert created.material is not None
    version = KeyVersion(
        version=1,
        state=VersionState.PRIMARY,
        public_key=created.public_key,
        create_time=clock.now(),
    )
    return _key(fixed, version), created.material


def _insert(
    connection: Connection, authentic: AuthenticKeys, made: Sequence[tuple[Key, bytes]]
) -> None:
    rows = [authentic.rows(key) for key, _ in made]
    sealed = [{"key_id": key.id, "version": 1, "sealed": material} for key, material in made]
    connection.execute(insert(schema.keys), [row._asdict() for row, _ in rows])
    versions = [version._asdict() for _, versions in rows for version in versions]
    connection.execute(insert(schema.key_versions), versions)
    connection.execute(insert(schema.materials), sealed)


def _attributes(number: int) -> KeyAttributes:
    algorithms = tuple(Algorithm)
    return KeyAttributes(
        id=key_name(number),
        algorithm=algorithms[number % len(algorithms)],
        purpose=Purpose.RAW,
        custody=CustodyKind.ENVELOPE,
        network="",
        allow_digest=False,
    )


def _key(fixed: KeyAttributes, version: KeyVersion) -> Key:
    return Key(
        id=fixed.id,
        algorithm=fixed.algorithm,
        purpose=fixed.purpose,
        custody=fixed.custody,
        network=fixed.network,
        allow_digest=fixed.allow_digest,
        owner=_OWNER,
        labels={"team": "market-making", "desk": fixed.id[-2:]},
        primary_version=1,
        versions=(version,),
        create_time=version.create_time,
        update_time=version.create_time,
    )


if __name__ == "__main__":
    fill(Home(Path(sys.argv[1])), range(int(sys.argv[2]), int(sys.argv[3])))
