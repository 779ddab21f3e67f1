"""The time by which windows advance, the same in all processes of one machine (S13)."""

from __future__ import annotations

import re
import struct
from typing import Final

from sqlalchemy import Connection, text

from signward_server.core.clock import Steady
from signward_server.core.ports import Clock, RowAuthenticator
from signward_server.store.backend import Backend
from signward_server.store.failures import unavailable
from signward_server.store.writing import Writing

__all__ = ["steady_time"]

_DOMAIN: Final = b"signward.store.boot.v1\0"
_FIND = text("SELECT value FROM meta WHERE name = :name")
_TAKE = text("INSERT INTO meta (name, value) VALUES (:name, :value) ON CONFLICT (name) DO NOTHING")
_SET = text("UPDATE meta SET value = :value WHERE name = :name")
_is_value = re.compile(r"(-?[0-9]{1,18}) ([0-9a-f]{64})").fullmatch


def steady_time(
    backend: Backend, writing: Writing, authenticator: RowAuthenticator, clock: Clock, boot: str
) -> Steady:
    """Return time that goes on, after a restart of the daemon, where it was.

    It begins with the wall clock once since the machine was started; the store remembers
    where that was. So a wall clock that is set brings nothing nearer, not even by a restart.

    Args:
        backend: The database.
        writing: Lock of everything that writes to the store.
        authenticator: Makes and checks the MAC of what is remembered.
        clock: The clocks.
        boot: Says which start of which machine this is; empty if nobody knows.

    Raises:
        StoreUnavailable: The store cannot be read or written.
    """
    if not boot:
        return Steady(clock)
    fresh = Steady(clock)
    name = f"boot:{boot}"
    ours = {"name": name, "value": _value(authenticator, name, fresh.offset)}
    with writing, unavailable(), backend.durable.begin() as connection:
        connection.execute(_TAKE, ours)
        known = _offset(authenticator, name, _found(connection, name))
        if known is None:  # under another KEK, or by nobody here
            connection.execute(_SET, ours)
    return fresh if known is None else Steady(clock, known)


def _found(connection: Connection, name: str) -> str:
    return str(connection.execute(_FIND, {"name": name}).scalar_one())


def _value(authenticator: RowAuthenticator, name: str, offset: int) -> str:
    return f"{offset} {authenticator.tag(_input(name, offset)).hex()}"


def _offset(authenticator: RowAuthenticator, name: str, value: str) -> int | None:
    found = _is_value(value)
    if found is None:
        return None
    offset, mac = int(found[1]), bytes.fromhex(found[2])
    return offset if authenticator.matches(_input(name, offset), mac) else None


def _input(name: str, offset: int) -> bytes:
    return _DOMAIN + struct.pack(">q", offset) + name.encode()
