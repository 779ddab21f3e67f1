"""A running daemon, stopped by its own process id in every case."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any, Final, Self
from urllib.error import HTTPError
from urllib.request import urlopen

from signward import Client

from tests.running.homes import PATIENCE, ROOT, SIGNWARD, Home, environment
from tests.running.leaks import leaks, secret_files

__all__ = ["PATIENT", "UNMEASURED", "Daemon", "NotReady", "Outcome", "serve_and_fail"]

UNMEASURED: Final = {"COVERAGE_PROCESS_CONFIG": ""}
"""For a daemon whose speed or memory is at stake, or that dies before coverage could save."""

PATIENT: Final = ("--set", "store.lease=20s")
"""For a daemon whose lease is not at stake: a busy machine is no reason to stop signing."""

_LOG_LEVEL: Final = os.environ.get("TESTS_LOG_LEVEL", "")

Options = Sequence[tuple[str, str | int]]


class NotReady(Exception):  # noqa: N818 -- what happened
    """The daemon ended, or kept quiet, before it was ready."""


class Outcome(tuple[int, str]):
    """Exit code and what was said on standard error."""

    __slots__ = ()

    @property
    def code(self) -> int:
        return self[0]

    @property
    def said(self) -> str:
        return self[1]


class Daemon:
    """`signward serve`, ready once this is made; use it as a context manager.

    When it has ended its log is searched for its secrets (promise 3).

    Args:
        home: Its home.
        flags: More flags, such as ``--set limits.queue=1``.
        command: What to run instead of `signward`.
        log_level: How much it logs; empty for what its configuration says.
        pass_fds: Descriptors that it inherits.
        patience: Seconds that its start may take.
    """

    def __init__(
        self,
        home: Home,
        *flags: str,
        command: Sequence[str] = SIGNWARD,
        log_level: str = _LOG_LEVEL,
        pass_fds: Sequence[int] = (),
        patience: float = PATIENCE,
        **variables: str,
    ) -> None:
        self.home = home
        self.log = home.path.with_name(f"{home.path.name}.log")
        self._errors: IO[bytes] = self.log.open("ab")
        self._secrets = {
            name: value.encode() for name, value in variables.items() if name == "API_KEY"
        }
        if log_level:
            variables.setdefault("SIGNWARD_LOG__LEVEL", log_level)
        self.process = subprocess.Popen(
            [*command, "serve", "--home", str(home.path), "--development", *flags],
            cwd=ROOT,
            env=environment(**variables),
            stdout=subprocess.PIPE,
            stderr=self._errors,
            pass_fds=pass_fds,
        )
        try:
            self.ready = self.next_line(patience)
        except BaseException:
            self.kill()
            raise
        assert self.ready["ready"] is True

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def tcp(self) -> str:
        """``localhost:PORT``."""
        return str(self.ready["tcp"])

    @property
    def port(self) -> int:
        return int(self.tcp.rpartition(":")[2])

    @property
    def unix(self) -> str:
        """``unix:PATH``."""
        return f"unix:{self.ready['unix']}"

    @property
    def said(self) -> str:
        """Everything on standard error so far."""
        return self.log.read_text()

    def client(
        self, name: str = "bot", *, timeout: float = PATIENCE, options: Options = ()
    ) -> Client:
        """Return a client, which has a connection of its own."""
        return Client(self.tcp, self.home.credentials(name), timeout=timeout, options=options)

    def probe(self, path: str) -> int:
        """Return the HTTP status of a probe."""
        try:
            with urlopen(f"http://{self.ready['http']}{path}", timeout=PATIENCE) as answer:
                return int(answer.status)
        except HTTPError as error:
            with error:
                return error.code

    def metrics(self) -> list[str]:
        """Return the lines of /metrics."""
        with urlopen(f"http://{self.ready['http']}/metrics", timeout=PATIENCE) as answer:
            lines: list[str] = answer.read().decode().splitlines()
        return lines

    def metric(self, name: str) -> float:
        """Return a number of /metrics, such as `signward_reloads_total{part="policy"}`, or 0."""
        found = [line for line in self.metrics() if line.startswith(f"{name} ")]
        return sum(float(line.rsplit(" ", 1)[1]) for line in found)

    def next_line(self, patience: float = PATIENCE) -> dict[str, Any]:
        """Return the next JSON line of standard output.

        Raises:
            NotReady: There is none.
        """
        stdout = self.process.stdout
        assert stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(stdout, selectors.EVENT_READ)
            line = stdout.readline() if selector.select(patience) else b""
        if not line:
            raise NotReady(self.said[-2000:])
        facts: dict[str, Any] = json.loads(line)
        return facts

    def status(self, name: str) -> int:
        """Return a number of /proc/PID/status, such as VmRSS in KiB."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1])
        raise AssertionError(name)

    def stop(self) -> int:
        """End it as an operator does; return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.wait()

    def wait(self) -> int:
        """Wait for its end; return its exit code."""
        try:
            return self.process.wait(PATIENCE)
        finally:
            self.kill()

    def kill(self) -> None:
        """End it with SIGKILL, if it has not ended."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(PATIENCE)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self._errors.close()
        if self.log.exists():
            found = leaks(secret_files(self.home) | self._secrets, {"log": self.log.read_bytes()})
            assert found == []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        if self.process.poll() is None and failure[0] is None:
            assert self.stop() == 0, self.said[-2000:]
        self.kill()


def serve_and_fail(
    home: Home, *flags: str, command: Sequence[str] = (), **variables: str
) -> Outcome:
    """Start a daemon that must refuse to start."""
    done = subprocess.run(
        [*command, *SIGNWARD, "serve", "--home", str(home.path), *flags],
        env=environment(**variables),
        check=False,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.stdout == "", "it said that it was ready"
    return Outcome((done.returncode, done.stderr))
