"""Executes a worker, with a socket to it and whatever else it is given."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import TypeAlias

from signward_server.supervisor.member import Asking, Member

__all__ = ["Hand", "start_member"]

Hand: TypeAlias = Callable[[], int]
"""Opens a pipe with the KEK in it; whoever calls it closes that."""


def start_member(
    command: Sequence[str], number: int, asking: Asking, hand: Hand | None = None
) -> Member:
    """Execute a worker.

    Args:
        command: Program and arguments; options that only it needs are added.
        number: Its number.
        asking: Told what it asks of all.
        hand: Opens the pipe that it reads its KEK from, if it does not come to it by itself.
    """
    ours, theirs = socket.socketpair()
    with theirs, ExitStack() as handed:
        options = ["--worker", str(number), "--channel", str(theirs.fileno())]
        descriptors = [theirs.fileno()]
        if hand is not None:
            pipe = hand()
            handed.callback(os.close, pipe)
            options += ["--kek-fd", str(pipe)]
            descriptors.append(pipe)
        process = subprocess.Popen(  # noqa: S603  # this program again
            [*command, *options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=descriptors,
        )
    return Member(number, process, ours, asking)
