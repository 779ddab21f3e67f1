"""One attack, as standard input lasts: the order is one JSON object, the first argument."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections import Counter

from tests.running.attacks import calls, sockets
from tests.running.attacks.blows import Field

KINDS = {
    "idle": sockets.idle,
    "half_open": sockets.half_open,
    "foreign_certificates": sockets.foreign_certificates,
    "hostile_names": calls.hostile_names,
    "bad_api_keys": calls.bad_api_keys,
    "streams": calls.streams,
    "slow_readers": calls.slow_readers,
}


def _watch(stop: threading.Event) -> None:
    sys.stdin.read()
    stop.set()


def main(order: str) -> None:
    """Attack, and tell what was met."""
    given = json.loads(order)
    bound = threading.Timer(given["longest"], os._exit, (1,))
    bound.daemon = True
    bound.start()
    field = Field(threading.Event(), Counter())
    threading.Thread(target=_watch, args=(field.stopped,), daemon=True).start()
    KINDS[given["kind"]](field, **given["parts"])
    print(json.dumps(field.met), flush=True)  # noqa: T201
    os._exit(0)  # grpc's threads may take their time


if __name__ == "__main__":
    main(sys.argv[1])
