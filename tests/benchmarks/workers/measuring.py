"""One server and two, beside each other: of the daemon, of the echo, and of plain computing."""

from __future__ import annotations

import json
import random
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from signward.v1 import sign_service_pb2 as pb

from tests.benchmarks.cases import CASES
from tests.benchmarks.daemons import RunningDaemon, daemon
from tests.benchmarks.processes import started
from tests.benchmarks.variants import VARIANTS
from tests.benchmarks.workers.calling import Calls
from tests.benchmarks.workers.spending import spent

__all__ = ["KINDS", "Figures", "measure"]

KINDS = ("daemon", "echo", "computing")
_BATCH = next(case for case in CASES if case.name == "sign_batch_64")
_COUNT = """
import sys, time
end, count = time.perf_counter() + float(sys.argv[1]), 0
while time.perf_counter() < end:
    for _ in range(1000): count += 1
print(count)
"""


@dataclass(frozen=True, slots=True)
class Figures:
    """One kind of server.

    Attributes:
        kind: Which.
        one: What one process does per second, the median of the rounds.
        two: What two do.
        ratio: The median of the ratios within each round.
        low: The first quartile of these.
        high: The third.
        server_ms: What one process and two spend of a processor on a call, in milliseconds.
        client_ms: What the client spends on it.
    """

    kind: str
    one: float
    two: float
    ratio: float
    low: float
    high: float
    server_ms: tuple[float, float]
    client_ms: float

    def allowed(self, cores: int) -> float:
        """Return two to one as these costs allow it, with so many cores and nobody else on them.

        A process uses one core at most, and the client its share of all.
        """
        one, two = self.server_ms
        if self.kind == "computing":
            return float(min(2, cores))
        alone = min(1 / one, cores / (one + self.client_ms))
        return min(2 / two, cores / (two + self.client_ms)) / alone


def measure(rounds: int, seconds: float, tell: Callable[[int], None]) -> list[Figures]:
    """Measure in rounds, each kind with one process and with two right beside each other.

    Args:
        rounds: How many; at least 2.
        seconds: For each measurement.
        tell: Told the number of each round that begins.
    """
    found: dict[str, list[tuple[_Rate, _Rate]]] = {kind: [] for kind in KINDS}
    with _places() as places:
        for number in range(rounds):
            tell(number + 1)
            for kind in random.sample(KINDS, len(KINDS)):
                rates = {}
                for processes in random.sample((1, 2), 2):
                    rates[processes] = _measured(places[kind, processes], seconds)
                found[kind].append((rates[1], rates[2]))
    return [_figures(kind, pairs) for kind, pairs in found.items()]


class _Rate(NamedTuple):
    """What was done per second, and what a call took of a processor, in milliseconds."""

    rate: float
    server_ms: float
    client_ms: float


def _measured(place: Callable[[float], float], seconds: float) -> _Rate:
    before = spent()
    rate = place(seconds)
    used, calls = spent().since(before), max(rate * seconds, 1)
    return _Rate(rate, max(used.servers, 0.0) * 1000 / calls, used.client * 1000 / calls)


def _figures(kind: str, pairs: list[tuple[_Rate, _Rate]]) -> Figures:
    ratios = [two.rate / one.rate for one, two in pairs]
    low, median, high = statistics.quantiles(ratios, n=4, method="inclusive")
    ones, twos = zip(*pairs, strict=True)
    return Figures(
        kind,
        statistics.median(each.rate for each in ones),
        statistics.median(each.rate for each in twos),
        median,
        low,
        high,
        (
            statistics.median(each.server_ms for each in ones),
            statistics.median(each.server_ms for each in twos),
        ),
        statistics.median(each.client_ms for each in (*ones, *twos)),
    )


@contextmanager
def _places() -> Iterator[Mapping[tuple[str, int], Callable[[float], float]]]:
    """Start all servers; yield what measures a kind with so many processes."""
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        running = {count: _daemon(opened, folder / str(count), count) for count in (1, 2)}
        calls = {count: _calls(each, each.targets["tcp"]) for count, each in running.items()}
        answer = calls[1].answer()
        echoes = {count: _echo(opened, folder, running[1], answer, count) for count in (1, 2)}
        yield {
            **{("daemon", count): each.rate for count, each in calls.items()},
            **{("echo", count): _calls(running[1], each).rate for count, each in echoes.items()},
            **{("computing", count): _computing(count) for count in (1, 2)},
        }


def _daemon(opened: ExitStack, folder: Path, count: int) -> RunningDaemon:
    folder.mkdir()
    settings = (*VARIANTS[0].setup.settings, "rate_limits.rules=[]", f"workers.count={count}")
    setup = replace(VARIANTS[0].setup, settings=settings, unix=False)
    return opened.enter_context(daemon(setup, folder))


def _calls(running: RunningDaemon, target: str) -> Calls:
    return Calls(target, running.certificate, _BATCH.request.SerializeToString())


def _echo(
    opened: ExitStack, folder: Path, running: RunningDaemon, answer: bytes, count: int
) -> str:
    """Start so many echoes that share a port; return its target."""
    single = pb.SignResponse().SerializeToString().hex()
    answers = {case.name: single for case in CASES} | {_BATCH.name: answer.hex()}
    port = 0
    for number in range(count):
        name = f"echo-{count}-{number}"
        settings = {
            "certificate": str(running.tls / "server.crt"),
            "key": str(running.tls / "server.key"),
            "client_ca": str(running.tls / "client-ca.crt"),
            "socket": str(folder / name),
            "port": port,
            "answers": answers,
        }
        path = folder / f"{name}.json"
        path.write_text(json.dumps(settings))
        command = (sys.executable, "-m", "tests.benchmarks.echo", str(path))
        port = int(opened.enter_context(started(command, folder / f"{name}.log")))
    return f"127.0.0.1:{port}"


def _computing(count: int) -> Callable[[float], float]:
    """Return what counts in so many processes: what the machine itself has to give."""

    def rate(seconds: float) -> float:
        command = (sys.executable, "-c", _COUNT, str(seconds))
        running = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(count)]
        return sum(int(each.communicate()[0]) for each in running) / seconds

    return rate
