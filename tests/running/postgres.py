"""Debian's PostgreSQL, as a server of our own on a private Unix socket."""

from __future__ import annotations

import atexit
import functools
import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.running.homes import PATIENCE, ROOT

__all__ = ["PostgresServer", "new_server", "shared_server"]

_UNPACKED = ROOT / "build" / "tools" / "postgres"
_PACKAGED = "usr/lib/postgresql/*/bin"
_ROLE = "signward"
_OPTIONS = (
    "-c", "fsync=off", "-c", "shared_buffers=16MB",
    "-c", "max_connections=60", "-c", "unix_socket_permissions=0777",
)  # fmt: skip


def new_server() -> PostgresServer:
    """Start a server in a folder of its own; it ends with this process.

    Where there are no programs the test is skipped, and says so.
    """
    programs = _programs()
    if programs is None and (ROOT / "build" / "tools" / ".postgres").exists():
        pytest.fail("build/tools/postgres is empty: run `make tools`")
    if programs is None:
        pytest.skip("no PostgreSQL: stores in it are NOT TESTED here (`make tools` gets it)")
    folder = Path(tempfile.mkdtemp(prefix="signward-pg-"))
    folder.chmod(0o755)
    server = PostgresServer(programs, folder)
    atexit.register(server.remove)
    server.start()
    return server


@functools.cache
def shared_server() -> PostgresServer:
    """Return the server of all tests of this process that leave it running."""
    return new_server()


def _signal(pids: Iterable[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):  # a connection that has just ended
            os.kill(pid, number)


def _programs() -> Path | None:
    """Return the folder of the programs, ``None`` if there is none."""
    found = shutil.which("postgres")
    if found:
        return Path(found).resolve().parent
    for root in (Path("/"), _UNPACKED):
        if packaged := sorted(root.glob(f"{_PACKAGED}/postgres")):
            return packaged[-1].parent
    return None


class PostgresServer:
    """A server that can be stopped, started again and frozen.

    It refuses to run as root, and is somebody else's then.

    Args:
        programs: The folder of initdb and postgres.
        folder: For its socket and files; its path is short, and everybody can pass through it.
    """

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs = programs
        self.folder = folder
        self._numbers = itertools.count(1)
        self._process: subprocess.Popen[bytes] | None = None
        libraries = ":".join(map(str, (_UNPACKED / "usr" / "lib").glob("*-linux-gnu")))
        self._child: dict[str, Any] = {
            "cwd": folder,
            "env": os.environ | ({"LD_LIBRARY_PATH": libraries} if libraries else {}),
        }
        if os.geteuid() == 0:
            self._child |= {"user": "nobody", "group": "nogroup", "extra_groups": ()}
            shutil.chown(folder, "nobody", "nogroup")
        self._port = 5432
        self._run(
            "initdb", "--pgdata", "data", "--username", _ROLE, "--auth", "trust", "--encoding",
            "UTF8", "--locale", "C", "--no-sync", "--no-instructions",
        )  # fmt: skip
        with (self.folder / "data" / "postgresql.conf").open("a") as configuration:
            configuration.write("listen_addresses = ''\n")

    def require_tls(self, port: int, certificate: Path, private_key: Path) -> None:
        """Have it listen on loopback too, over TLS and for passwords, from its next start."""
        for name, file in (("server.crt", certificate), ("server.key", private_key)):
            copy = self.folder / "data" / name
            shutil.copy(file, copy)
            copy.chmod(0o600)
            if "user" in self._child:
                shutil.chown(copy, self._child["user"], self._child["group"])
        with (self.folder / "data" / "postgresql.conf").open("a") as configuration:
            configuration.write(f"listen_addresses = '127.0.0.1'\nport = {port}\nssl = on\n")
        self._port = port
        access = self.folder / "data" / "pg_hba.conf"
        access.write_text("local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n")

    def start(self) -> None:
        """Start it, and wait until it answers."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", "data", "-k", str(self.folder), *_OPTIONS],
                stdout=subprocess.DEVNULL, stderr=log, **self._child,
            )  # fmt: skip
        deadline = time.monotonic() + PATIENCE
        while not self._answers():
            assert self._process.poll() is None, (self.folder / "log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def stop(self) -> None:
        """Stop it at once, as a crash would; does nothing if it does not run."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(PATIENCE)
            self._process = None

    def remove(self) -> None:
        """Stop it, and delete its files."""
        self.stop()
        shutil.rmtree(self.folder)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Let it answer nothing for a while; connections stay open."""
        assert self._process is not None
        children = f"/proc/{self._process.pid}/task/{self._process.pid}/children"
        pids = [self._process.pid, *map(int, Path(children).read_text().split())]
        _signal(pids, signal.SIGSTOP)
        try:
            yield
        finally:
            _signal(pids, signal.SIGCONT)

    def new_database(self) -> str:
        """Make an empty database, and return its address."""
        name = f"d{next(self._numbers)}"
        self.ask("postgres", f"CREATE DATABASE {name}")
        return self.url(name)

    def url(self, database: str) -> str:
        """Return the address of a database, as the configuration has it."""
        return f"postgresql://{_ROLE}@/{database}?host={self.folder}&port={self._port}"

    def ask(self, database: str, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Run a statement in a database, given by name or address; return its rows."""
        url = database if "://" in database else self.url(database)
        with psycopg.connect(url, autocommit=True, connect_timeout=5) as connection:
            cursor = connection.execute(statement.encode(), parameters or None)
            return cursor.fetchall() if cursor.description else []

    def cut_connections(self, url: str) -> int:
        """End every connection to a database; return how many there were."""
        rows = self.ask(
            url,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        return len(rows)

    def cut_everything(self) -> None:
        """End every connection to the server."""
        self.ask(
            "postgres",
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()",
        )

    def _answers(self) -> bool:
        try:
            self.ask("postgres", "SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [self._programs / program, *arguments],
            check=True, timeout=PATIENCE, stdout=subprocess.DEVNULL, **self._child,
        )  # fmt: skip
