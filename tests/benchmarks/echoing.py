"""Starts the bare server, which ``echo`` is, beside a daemon."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks.processes import started

__all__ = ["echo"]


@contextmanager
def echo(tls: Path, folder: Path, answers: Mapping[str, bytes]) -> Iterator[dict[str, str]]:
    """Run an echo until the end of the block; yield its targets by transport.

    Args:
        tls: Folder of the certificates of a daemon, which it has as well.
        folder: For its socket and its files.
        answers: What it answers with, by the names of cases.
    """
    settings = {
        "certificate": str(tls / "server.crt"),
        "key": str(tls / "server.key"),
        "client_ca": str(tls / "client-ca.crt"),
        "socket": str(folder / "echo.sock"),
        "answers": {name: answer.hex() for name, answer in answers.items()},
    }
    path = folder / "echo.json"
    path.write_text(json.dumps(settings))
    command = (sys.executable, "-m", "tests.benchmarks.echo", str(path))
    with started(command, folder / "echo.log") as line:
        yield {"tcp": f"127.0.0.1:{line.strip()}", "uds": f"unix:{settings['socket']}"}
