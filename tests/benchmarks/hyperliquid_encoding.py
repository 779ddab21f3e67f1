"""What an order costs without I/O: ``python -m tests.benchmarks.hyperliquid_encoding``.

From the record of the API to the digest that is signed, its Intent included, and from the
signature to the body for the exchange. Beside it, in the same run and turn by turn: one bare
signature by coincurve. Prints one JSON object; times are in microseconds.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence

import coincurve
from sha3 import keccak_256
from signward.v1 import hyperliquid_pb2 as pb
from signward_server.chains.hyperliquid import HyperliquidChain, NoReferences
from signward_server.core.keys import Algorithm, CustodyKind, KeyAttributes, Purpose
from signward_server.core.payloads import HyperliquidPayload
from signward_server.core.public_key import PublicKey
from signward_server.core.signing import Signature
from signward_server.rpc.convert.hyperliquid import hyperliquid_payload

_NOW = 1_900_000_000_000
_CALLS = 100
_CHAIN = HyperliquidChain(references=NoReferences())
_PRIVATE = coincurve.PrivateKey(bytes(range(1, 33)))
_PUBLIC = PublicKey.secp256k1(_PRIVATE.public_key.format(compressed=False))
_SIGNATURES = [Signature(_PRIVATE.sign_recoverable(bytes(32), hasher=None)[:64], 0)]
_KEY = KeyAttributes(
    id="bot",
    algorithm=Algorithm.ECDSA_SECP256K1,
    custody=CustodyKind.ENVELOPE,
    purpose=Purpose.HYPERLIQUID,
    network="mainnet",
)


def _message(orders: int) -> bytes:
    order = pb.HyperliquidOrder(
        asset=3,
        is_buy=True,
        limit_px="65000.5",
        sz="0.25",
        limit=pb.HyperliquidLimit(tif=pb.HYPERLIQUID_TIF_GTC),
    )
    payload = pb.HyperliquidPayload(
        order=pb.HyperliquidOrders(orders=[order] * orders), expires_after=_NOW + 30_000
    )
    return payload.SerializeToString()


def _encode(payload: HyperliquidPayload) -> None:
    draft = _CHAIN.decode(payload, _KEY, _NOW).draft
    if draft is None:
        raise AssertionError("an action is a draft")
    numbered = draft.numbered(_NOW, _PUBLIC)
    keccak_256(numbered.messages[0]).digest()
    _CHAIN.encode(numbered, _PUBLIC, _SIGNATURES)


def _cases() -> Mapping[str, Callable[[], object]]:
    messages = {count: _message(count) for count in (1, 10)}
    one, ten = (
        hyperliquid_payload(pb.HyperliquidPayload.FromString(message))
        for message in messages.values()
    )
    return {
        "signature": lambda: _PRIVATE.sign_recoverable(bytes(32), hasher=None),
        "order": lambda: _encode(one),
        "ten_orders": lambda: _encode(ten),
        "convert": lambda: hyperliquid_payload(pb.HyperliquidPayload.FromString(messages[1])),
    }


def _timed(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    for _ in range(_CALLS):
        call()
    return (time.perf_counter() - began) / _CALLS * 1e6


def measure(rounds: int) -> dict[str, float]:
    """Return the figures: medians and least times, and the ratio of the least ones.

    What others do on the machine only ever adds to a time, and so the least are compared.
    """
    cases = _cases()
    times: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(rounds):
        for name, call in cases.items():
            times[name].append(_timed(call))
    figures = {f"{name}_us": _median(found) for name, found in times.items()}
    figures |= {f"{name}_least_us": round(min(found), 2) for name, found in times.items()}
    figures["ratio_order"] = round(min(times["order"]) / min(times["signature"]), 2)
    return figures


def _median(times: Sequence[float]) -> float:
    return round(statistics.median(times), 2)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.hyperliquid_encoding")
    parser.add_argument("--rounds", type=int, default=200)
    json.dump(measure(parser.parse_args().rounds), sys.stdout, indent=2)
    sys.stdout.write("\n")
