"""A daemon with many keys beside one with few, in the same run and turn by turn."""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
from signward import Client
from signward.v1 import resources_pb2 as resources

from tests.running.filling import fill, key_name
from tests.running.homes import PATIENCE, Home, initialise
from tests.running.keys import sign_request
from tests.running.process import UNMEASURED, Daemon

__all__ = ["FEW", "Figures", "Plan", "measure"]

FEW = 10
"""Keys of the daemon that all others are compared with."""
_LONGEST = 300.0  # seconds that a start may take
_KINDS = (resources.ALGORITHM_ED25519, resources.ALGORITHM_ECDSA_SECP256K1)


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured.

    Attributes:
        sizes: Numbers of keys, rising.
        starts: Starts of each daemon.
        rounds: Rounds of calls.
        calls: Calls in each of them.
    """

    sizes: Sequence[int]
    starts: int
    rounds: int
    calls: int


@dataclass(frozen=True, slots=True)
class Figures:
    """What was found of one number of keys; medians.

    Attributes:
        keys: The number.
        start_s: Seconds from the command to the ready line.
        start_ratio: The same, to that with few keys.
        resident_mib: Resident memory when ready.
        peak_mib: The most that it was until then.
        p50_ratio: p50 of signing with one key again and again, to that with few keys.
        spread_p50_ratio: The same where each call takes another key.
    """

    keys: int
    start_s: float
    start_ratio: float
    resident_mib: float
    peak_mib: float
    p50_ratio: float
    spread_p50_ratio: float


def measure(folder: Path, plan: Plan) -> Iterator[Figures]:
    """Yield the figures of each size as they come in; ``folder`` is for the homes."""
    few = initialise(folder / "few")
    fill(few, range(FEW))
    many, made = initialise(folder / "many"), 0
    for size in plan.sizes:
        fill(many, range(made, size))
        made = size
        yield _figures(few, many, size, plan)


def _figures(few: Home, many: Home, size: int, plan: Plan) -> Figures:
    starts = [(_start(few)[0], *_start(many)) for _ in range(plan.starts)]
    hot, spread = _latencies(few, many, size, plan)
    return Figures(
        keys=size,
        start_s=statistics.median(start[1] for start in starts),
        start_ratio=statistics.median(start[1] / start[0] for start in starts),
        resident_mib=statistics.median(start[2] for start in starts),
        peak_mib=statistics.median(start[3] for start in starts),
        p50_ratio=hot,
        spread_p50_ratio=spread,
    )


def _start(home: Home) -> tuple[float, float, float]:
    """Start a daemon and end it; return the seconds until it is ready, resident and peak MiB."""
    began = time.perf_counter()
    with Daemon(home, patience=_LONGEST, **UNMEASURED) as daemon:
        seconds = time.perf_counter() - began
        return seconds, daemon.status("VmRSS") / 1024, daemon.status("VmHWM") / 1024


def _latencies(few: Home, many: Home, size: int, plan: Plan) -> tuple[float, float]:
    """Return both ratios, medians of those of each round."""
    hot, spread = [], []
    with _client(few) as small, _client(many) as large:
        for number in range(plan.rounds + 1):  # the first one warms up
            begin = number * plan.calls
            one = _p50(large, [size // 2] * plan.calls) / _p50(small, [FEW // 2] * plan.calls)
            step = max(1, size // plan.calls)
            others = [(begin + call * step) % size for call in range(plan.calls)]
            each = _p50(large, others) / _p50(small, [call % FEW for call in range(plan.calls)])
            if number:
                hot.append(one)
                spread.append(each)
    return statistics.median(hot), statistics.median(spread)


def _p50(client: Client, numbers: Sequence[int]) -> float:
    """Return the median seconds of a signature with each of these keys, one after the other."""
    requests = [sign_request(key_name(each), b"message", _KINDS[each % 2]) for each in numbers]
    times = [time.perf_counter()]
    for request in requests:
        client.sign(request)
        times.append(time.perf_counter())
    return statistics.median(after - before for before, after in itertools.pairwise(times))


@contextmanager
def _client(home: Home) -> Iterator[Client]:
    with Daemon(home, patience=_LONGEST, **UNMEASURED) as daemon, daemon.client() as client:
        grpc.channel_ready_future(client.channel).result(PATIENCE)
        yield client
