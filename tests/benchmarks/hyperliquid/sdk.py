"""The SDK signs an order in a process of its own: ``python -m tests.benchmarks.hyperliquid.sdk``.

It reads a number from each line of standard input and answers with the seconds of so many
signatures, as JSON. With ``--plain`` it is as ``pip install hyperliquid-python-sdk`` leaves it:
what only the daemon installs cannot be imported.
"""

from __future__ import annotations

import json
import sys
import time

_DAEMONS_OWN = ("coincurve", "sha3")  # eth-keys and eth-hash take them where they are found


def _main() -> None:
    if "--plain" in sys.argv:
        for name in _DAEMONS_OWN:
            sys.modules[name] = None  # type: ignore[assignment]  # so that importing it fails
    from eth_account import Account
    from eth_keys import KeyAPI
    from hyperliquid.utils.signing import get_timestamp_ms, sign_l1_action

    from tests.benchmarks.hyperliquid.order import LIFE, order

    wallet = Account.from_key("0x" + "11" * 32)
    backend = type(KeyAPI().backend).__name__
    sys.stdout.write(f"{backend}\n")
    sys.stdout.flush()
    for line in sys.stdin:
        seconds = []
        for _ in range(int(line)):
            action = order()
            begin = time.perf_counter()
            now = get_timestamp_ms()
            sign_l1_action(wallet, action, None, now, now + LIFE, False)
            seconds.append(time.perf_counter() - begin)
        sys.stdout.write(json.dumps(seconds) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _main()
