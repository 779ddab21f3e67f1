"""Redis servers of a test's own."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.running.homes import ROOT
from tests.running.redis import RedisServer, redis_program

Start = Callable[..., RedisServer]


@pytest.fixture(scope="session")
def program() -> Path:
    """The server's program; `make test` gets it."""
    found = redis_program()
    if found is None and (ROOT / "build" / "tools" / ".redis").exists():
        pytest.fail("build/tools/redis is empty: run `make tools`")
    if found is None:
        pytest.skip("no redis-server: limits in Redis are NOT TESTED here (`make tools` gets it)")
    return found


@pytest.fixture
def start(program: Path, shelf: Path) -> Iterator[Start]:
    """Starts servers with options; all are stopped at the end."""
    servers: list[RedisServer] = []

    def started(*options: str) -> RedisServer:
        server = RedisServer(program, Path(tempfile.mkdtemp(prefix="r", dir=shelf)), *options)
        servers.append(server)
        server.start()
        return server

    yield started
    for server in servers:
        server.stop()
