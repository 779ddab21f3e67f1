"""A worker without a daemon: does what it is told to, and knows nothing but the protocol.

``python worker.py BEHAVIOUR --worker I --channel FD``. Behaviours: ``serve``; ``refuse`` ends with
4 at once; ``babble`` sends what is no message; ``deaf`` never answers and never leaves; ``ill``
says that it is not ready; ``dead`` that it is not alive; ``first`` serves only as worker 0.
"""

from __future__ import annotations

import json
import select
import socket
import sys

_RESULT = {"part": "policy", "version": "v", "changed": True, "problem": ""}


class _Worker:
    def __init__(self, behaviour: str, number: int, descriptor: int) -> None:
        self._behaviour = behaviour
        self._number = number
        self._end = socket.socket(fileno=descriptor)

    def run(self) -> int:
        if self._behaviour == "refuse" or (self._behaviour == "first" and self._number):
            return 4
        self._say(kind="ready")
        if self._behaviour == "babble":
            self._end.sendall(b"\xff" * 64)
        while True:
            self._say(
                kind="pulse",
                live=self._behaviour != "dead",
                ready=self._behaviour != "ill",
            )
            if select.select([self._end], [], [], 0.05)[0] and not self._hear():
                return 0

    def _hear(self) -> bool:
        """Answer what has come; return whether to go on."""
        length = int.from_bytes(self._read(4), "big")
        if not length:
            return False
        message = json.loads(self._read(length))
        if self._behaviour == "deaf":
            return True
        if message["kind"] == "count":
            samples = [[[], float(10 + self._number)]]
            families = [["made", "counter", "text", [], samples]]
            self._say(kind="counted", asked=message["asked"], families=families)
        elif message["kind"] == "reload":
            self._say(kind="reloaded", asked=message["asked"], outcomes=[_RESULT])
        return message["kind"] != "leave"

    def _read(self, size: int) -> bytes:
        data = b""
        while len(data) < size and (more := self._end.recv(size - len(data))):
            data += more
        return data

    def _say(self, **message: object) -> None:
        content = json.dumps(message).encode()
        try:
            self._end.sendall(len(content).to_bytes(4, "big") + content)
        except OSError:
            sys.exit(0)


if __name__ == "__main__":
    options = dict(zip(sys.argv[2::2], sys.argv[3::2], strict=True))
    worker = _Worker(sys.argv[1], int(options["--worker"]), int(options["--channel"]))
    sys.exit(worker.run())
