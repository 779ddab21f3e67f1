"""Connections to PostgreSQL that never wait for long."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import psycopg
from psycopg import sql
from psycopg.abc import PQGen
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import TransactionStatus

from signward_server.store.address import StoreAddress

__all__ = ["NoAnswer", "PatientConnection", "Terms"]

_Result = TypeVar("_Result")
_ALWAYS: Mapping[str, str | int] = {
    "client_encoding": "UTF8",
    "application_name": "signward",
    # The least that the driver allows, for each host that is named.
    "connect_timeout": 2,
    # An idle connection whose server is gone is noticed; statements have a patience of their own.
    "keepalives_idle": 2,
    "keepalives_interval": 1,
    "keepalives_count": 3,
    "tcp_user_timeout": 5000,
}
_WHERE = ("host", "hostaddr", "service")
_CHECKED = {"sslmode": "verify-full", "sslrootcert": "system"}


@dataclass(frozen=True, slots=True)
class Terms:
    """What a connection is used for.

    Attributes:
        patience: Seconds that the server may take for a statement; ``None`` for any time.
        settings: What holds in the session, by name.
    """

    patience: float | None
    settings: Mapping[str, str]


class NoAnswer(psycopg.OperationalError, TimeoutError):  # noqa: N818 -- what happened
    """The server did not answer in time."""


class PatientConnection(psycopg.Connection[Any]):
    """A connection that is closed when the server does not answer in time.

    Attributes:
        patience: See ``Terms.patience``.
    """

    patience: float | None = 5.0

    @classmethod
    def open(
        cls, address: StoreAddress, terms: Terms, *, autocommit: bool = False
    ) -> PatientConnection:
        """Connect on these terms.

        Raises:
            psycopg.Error: It is not possible now, or not with this address.
        """
        connection = cls.connect(autocommit=True, **_parameters(address))
        connection.patience = terms.patience
        try:
            for name, value in terms.settings.items():
                setting = sql.SQL("SET {} = {}").format(sql.Identifier(name), sql.Literal(value))
                connection.execute(setting)
        except psycopg.Error:
            connection.close()
            raise
        connection.autocommit = autocommit
        return connection

    def wait(
        self, gen: PQGen[_Result], interval: float = 0.1, timeout: float | None = None
    ) -> _Result:
        """See ``psycopg.Connection.wait``: whatever waits for the server comes through here."""
        if timeout is not None or self.patience is None:
            return super().wait(gen, interval, timeout)
        try:
            return super().wait(gen, interval, self.patience)
        except psycopg.OperationalError as exc:
            if self.pgconn.transaction_status != TransactionStatus.ACTIVE:
                raise
            self.pgconn.finish()  # an answer that comes later would be taken for another's
            raise NoAnswer("no answer in time") from exc


def _parameters(address: StoreAddress) -> dict[str, Any]:
    """Return what libpq is told; a server that is not on this machine must show who it is.

    What the address leaves open libpq takes from the environment (libpq, Environment Variables).

    Raises:
        psycopg.ProgrammingError: The address is malformed.
    """
    given = conninfo_to_dict(address.url)
    said = (given.get(name) or os.environ.get(f"PG{name.upper()}", "") for name in _WHERE)
    host, hostaddr, service = map(str, said)
    # A service may name any host.
    here = all(map(_is_local, f"{host},{hostaddr}".split(","))) and not service
    checked = {} if here or "sslmode" in given else _CHECKED
    secret = {"password": address.password} if address.password else {}
    return {**_ALWAYS, **checked, **given, **secret}


def _is_local(host: str) -> bool:
    if not host or host.startswith(("/", "@")) or host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
