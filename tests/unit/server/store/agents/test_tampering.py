"""Agents in the database: what somebody who can write to it can do, and what he cannot."""

# ruff: noqa: S608 - the statements are those of the test

from __future__ import annotations

import dataclasses
import logging
import sqlite3
import struct
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from signward_server.core.agents import Agent
from signward_server.core.errors import EnvelopeCorrupt, StoreUnavailable
from signward_server.core.ports import RequestScope
from signward_server.store import Store, StoredAgents, open_store
from signward_server.store.agents.authentic import AuthenticAgents, agent_mac_input
from signward_server.store.agents.rows import agent_from, agent_row
from signward_server.store.canonical import scope_digest

from tests.fakes.row_authenticator import HmacRows
from tests.fakes.spine.agent_register import APPROVED, agent
from tests.fakes.stepped_clock import SteppedClock

LATER = APPROVED + timedelta(days=1)
HOT, WARM, GOOD = agent("a", expire_time=LATER), agent("b"), agent("c")
SCOPE = RequestScope("cn:desk", "/signward.v1.AccountService/ApproveAgent", "master", "r1")
CONTENT = b"c" * 32
Load = Callable[[], StoredAgents]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "signward.db"
    store = open_store(path, SteppedClock())
    agents = store.agents(HmacRows())
    agents.put(HOT, SCOPE, CONTENT)
    agents.put(dataclasses.replace(HOT, end_time=LATER))
    agents.put(WARM)
    agents.put(GOOD)
    store.close()
    return path


@pytest.fixture
def store(file: Path) -> Iterator[Store]:
    store = open_store(file, SteppedClock())
    yield store
    store.close()


@pytest.fixture
def load(store: Store) -> Load:
    return lambda: store.agents(HmacRows())


def run(file: Path, statement: str) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        assert connection.execute(statement).rowcount != 0


EDITS = [
    "end_time = NULL",
    "end_time = 0",
    "end_time = ''",
    "expire_time = NULL",
    "expire_time = 9223372036854775807",
    "approve_time = 1.5",
    "approve_time = 'never'",
    "account = '0xeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee'",
    "agent_key = 'agent-b'",
    "agent_version = 2",
    "agent_version = 'x'",
    "key_id = 'mine'",
    "name = 'other'",
    "name = CAST(x'ff' AS TEXT)",
    "network = 'mainnet'",
    "nonce = 1",
    "scope = NULL",
    "scope = x''",
    "scope = 7",
    "content = zeroblob(32)",
    "content = 'text'",
    "mac = x''",
    "mac = zeroblob(32)",
    "mac = 7",
    "mac = (SELECT mac FROM agents WHERE address LIKE '0xb%')",
]


