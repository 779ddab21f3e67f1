"""The table of health in docs/operations.md, and what a daemon really says."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple

import grpc
from grpc_health.v1 import health_pb2

from tests.running.calls import SIGN, refusal_of
from tests.running.homes import ROOT
from tests.running.keys import sign_request
from tests.running.process import Daemon

__all__ = ["KEY", "WATCHED", "Row", "Said", "observed", "rows", "watching"]

KEY: Final = "healthy"
"""Id of the key that is signed with."""
WATCHED: Final = 240.0
"""Seconds for which a daemon is watched at most."""
SERVICES: Final = (
    "",
    "signward.v1.AdminService",
    "signward.v1.KeyService",
    "signward.v1.SignService",
)
_HEALTH: Final = "/grpc.health.v1.Health/"
_NAMES: Final = health_pb2.HealthCheckResponse.ServingStatus.Name
_TIMEOUT: Final = 4.0
_HEAD: Final = "| situation | `/livez` | `/readyz` | `Check` | `Watch` | `Sign` |"


class Row(NamedTuple):
    """A row: what each of them says; one of several answers where there are some."""

    live: str
    ready: str
    check: str
    watch: str
    sign: str


def rows() -> dict[str, Row]:
    """Return the rows of the documentation by their situation."""
    text = (ROOT / "docs" / "operations.md").read_text("utf-8")
    found = {}
    for line in text.split(_HEAD)[1].splitlines()[2:]:
        if not line.startswith("| "):
            break
        cells = [re.sub(r"[`*]", "", cell).strip() for cell in line.strip("|").split(" | ")]
        found[cells[0].strip()] = Row(*cells[1:])
    return found


class Said:
    """What the Watch of each service said last; a stream that has ended keeps its last word."""

    def __init__(self, channel: grpc.Channel) -> None:
        self.last = dict.fromkeys(SERVICES, "")
        self._threads = [
            threading.Thread(target=self._follow, args=(channel, service), daemon=True)
            for service in SERVICES
        ]
        for thread in self._threads:
            thread.start()

    def _follow(self, channel: grpc.Channel, service: str) -> None:
        watch = channel.unary_stream(_HEALTH + "Watch")
        try:
            for answer in watch(_question(service), timeout=WATCHED):
                self.last[service] = _status(answer)
        except grpc.RpcError:
            return


@contextmanager
def watching(daemon: Daemon) -> Iterator[Said]:
    """Watch every service over a connection of its own."""
    with daemon.client("admin") as client:
        yield Said(client.channel)


def observed(daemon: Daemon, said: Said) -> Row:
    """Ask a daemon in all ways; each service must say the same."""
    request = sign_request(KEY).SerializeToString()
    with daemon.client() as client:
        asked = [_asked(client.channel, _HEALTH + "Check", _question(name)) for name in SERVICES]
        sign = _outcome(_asked(client.channel, SIGN + "Sign", request))
        checks = {_status(_outcome(each)) for each in asked}
    return Row(
        live=str(daemon.probe("/livez")),
        ready=str(daemon.probe("/readyz")),
        check=" or ".join(sorted(checks)),
        watch=" or ".join(sorted(set(said.last.values()))),
        sign="OK" if isinstance(sign, bytes) else sign,
    )


def _question(service: str) -> bytes:
    data: bytes = health_pb2.HealthCheckRequest(service=service).SerializeToString()
    return data


def _asked(channel: grpc.Channel, method: str, data: bytes) -> grpc.Future:
    return channel.unary_unary(method).future(data, timeout=_TIMEOUT)


def _outcome(asked: grpc.Future) -> bytes | str:
    """Return the answer, or why there is none, as the table has it."""
    try:
        answer: bytes = asked.result()
    except grpc.RpcError as error:
        refusal = refusal_of(error)
        without = "no connection" if refusal.status == "UNAVAILABLE" else "no answer"
        return refusal.reason or without
    return answer


def _status(answer: bytes | str) -> str:
    if isinstance(answer, str):
        return answer
    return str(_NAMES(health_pb2.HealthCheckResponse.FromString(answer).status))
