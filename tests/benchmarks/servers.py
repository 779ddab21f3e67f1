"""All servers of a run, each in a process of its own, and the connections to them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import grpc
from signward import Client, Credentials

from tests.benchmarks.cases import CASES
from tests.benchmarks.daemons import RunningDaemon, daemon
from tests.benchmarks.echoing import echo
from tests.benchmarks.processes import PATIENCE
from tests.benchmarks.traffic import Traffic
from tests.benchmarks.variants import ECHO, FULL, VARIANTS, Place, Setup

__all__ = ["serving"]


@contextmanager
def serving(folder: Path) -> Iterator[dict[Place, Traffic]]:
    """Start all servers and connect to each at its places; stop them at the end.

    Args:
        folder: Empty; for homes and sockets, whose paths may have 107 bytes.
    """
    with ExitStack() as stack:
        daemons: dict[Setup, RunningDaemon] = {}
        traffic: dict[Place, Traffic] = {}
        for variant in VARIANTS:
            if variant.setup not in daemons:
                place = folder / str(len(daemons))
                place.mkdir()
                daemons[variant.setup] = stack.enter_context(daemon(variant.setup, place))
            running = daemons[variant.setup]
            for transport in variant.transports:
                target, credentials = running.way_in(variant, transport)
                traffic[variant.name, transport] = _connected(stack, target, credentials)
            if variant.name == FULL:
                full = running
        answers = {case.name: traffic[FULL, "tcp"].answer(case) for case in CASES}
        serialized = {name: answer.SerializeToString() for name, answer in answers.items()}
        for transport, target in stack.enter_context(echo(full.tls, folder, serialized)).items():
            traffic[ECHO, transport] = _connected(stack, target, full.certificate)
        yield traffic


def _connected(stack: ExitStack, target: str, credentials: Credentials) -> Traffic:
    """Return the traffic to a target, over a connection of its own that is open."""
    client = stack.enter_context(Client(target, credentials))
    grpc.channel_ready_future(client.channel).result(PATIENCE)
    return Traffic(client.channel)
