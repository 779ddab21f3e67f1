"""Fills a home with thousands of keys, by the daemon's own custody and store."""

from __future__ import annotations

import sys
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
from signward_server.store import opening
from signward_server.store.engine import swift_engine
from signward_server.store.opening import Store

from tests.running.homes import Home

__all__ = ["key_name"]

_OWNER: Final = "cn:bot"


def key_name(number: int) -> str:
    """Return the id of a key."""
    return f"key-{number:06}"


def _fill(home: Home, number: int) -> None:
    native, clock = load_native(), SystemClock()
    with ExitStack() as opened:
        memory = LockedMemory(native.sodium, 64 * 1024)
        opened.callback(memory.close)
        kek = LocalKeyFile(home.kek, native.sodium).load(memory)
        opened.callback(kek.close)
        # All engines are the swift one: nothing here has to survive a power loss.
        sqlite.durable_engine = swift_engine
        store = open_store(home.store, clock)
        opened.callback(store.close)
        catalogue = store.catalogue(KekRowAuthenticator(kek))
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
        for each in range(number):
            fixed = _attributes(each)
            created = custody.create(fixed, 1)
            key = _key(fixed, KeyVersion(
                version=1, state=VersionState.PRIMARY, public_key=created.public_key,
                create_time=clock.now(),
            ))  # fmt: skip
            catalogue.insert(key, created.material, None, b"")


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
    _fill(Home(Path(sys.argv[1])), int(sys.argv[2]))
