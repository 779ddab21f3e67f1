"""The two servers, each in a process of its own: the daemon and the bare echo."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import grpc
from signward import Client
from signward.profiles import Profile, read_profile
from signward.v1 import resources_pb2 as pb

from tests.benchmarks.cases import CASES, ED25519_KEY, SECP256K1_KEY
from tests.benchmarks.schedule import TRANSPORTS, Place
from tests.benchmarks.traffic import Traffic

__all__ = ["serving"]

_ROOT = Path(__file__).parents[2]
_SIGNWARD = (sys.executable, "-c", "from signward_server.cli.application import app; app()")
_PATIENCE = 20.0
_KEYS = {
    ED25519_KEY: pb.ALGORITHM_ED25519,
    SECP256K1_KEY: pb.ALGORITHM_ECDSA_SECP256K1,
}


@contextmanager
def serving(folder: Path) -> Iterator[dict[Place, Traffic]]:
    """Start both servers and connect to them over each transport; stop them at the end.

    Args:
        folder: Empty; for the home and the sockets, whose paths may have 107 bytes.
    """
    with ExitStack() as stack:
        targets = stack.enter_context(_daemon(folder))
        profile = read_profile("bot", folder / "home" / "clients" / "profiles.toml")
        traffic = _connected(stack, "daemon", targets, profile)
        answers = {case.name: traffic["daemon", "tcp"].answer(case) for case in CASES}
        serialized = {name: answer.SerializeToString() for name, answer in answers.items()}
        targets = stack.enter_context(_echo(folder, serialized))
        yield traffic | _connected(stack, "echo", targets, profile)


@contextmanager
def _daemon(folder: Path) -> Iterator[dict[str, str]]:
    """Make a home with two keys, serve it, and give its targets by transport."""
    home = folder / "home"
    command = [*_SIGNWARD, "init", str(home)]
    subprocess.run(command, env=_environment(), check=True, stdout=subprocess.DEVNULL)
    addresses = ["--tcp", "127.0.0.1:0", "--http", "127.0.0.1:0", "--unix", f"{folder}/daemon.sock"]
    command = [*_SIGNWARD, "serve", "--home", str(home), *addresses]
    with _started(command, folder / "daemon.log") as line:
        bound = json.loads(line)
        targets = {"tcp": bound["tcp"], "uds": f"unix:{bound['unix']}"}
        admin = read_profile("admin", home / "clients" / "profiles.toml")
        with Client(targets["tcp"], admin.credentials()) as client:
            grpc.channel_ready_future(client.channel).result(_PATIENCE)
            for key, algorithm in _KEYS.items():
                client.create_key(
                    key,
                    algorithm=algorithm,
                    purpose=pb.PURPOSE_RAW,
                    custody=pb.CUSTODY_ENVELOPE,
                    owner="cn:bot",
                )
        yield targets


@contextmanager
def _echo(folder: Path, answers: Mapping[str, bytes]) -> Iterator[dict[str, str]]:
    tls = folder / "home" / "tls"
    settings = {
        "certificate": str(tls / "server.crt"),
        "key": str(tls / "server.key"),
        "client_ca": str(tls / "client-ca.crt"),
        "socket": str(folder / "echo.sock"),
        "answers": {name: answer.hex() for name, answer in answers.items()},
    }
    path = folder / "echo.json"
    path.write_text(json.dumps(settings))
    command = [sys.executable, "-m", "tests.benchmarks.echo", str(path)]
    with _started(command, folder / "echo.log") as line:
        yield {
            "tcp": f"127.0.0.1:{line.strip()}",
            "uds": f"unix:{settings['socket']}",
        }


@contextmanager
def _started(command: Sequence[str], log: Path) -> Iterator[str]:
    """Run a server until the end of the block, and give the line that it prints when ready.

    Raises:
        RuntimeError: It ended instead; with the end of what it said on standard error.
    """
    with (
        log.open("w") as errors,
        subprocess.Popen(
            command,
            env=_environment(),
            cwd=_ROOT,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        try:
            line = process.stdout.readline() if process.stdout else ""
            if not line:
                raise RuntimeError(f"a server did not start: {log.read_text()[-2000:]}")
            yield line
        finally:
            process.terminate()
            try:
                process.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()


def _connected(
    stack: ExitStack, server: str, targets: Mapping[str, str], profile: Profile
) -> dict[Place, Traffic]:
    """Return the traffic of a server's transports, each over a connection that is open."""
    traffic: dict[Place, Traffic] = {}
    for transport in TRANSPORTS:
        client = Client(targets[transport], profile.credentials())
        stack.enter_context(client)
        grpc.channel_ready_future(client.channel).result(_PATIENCE)
        traffic[server, transport] = Traffic(client.channel)
    return traffic


def _environment() -> dict[str, str]:
    """Return our environment without settings of a daemon, and with our sources."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("SIGNWARD_")}
    sources = (_ROOT / "client", _ROOT / "server", _ROOT)
    return inherited | {"PYTHONPATH": os.pathsep.join(map(str, sources))}
