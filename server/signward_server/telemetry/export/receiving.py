"""Takes what the daemon hands over, until the daemon ends."""

from __future__ import annotations

import marshal
import socket
from typing import Any

from signward_server.telemetry.export.backlog import Backlog
from signward_server.telemetry.exporter import SPANS
from signward_server.telemetry.families import Family

__all__ = ["receive", "receive_about"]

_LARGEST = 4 * 2**20  # bytes of a packet; the kernel allows less


def receive_about(end: socket.socket) -> dict[str, Any]:
    """Return what comes first: how to make a ``Destination``.

    Raises:
        EOFError: The daemon has ended.
    """
    packet = end.recv(_LARGEST)
    if not packet:
        raise EOFError
    _, (about,) = marshal.loads(packet)  # noqa: S302  # by the daemon that has started this
    return dict(about)


def receive(end: socket.socket, backlog: Backlog) -> None:
    """Put everything into a backlog until the daemon ends, and never wait for anything else."""
    while packet := end.recv(_LARGEST):
        kind, items = marshal.loads(packet)  # noqa: S302  # as above
        if kind == SPANS:
            backlog.add_spans(items)
        elif items:
            began, now, *_ = items[0]
            backlog.put_metrics((began, now, [Family(*item[2:]) for item in items]))
    backlog.end()
