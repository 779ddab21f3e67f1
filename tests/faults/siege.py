"""A daemon under every attack at once, and what a good client sees of it meanwhile."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from signward import Client

from tests.running.attacks import Attack
from tests.running.homes import Home
from tests.running.keys import create, sign_request
from tests.running.peers import Issuer, Pair, raw_names
from tests.running.process import UNMEASURED, Daemon

__all__ = ["CAP", "KEY", "Siege", "besieged", "percentile"]

CAP = 100
"""Streams that the daemon has room for."""
KEY = "k"
_LIMITS = {
    "streams": CAP,
    "streams_per_identity": CAP,
    "connections_per_address": 0,
}
_MALLORY = """\
permit (
  principal == Identity::"cn:mallory",
  action in [Action::"ViewKey", Action::"SignRaw"],
  resource
);
"""
_NAMES = (("bot", "admin"), ("admin\0.evil",), ("*",), ("bot\nadmin",), ("x" * 65,))


@dataclass(frozen=True, slots=True)
class Siege:
    """A daemon and who attacks it.

    Attributes:
        daemon: With room for ``CAP`` streams, and a listener for API keys.
        attacks: All of them, in the order in which they begin.
    """

    daemon: Daemon
    attacks: tuple[Attack, ...]

    def descriptors(self) -> int:
        """Return how many files and sockets the daemon has open."""
        return len(list(Path(f"/proc/{self.daemon.pid}/fd").iterdir()))

    def failures(self) -> dict[str, int]:
        """Return how many callers could not show who they are, by reason."""
        lines = self.daemon.metrics()
        head = 'signward_authentication_failures_total{reason="'
        found = [line.removeprefix(head) for line in lines if line.startswith(head)]
        return {line.partition('"')[0]: int(float(line.rpartition(" ")[2])) for line in found}

    def failure_lines(self) -> list[str]:
        """Return the lines of the daemon's log about such callers."""
        return [line for line in self.daemon.said.splitlines() if "authentication failed" in line]


@contextmanager
def besieged(home: Home, *, idle: int, rate: float, handshake: str = "3s") -> Iterator[Siege]:
    """Run a daemon and prepare the attacks on it.

    Args:
        home: Its home.
        idle: Connections that do nothing.
        rate: Handshakes, and calls with bad API keys, a second.
        handshake: How long one may take; attackers get what is left of the processor.
    """
    home.permit(_MALLORY, "mallory.cedar")
    issuer = Issuer.of(home.authority)
    folder = home.path.with_name(f"{home.path.name}-foes")
    folder.mkdir(mode=0o700)
    limits = _LIMITS | {"handshake_timeout": handshake}
    flags = [part for key, value in limits.items() for part in ("--set", f"limits.{key}={value}")]
    flags += ["--set", "listen.api_keys=127.0.0.1:0"]
    with Daemon(home, *flags, **UNMEASURED) as daemon:
        with daemon.client() as client:
            create(client, KEY)
            client.sign(sign_request(KEY))
        ca = str(home.path / "clients" / "ca.crt")
        mallory = _written(folder, "mallory", issuer.issue(("mallory",)))
        foreign = Issuer.foreign(raw_names(["evil CA"])).issue()
        stranger = _written(folder, "stranger", foreign)
        hostile = [
            _written(folder, f"hostile-{number}", issuer.issue(names))
            for number, names in enumerate(_NAMES)
        ]
        here: dict[str, object] = {"port": daemon.port, "ca": ca}
        keys: dict[str, object] = {"port": _port(daemon, "api_keys"), "ca": ca}
        on_key = {"key_id": KEY}
        yield Siege(
            daemon,
            (
                Attack("slow_readers", here | mallory | on_key | {"number": 8}),
                Attack("streams", here | mallory | on_key | {"number": 2 * CAP}),
                Attack("idle", here | mallory | {"number": idle}),
                Attack("half_open", {"port": daemon.port, "number": 100}),
                Attack("foreign_certificates", here | stranger | {"rate": rate}),
                Attack("hostile_names", here | {"pairs": hostile, "rate": rate, "calls_each": 2}),
                Attack("bad_api_keys", keys | {"rate": 4 * rate}),
            ),
        )


def percentile(client: Client, seconds: float) -> tuple[float, float, int]:
    """Sign for a while, one call after the other.

    Returns:
        The median and the 99th percentile in milliseconds, and how many there were.
    """
    took, end = [], time.perf_counter() + seconds
    while (began := time.perf_counter()) < end:
        client.sign(sign_request(KEY))
        took.append((time.perf_counter() - began) * 1000)
    cuts = statistics.quantiles(took, n=100)
    return cuts[49], cuts[98], len(took)


def _written(folder: Path, name: str, pair: Pair) -> dict[str, object]:
    """Write a certificate and its key to files; return their paths by name."""
    contents = {"certificate": pair.certificate, "key": pair.private_key}
    paths = {part: folder / f"{name}.{part}" for part in contents}
    for part, path in paths.items():
        path.write_bytes(contents[part])
    return {part: str(path) for part, path in paths.items()}


def _port(daemon: Daemon, name: str) -> int:
    return int(str(daemon.ready[name]).rpartition(":")[2])
