"""A collector for spans and metrics, as a process that lives, hangs, refuses or is slow."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from tests.running.homes import ROOT, environment
from tests.running.otlp_receiver import Mode
from tests.running.process import UNMEASURED

__all__ = ["Mode", "Receiver"]


class Receiver:
    """A collector on loopback; use it as a context manager.

    Args:
        mode: How it answers, until it is told otherwise.
        port: Where; 0 lets the system choose.
        tls: Folder with `server.key`, `server.crt` and `client-ca.crt`, for TLS on both sides.
    """

    def __init__(self, mode: Mode = Mode.LIVE, port: int = 0, tls: Path | None = None) -> None:
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tests.running.otlp_receiver",
                f"127.0.0.1:{port}",
                str(tls or ""),
            ],
            cwd=ROOT,
            env=environment(**UNMEASURED),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())
        self._scheme = "https" if tls else "http"
        self.turn(mode)

    @property
    def endpoint(self) -> str:
        """As `telemetry.endpoint` has it."""
        return f"{self._scheme}://localhost:{self.port}"

    @property
    def pid(self) -> int:
        return self._process.pid

    def turn(self, mode: Mode) -> None:
        """Have it answer in another way."""
        self._ask(f"mode {mode}")

    def told(self) -> dict[str, Any]:
        """Return what it has taken: `calls`, `headers`, `spans` and `metrics`."""
        return self._ask("tell")

    def spans(self) -> list[dict[str, Any]]:
        """Return the spans that it has taken."""
        return list(self.told()["spans"])

    def metrics(self) -> dict[str, dict[str, Any]]:
        """Return the newest metrics that it has taken, by name."""
        whole = self.told()["metrics"]
        found = whole[-1]["resource_metrics"][0]["scope_metrics"][0]["metrics"] if whole else []
        return {metric["name"]: metric for metric in found}

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Let it accept connections, and do nothing at all, for a while."""
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """End it; its port refuses connections from then on."""
        self._process.kill()
        self._process.communicate()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _ask(self, command: str) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(command, file=self._process.stdin, flush=True)
        return dict(json.loads(self._process.stdout.readline()))
