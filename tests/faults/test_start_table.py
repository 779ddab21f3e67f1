"""Every row of the table of starts in docs/operations.md: what is wrong is said, nothing serves."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest
from signward_server.audit.checkpoint_key import CheckpointKey, new_private_key
from signward_server.home.authority import Authority

from tests.running.homes import ROOT, Home, replace
from tests.running.process import Daemon, serve_and_fail

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

_HEAD: Final = "| at the start | exit code | what it says |"
SITUATIONS: Final[dict[str, Callable[[Home], Iterator[None]]]] = {}


def rows() -> dict[str, tuple[int, str]]:
    text = (ROOT / "docs" / "operations.md").read_text("utf-8")
    found = {}
    for line in text.split(_HEAD)[1].splitlines()[2:]:
        if not line.startswith("| "):
            break
        title, code, says = (cell.strip() for cell in line.strip("|").split(" | "))
        found[title] = int(code), says.strip("`")
    return found


ROWS: Final = rows()


def situation(title: str) -> Callable[[Callable[[Home], Iterator[None]]], None]:
    def add(function: Callable[[Home], Iterator[None]]) -> None:
        SITUATIONS[title] = function

    return add


@situation("the store's file is no database, or damaged")
def _(home: Home) -> Iterator[None]:
    home.store.write_bytes(b"SQLite format 3\0" + b"x" * 8000)
    yield


@situation("another process keeps the store locked")
def _(home: Home) -> Iterator[None]:
    with closing(sqlite3.connect(home.store, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield


@situation("another daemon works on the home")
def _(home: Home) -> Iterator[None]:
    with Daemon(home):
        yield


@situation("the KEK file is missing")
def _(home: Home) -> Iterator[None]:
    home.kek.unlink()
    yield


@situation("the KEK file can be read by others")
def _(home: Home) -> Iterator[None]:
    home.kek.chmod(0o644)
    yield


@situation("the policy folder is missing")
def _(home: Home) -> Iterator[None]:
    home.policies.rename(home.path / "aside")
    yield


@situation("the policy folder is empty")
def _(home: Home) -> Iterator[None]:
    for file in home.policies.iterdir():
        file.unlink()
    yield


@situation("a policy file is invalid")
def _(home: Home) -> Iterator[None]:
    home.permit("permit (principal, action")
    yield


@situation("the audit log's folder is missing")
def _(home: Home) -> Iterator[None]:
    (home.path / "audit").rename(home.path / "aside")
    yield


@situation("the audit log has lost records that a checkpoint was signed over")
def _(home: Home) -> Iterator[None]:
    with Daemon(home):
        pass
    (segment,) = (home.path / "audit").glob("*.log")
    content = segment.read_bytes()
    segment.write_bytes(content[: int.from_bytes(content[:4], "big") + 8])
    yield


@situation("the key of the audit log is missing")
def _(home: Home) -> Iterator[None]:
    (home.path / "audit.key").unlink()
    yield


@situation("the key of the audit log can be read by others")
def _(home: Home) -> Iterator[None]:
    (home.path / "audit.key").chmod(0o644)
    yield


@situation("its own certificate has expired")
def _(home: Home) -> Iterator[None]:
    then = datetime.now(UTC) - timedelta(days=2)
    issued = Authority.open(home.authority).issue_server(then, timedelta(days=1))
    replace(home.path / "tls" / "server.key", issued.private_key)
    replace(home.path / "tls" / "server.crt", issued.certificate)
    yield


@situation("the home is a copy")
def _(home: Home) -> Iterator[None]:
    with Daemon(home):
        pass
    content = (home.path / "instance").read_bytes()
    replace(home.path / "instance", content)
    yield


@situation("the home was started on another machine before")
def _(home: Home) -> Iterator[None]:
    with Daemon(home, "--set", "home.machine=another"):
        pass
    yield


@situation("an older store was put back")
def _(home: Home) -> Iterator[None]:
    with Daemon(home):
        pass
    with closing(sqlite3.connect(home.store, isolation_level=None)) as store:
        store.execute("UPDATE homes SET generation = 0")
    yield


@situation("the audit log does not go on from the checkpoint that was kept")
def _(home: Home) -> Iterator[None]:
    kept = keep_checkpoint(home, CheckpointKey.load(origin_of(home), home.path / "audit.key"))
    home.configure('# checkpoint = ""', f'checkpoint = "{kept}"')
    yield


@situation("the checkpoint that was kept is of another log")
def _(home: Home) -> Iterator[None]:
    kept = keep_checkpoint(home, CheckpointKey.of("another", new_private_key()))
    home.configure('# checkpoint = ""', f'checkpoint = "{kept}"')
    yield


def origin_of(home: Home) -> str:
    return (home.path / "audit.pub").read_text().split("+")[0]


def keep_checkpoint(home: Home, key: CheckpointKey) -> Path:
    """Return a checkpoint of more records than a home has."""
    kept = home.path.with_name(f"{home.path.name}.checkpoint")
    kept.write_bytes(key.checkpoint(1000, b"r" * 32))
    return kept


def test_every_row_is_tried() -> None:
    assert list(SITUATIONS) == list(ROWS)


@pytest.mark.parametrize("title", SITUATIONS)
def test_promise_10_nothing_serves_that_could_not_sign(home: Home, title: str) -> None:
    code, says = ROWS[title]
    with contextmanager(SITUATIONS[title])(home):
        failed = serve_and_fail(home)
    assert failed.code == code, failed.said
    assert says in failed.said
    assert "Traceback" not in failed.said