@pytest.mark.parametrize("edit", EDITS)
def test_s17_an_edited_row_is_quarantined_and_the_others_work(
    file: Path, load: Load, edit: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert load().quarantined == frozenset()
    run(file, f"UPDATE agents SET {edit} WHERE address = '{HOT.address}'")
    with caplog.at_level(logging.ERROR):
        agents = load()
    assert agents.quarantined == {HOT.address}
    for touch in (lambda: agents.get(HOT.address), lambda: agents.put(HOT)):
        with pytest.raises(EnvelopeCorrupt):
            touch()
    assert {each.address for each in agents.page("master", "", 9)} == {WARM.address, GOOD.address}
    assert [record.getMessage() for record in caplog.records] == [
        "agents fail their MAC and are not approved again: 1"
    ]


def test_s17_a_request_that_was_moved_to_another_agent_is_not_believed(
    file: Path, load: Load
) -> None:
    digest = scope_digest(SCOPE).hex()
    run(file, f"UPDATE agents SET scope = NULL WHERE address = '{HOT.address}'")
    run(file, f"UPDATE agents SET scope = x'{digest}' WHERE address = '{WARM.address}'")
    agents = load()
    assert agents.quarantined == {HOT.address, WARM.address}
    with pytest.raises(EnvelopeCorrupt):
        agents.approved_by(SCOPE, CONTENT)


def test_s13_an_end_that_is_taken_back_in_the_database_does_not_count(
    file: Path, load: Load
) -> None:
    agents = load()
    row = AuthenticAgents(HmacRows()).row(HOT, scope_digest(SCOPE), CONTENT)
    statement = f"end_time = NULL, mac = x'{row.mac.hex()}'"  # as a backup may have it
    run(file, f"UPDATE agents SET {statement} WHERE address = '{HOT.address}'")
    known = agents.get(HOT.address)
    assert known is not None
    assert agents.put(HOT).end_time == LATER
    assert load().get(HOT.address) == known


def test_s17_rows_under_another_kek_are_quarantined(store: Store) -> None:
    agents = store.agents(HmacRows(b"another"))
    assert agents.quarantined == {HOT.address, WARM.address, GOOD.address}
    assert agents.page("master", "", 9) == []


def test_a_closed_store_reads_from_memory_and_writes_nothing(store: Store) -> None:
    agents = store.agents(HmacRows())
    store.close()
    assert agents.get(GOOD.address) == GOOD
    with pytest.raises(StoreUnavailable):
        agents.put(agent("d"))


def test_a_write_that_fails_changes_nothing(file: Path, store: Store) -> None:
    agents = store.agents(HmacRows())
    run(file, "ALTER TABLE agents RENAME TO gone")
    with pytest.raises(StoreUnavailable):
        agents.put(agent("d"))
    with pytest.raises(StoreUnavailable):
        agents.approved_by(SCOPE, CONTENT)
    run(file, "ALTER TABLE gone RENAME TO agents")
    assert agents.get(agent("d").address) is None
    assert agents.put(agent("d")) == agent("d")


CHANGES: list[dict[str, object]] = [
    {"address": WARM.address},
    {"key": "mine"},
    {"account": "0x" + "e" * 40},
    {"agent_key": "agent-b"},
    {"agent_version": 2},
    {"name": "b"},
    {"network": "mainnet"},
    {"nonce": 1},
    {"approve_time": LATER},
    {"expire_time": None},
    {"expire_time": APPROVED},
    {"end_time": LATER},
    {"end_time": datetime(1970, 1, 1, tzinfo=UTC)},
]


def test_s17_every_attribute_is_in_the_mac() -> None:
    made = {agent_mac_input(agent_row(HOT, b"s", CONTENT))}
    made |= {
        agent_mac_input(agent_row(dataclasses.replace(HOT, **change), b"s", CONTENT))  # type: ignore[arg-type]
        for change in CHANGES
    }
    made |= {agent_mac_input(agent_row(HOT, scope, CONTENT)) for scope in (None, b"", b"t")}
    made.add(agent_mac_input(agent_row(HOT, b"s", b"d" * 32)))
    assert len(made) == 1 + len(CHANGES) + 4
    assert {name for change in CHANGES for name in change} == {
        field.name for field in dataclasses.fields(Agent)
    }


def test_the_mac_input_is_that_of_the_format() -> None:
    made = agent("a", nonce=7, end_time=datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC))
    expected = b"signward.store.agent.v1\0" + struct.pack(">3q", 1, 7, 1795260615123456)
    expected += b"\0" + struct.pack(">q", 0) + b"\1" + struct.pack(">q", 10**6) + b"\1"
    expected += struct.pack(">8I", 42, 6, 42, 7, 5, 7, 3, 2)
    expected += f"{made.address}master{made.account}agent-abot atestnet".encode() + b"sssCC"
    assert agent_mac_input(agent_row(made, b"sss", b"CC")) == expected


def test_an_agent_survives_being_a_row() -> None:
    for made in (HOT, WARM, dataclasses.replace(HOT, end_time=LATER)):
        assert agent_from(agent_row(made, None, b"")) == made
