"""The daemons, each as ``signward init`` and ``signward serve`` make it, in its own home."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
from signward import Client, Credentials
from signward.profiles import read_profile
from signward.v1 import admin_service_pb2 as admin_pb
from signward.v1 import resources_pb2 as pb
from signward.v1.admin_service_pb2_grpc import AdminServiceStub

from tests.benchmarks.cases import ED25519_KEY, ORDER_KEY, SECP256K1_KEY
from tests.benchmarks.processes import PATIENCE, run, signward, started
from tests.benchmarks.variants import Setup, Variant
from tests.running.otlp import Receiver

__all__ = ["RunningDaemon", "daemon"]

_POLICIES = Path(__file__).with_name("policies")
_BOT, _ADMIN = "bot", "admin"
_KEYS = (
    (ED25519_KEY, pb.ALGORITHM_ED25519, pb.PURPOSE_RAW),
    (SECP256K1_KEY, pb.ALGORITHM_ECDSA_SECP256K1, pb.PURPOSE_RAW),
    (ORDER_KEY, pb.ALGORITHM_ED25519, pb.PURPOSE_ORDER),
)


@dataclass(frozen=True, slots=True)
class RunningDaemon:
    """Where a daemon is and how its bot gets in.

    Attributes:
        tls: Folder of its certificates.
        targets: Of the listeners that want a certificate, by transport.
        api_keys: Target of the listener for API keys alone; empty if it has none.
        certificate: The bot's certificate.
        api_key: The bot's API key; empty if it has none.
    """

    tls: Path
    targets: dict[str, str]
    api_keys: str
    certificate: Credentials
    api_key: str

    def way_in(self, variant: Variant, transport: str) -> tuple[str, Credentials]:
        """Return the target and the credentials of a variant."""
        shown = self.certificate
        if not variant.certificate:
            return self.api_keys, Credentials(ca=shown.ca, api_key=self.api_key)
        if variant.api_key:
            shown = replace(shown, api_key=self.api_key)
        return self.targets[transport], shown


@contextmanager
def daemon(setup: Setup, folder: Path) -> Iterator[RunningDaemon]:
    """Make a home with keys, serve it until the end of the block.

    Args:
        setup: What is special about it.
        folder: Empty; for the home and the socket, whose path may have 107 bytes.
    """
    home = folder / "home"
    run(signward("init", str(home)))
    shutil.rmtree(home / "policies")
    (home / "policies").mkdir(mode=0o700)
    for name in setup.policies:
        shutil.copy(_POLICIES / f"{name}.cedar", home / "policies")
    socket = f"{folder}/socket" if setup.unix else ""
    addresses = ["--tcp", "127.0.0.1:0", "--http", "127.0.0.1:0", "--unix", socket]
    with _collector(setup) as endpoint:
        traced = f'telemetry.endpoint="{endpoint}"'
        settings = [word for setting in (*setup.settings, traced) for word in ("--set", setting)]
        command = signward("serve", "--home", str(home), *addresses, *settings)
        with started(command, folder / "log") as line:
            yield _prepared(home, json.loads(line))


@contextmanager
def _collector(setup: Setup) -> Iterator[str]:
    """Run a collector for the spans of a daemon, if it sends any; yield where it is."""
    if not setup.traced:
        yield ""
        return
    with Receiver() as receiver:
        yield receiver.endpoint


def _prepared(home: Path, bound: dict[str, str]) -> RunningDaemon:
    """Make the keys, and the bot's API key where there is a listener for it."""
    profiles = home / "clients" / "profiles.toml"
    admin = read_profile(_ADMIN, profiles).credentials()
    api_keys = bound.get("api_keys") or ""
    with Client(bound["tcp"], admin) as client:
        grpc.channel_ready_future(client.channel).result(PATIENCE)
        for key, algorithm, purpose in _KEYS:
            client.create_key(
                key,
                algorithm=algorithm,
                purpose=purpose,
                custody=pb.CUSTODY_ENVELOPE,
                owner=f"cn:{_BOT}",
            )
        secret = _api_key(client) if api_keys else ""
    return RunningDaemon(
        tls=home / "tls",
        targets={"tcp": bound["tcp"], "uds": f"unix:{bound['unix']}"},
        api_keys=api_keys,
        certificate=read_profile(_BOT, profiles).credentials(),
        api_key=secret,
    )


def _api_key(client: Client) -> str:
    """Return the secret of a new API key for the bot."""
    request = admin_pb.CreateApiKeyRequest(identity=f"cn:{_BOT}")
    request.expire_time.FromDatetime(datetime.now(UTC) + timedelta(days=1))
    answer = AdminServiceStub(client.channel).CreateApiKey(request, timeout=PATIENCE)
    return str(answer.secret)
