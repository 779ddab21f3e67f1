"""Debian's Prometheus, as a process of our own on loopback."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any, Self
from urllib.error import URLError
from urllib.parse import quote
from urllib.request import urlopen

from tests.running.homes import PATIENCE, ROOT
from tests.running.ports import free_port
from tests.running.waiting import eventually

__all__ = ["RULES", "Prometheus", "program"]

RULES = ROOT / "deploy" / "prometheus"
_UNPACKED = ROOT / "build" / "tools" / "prometheus" / "usr" / "bin"
_CONFIGURATION = """\
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: ["{rules}"]
scrape_configs:
  - job_name: signward
    static_configs: [{{targets: ["{target}"]}}]
"""


def program(name: str) -> Path | None:
    """Return `prometheus` or `promtool`, ``None`` if there is none."""
    installed = shutil.which(name)
    if installed:
        return Path(installed)
    return _UNPACKED / name if (_UNPACKED / name).exists() else None


class Prometheus:
    """A server that scrapes one target each second; use it as a context manager.

    Args:
        command: See ``program``.
        folder: For its files.
        target: ``HOST:PORT`` of what it scrapes.
    """

    def __init__(self, command: Path, folder: Path, target: str) -> None:
        self._address = f"127.0.0.1:{free_port()}"
        configuration = folder / "prometheus.yml"
        rules = RULES / "signward.rules.yml"
        configuration.write_text(_CONFIGURATION.format(rules=rules, target=target))
        self._log = (folder / "log").open("wb")
        self._process = subprocess.Popen(
            [
                str(command),
                f"--config.file={configuration}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address={self._address}",
            ],
            stdout=self._log,
            stderr=self._log,
        )
        if not eventually(self._is_ready):
            self.stop()
            raise AssertionError((folder / "log").read_text())

    def value(self, expression: str) -> float | None:
        """Return the one number that an expression has now, ``None`` if it has none."""
        found = self._ask(f"query?query={quote(expression)}")["result"]
        return float(found[0]["value"][1]) if found else None

    def firing(self) -> set[str]:
        """Return the names of the alerts that fire."""
        alerts = self._ask("alerts")["alerts"]
        return {a["labels"]["alertname"] for a in alerts if a["state"] == "firing"}

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(PATIENCE)
        self._log.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _ask(self, question: str) -> dict[str, Any]:
        with urlopen(f"http://{self._address}/api/v1/{question}", timeout=PATIENCE) as answer:
            return dict(json.load(answer)["data"])

    def _is_ready(self) -> bool:
        try:
            with urlopen(f"http://{self._address}/-/ready", timeout=PATIENCE):
                return True
        except (URLError, OSError):
            return False
