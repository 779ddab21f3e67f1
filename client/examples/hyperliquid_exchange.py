"""Serves the paper exchange on loopback until it is interrupted.

Needs the extra [hyperliquid]. Its URL takes the place of the testnet's:

    python hyperliquid_exchange.py --account 0x... [--account 0x...] [--port 3001]

The accounts exist and have play money; everybody else is a stranger, as on the real exchange.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading

from paper_exchange.crowd import Crowd
from paper_exchange.exchange import Exchange
from paper_exchange.server import Server


def main() -> int:
    """Serve; the first line on standard output is JSON with the URL."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--account", action="append", default=[], help="address with play money")
    parser.add_argument("--port", type=int, default=0, help="on 127.0.0.1; default: a free one")
    parser.add_argument("--mainnet", action="store_true", help="take the mainnet's signatures")
    arguments = parser.parse_args()
    exchange = Exchange(is_mainnet=arguments.mainnet)
    for address in arguments.account:
        exchange.accounts.open(address)
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with Crowd(exchange), Server(exchange, arguments.port) as server:
        print(json.dumps({"url": server.url}), flush=True)
        ended.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
