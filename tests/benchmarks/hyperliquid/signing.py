"""Everybody who signs, ready, and the bare server, which answers with a signature of the daemon."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TypeAlias

from signward import Algorithm, Client, Purpose
from signward.hyperliquid import Signer
from signward.profiles import read_profile
from signward.requests import hyperliquid_request

from tests.benchmarks.daemons import RunningDaemon, daemon
from tests.benchmarks.echoing import echo
from tests.benchmarks.hyperliquid.order import LIFE, order_message
from tests.benchmarks.processes import PATIENCE, environment
from tests.benchmarks.variants import FULL, Setup, variant_of

__all__ = ["CALL", "CAPPED", "COINCURVE", "ECHO", "PLAIN", "STREAM", "Block", "everybody"]

Block: TypeAlias = Callable[[int], list[float]]
"""Signs so many orders, one after the other; returns the seconds of each."""
CALL, STREAM, CAPPED = "daemon, a call", "daemon, a stream", "daemon, a call under a cap"
PLAIN, COINCURVE = "SDK as installed", "SDK with coincurve"
ECHO = "bare echo, a call"
_KEY = "bench-exchange"
_BACKENDS = {PLAIN: "NativeECCBackend", COINCURVE: "CoinCurveECCBackend"}
_FULL = variant_of(FULL).setup
_POLICIES = (*_FULL.policies, "caps", "hyperliquid")
_SETUP = Setup(_POLICIES, _FULL.settings, traced=True)
_CAP = (
    'caps.bench_hourly={measure="total_value", actions=["SignHyperliquidOrder"], '
    'window="1h", per="key"}'
)
_CAPPED = Setup((*_POLICIES, "hyperliquid_cap"), (*_FULL.settings, _CAP), traced=True)


@contextmanager
def everybody(folder: Path) -> Iterator[dict[str, Block]]:
    """Start all who sign, by name; end them with the block.

    Args:
        folder: Empty; for a home and a socket, whose path may have 107 bytes.
    """
    with ExitStack() as stack:
        client, running = stack.enter_context(_connected(_SETUP, folder / "1"))
        capped, _ = stack.enter_context(_connected(_CAPPED, folder / "2"))
        bare = stack.enter_context(_bare(client, running, folder))
        signer = stack.enter_context(Signer(client, _KEY))
        yield {
            CALL: _timed(lambda: _call(client)),
            STREAM: _timed(lambda: signer.sign(order_message(), expires_after=_soon())),
            CAPPED: _timed(lambda: _call(capped)),
            ECHO: _timed(lambda: _call(bare)),
            PLAIN: stack.enter_context(_sdk(PLAIN, "--plain")),
            COINCURVE: stack.enter_context(_sdk(COINCURVE)),
        }


@contextmanager
def _connected(setup: Setup, folder: Path) -> Iterator[tuple[Client, RunningDaemon]]:
    """Start a daemon with a key, and connect to it over its Unix socket."""
    folder.mkdir()
    with daemon(setup, folder) as running:
        _make_key(folder, running)
        with Client(running.targets["uds"], running.certificate) as client:
            yield client, running


@contextmanager
def _bare(client: Client, running: RunningDaemon, folder: Path) -> Iterator[Client]:
    """Start a server that answers as the daemon did once, and connect to it likewise."""
    request = hyperliquid_request(_KEY, order_message(), expires_after=_soon())
    answer = client.sign(request).SerializeToString()
    with (
        echo(running.tls, folder, {"sign_hyperliquid": answer}) as targets,
        Client(targets["uds"], running.certificate) as bare,
    ):
        yield bare


def _call(client: Client) -> object:
    return client.sign_hyperliquid(_KEY, order_message(), expires_after=_soon())


def _make_key(folder: Path, running: RunningDaemon) -> None:
    admin = read_profile("admin", folder / "home" / "clients" / "profiles.toml").credentials()
    with Client(running.targets["tcp"], admin, timeout=PATIENCE) as client:
        client.create_key(
            _KEY,
            algorithm=Algorithm.ALGORITHM_ECDSA_SECP256K1,
            purpose=Purpose.PURPOSE_HYPERLIQUID,
            network="testnet",
            owner="cn:bot",
        )


def _soon() -> int:
    return time.time_ns() // 1_000_000 + LIFE


def _timed(sign: Callable[[], object]) -> Block:
    def block(number: int) -> list[float]:
        seconds = []
        for _ in range(number):
            begin = time.perf_counter()
            sign()
            seconds.append(time.perf_counter() - begin)
        return seconds

    return block


@contextmanager
def _sdk(name: str, *options: str) -> Iterator[Block]:
    """Start a process that signs with the SDK.

    Raises:
        RuntimeError: It does not sign with the library that it shall sign with.
    """
    command = (sys.executable, "-m", "tests.benchmarks.hyperliquid.sdk", *options)
    with subprocess.Popen(
        command,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        requests, answers = process.stdin, process.stdout
        if requests is None or answers is None:
            raise RuntimeError("no pipes")
        backend = answers.readline().strip()
        if backend != _BACKENDS[name]:
            raise RuntimeError(f"the SDK signs with {backend or 'nothing'}")

        def block(number: int) -> list[float]:
            requests.write(f"{number}\n")
            requests.flush()
            seconds: list[float] = json.loads(answers.readline())
            return seconds

        yield block
        requests.close()  # ends it
        process.wait(PATIENCE)
