"""Ports for programs that must be told theirs before they can take it."""

from __future__ import annotations

import itertools
import os
import random
import socket
from contextlib import suppress

__all__ = ["free_port"]

_FIRST = 22_000  # to 32,000: below those that the system gives to whoever asks for any
_EACH = 100  # of one worker of pytest-xdist
_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_OURS = range(_FIRST + _WORKER * _EACH, _FIRST + (_WORKER + 1) * _EACH)
_next = itertools.cycle(random.sample(_OURS, _EACH))


def free_port() -> int:
    """Return a port that nobody has, and that no other worker is given."""
    for port in itertools.islice(_next, _EACH):
        with suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("every port is taken")
