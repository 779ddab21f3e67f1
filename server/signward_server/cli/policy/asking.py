"""A request out of the options of a command line."""

from __future__ import annotations

import ipaddress
import json
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import NoReturn

from signward_server.cli.policy.answering import Answer, Request, RequestRefused
from signward_server.cli.policy.judging import Judge
from signward_server.cli.policy.keys import Connection, read_key, read_text
from signward_server.cli.policy.loading import Place, load_rules
from signward_server.cli.policy.tables.model import Case, Table, read_moment
from signward_server.cli.policy.tables.reading import read_table
from signward_server.cli.policy.tables.requests import (
    groups_of,
    key_of_row,
    request_of,
    rules_of,
)
from signward_server.core.clock import SystemClock
from signward_server.core.identity import Authentication
from signward_server.core.identity_names import identity_of
from signward_server.core.keys import Key
from signward_server.core.startup import ConfigurationRefused
from signward_server.policy.question import Asker
from signward_server.rpc.convert.documents import DocumentRefused, payload_of

__all__ = ["Asked", "ask"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The options, as they were given; ``None`` or 0 for what was not."""

    identity: str | None
    key: str | None
    payload: str | None
    action: str | None
    version: int
    authentication: Authentication | None
    address: str | None
    time: str | None
    approved: bool
    table: Path | None
    case: str | None


def ask(place: Place, asked: Asked, connection: Connection) -> Answer:
    """Return what the daemon would answer.

    Raises:
        ConfigurationRefused: Policies or options are at fault.
        Exit: A daemon does not answer with the key.
    """
    rules = load_rules(place)
    table = read_table(asked.table.absolute()).table if asked.table else None
    groups = groups_of(table, rules) if table else rules.groups
    if table:
        rules = rules_of(table, rules)
    try:
        request = _of_case(table, asked) if asked.case else _request(table, asked, connection)
        return Judge(rules, groups).answer(request)
    except (DocumentRefused, RequestRefused) as exc:
        raise ConfigurationRefused(str(exc), "see `signward policy explain --help`") from exc


def _of_case(table: Table | None, asked: Asked) -> Request:
    if table is None:
        _refuse("--case names a case of a table", "name its file with --table")
    alone = {"table", "case"}
    if any(getattr(asked, field.name) for field in fields(asked) if field.name not in alone):
        _refuse("--case says all of what is asked", "leave out the other options")
    found: Case | None = next((case for case in table.cases if case.name == asked.case), None)
    if found is None:
        _refuse("--case is the name of no case", "write it as in the table")
    return request_of(table, found)


def _request(table: Table | None, asked: Asked, connection: Connection) -> Request:
    identity = identity_of(asked.identity or "")
    if identity is None:
        _refuse("--identity is no identity", "write it like cn:bot or spiffe://prod/bot")
    if (asked.action is None) == (asked.payload is None):
        _refuse("what is asked for is not clear", "give either --payload or --action")
    time = _time(asked.time)
    payload = None
    if asked.payload is not None:
        payload = payload_of(_document(read_text(asked.payload)), int(time.timestamp() * 1000))
    return Request(
        caller=Asker(
            identity, asked.authentication or Authentication.CERTIFICATE, _address(asked.address)
        ),
        time=time,
        key=None if asked.key is None else _key(table, asked.key, connection),
        action=asked.action or "",
        payload=payload,
        version=asked.version,
        approved=asked.approved,
    )


def _key(table: Table | None, text: str, connection: Connection) -> Key:
    row = table.keys.get(text) if table else None
    return read_key(text, connection) if row is None else key_of_row(text, row)


def _time(text: str | None) -> datetime:
    if text is None:
        return SystemClock().now()
    time = read_moment(text)
    if time is None:
        _refuse("--time is no time", "write it like 2026-01-07T12:00:00Z")
    return time


def _address(text: str | None) -> str:
    try:
        return str(ipaddress.ip_address(text)) if text else ""
    except ValueError:
        _refuse("--address is no IP address", "write it like 192.0.2.7 or 2001:db8::7")


def _document(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise DocumentRefused("--payload is not JSON") from exc


def _refuse(problem: str, fix: str) -> NoReturn:
    raise ConfigurationRefused(problem, fix)
