"""kill -9 while API keys are made and revoked: what was answered holds, and none is half made."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import grpc
import pytest
from signward import Client, SignwardError
from signward.v1.admin_service_pb2 import ApiKey, CreateApiKeyResponse

from tests.running.calls import SIGN, refusal_of, unary
from tests.running.homes import PATIENCE, Home
from tests.running.keys import create, sign_request
from tests.running.process import UNMEASURED, Daemon

pytestmark = pytest.mark.integration

KEY = "k"
WORKERS = 4
LONGEST_LIFE = 0.3  # seconds of work before the kill
_PERMIT = """\
permit (
  principal == Identity::"apikey:caller",
  action in [Action::"ViewKey", Action::"SignRaw"],
  resource
);
"""


@dataclass
class Known:
    """What was answered before the kills.

    Attributes:
        made: Keys whose secrets were answered, by id.
        revoking: Those that somebody began to revoke.
        revoked: Those of which that was answered.
    """

    made: dict[str, CreateApiKeyResponse] = field(default_factory=dict)
    revoking: set[str] = field(default_factory=set)
    revoked: set[str] = field(default_factory=set)


def work_until_killed(daemon: Daemon, known: Known, after: float) -> None:
    """Make keys and revoke every second one, by several callers; kill the daemon in between."""
    first = threading.Event()

    def work() -> None:
        with daemon.client("admin", timeout=10) as client:
            for number in range(100_000):
                try:
                    made = client.admin.create_api_key("apikey:caller", expires=timedelta(days=1))
                    known.made[made.api_key.id] = made
                    first.set()
                    if number % 2:
                        known.revoking.add(made.api_key.id)
                        client.admin.revoke_api_key(made.api_key.id)
                        known.revoked.add(made.api_key.id)
                except SignwardError:
                    return

    with ThreadPoolExecutor(WORKERS) as pool:
        done = [pool.submit(work) for _ in range(WORKERS)]
        assert first.wait(PATIENCE)
        time.sleep(after)
        daemon.kill()
        for each in done:
            each.result(PATIENCE)


@contextmanager
def asking(daemon: Daemon) -> Iterator[Callable[[str], str]]:
    """Give what signs with a secret and says what became of it, all on one connection."""
    ca = (daemon.home.path / "clients" / "ca.crt").read_bytes()
    target, data = str(daemon.ready["api_keys"]), sign_request(KEY).SerializeToString()
    with grpc.secure_channel(target, grpc.ssl_channel_credentials(ca)) as channel:

        def outcome(secret: str) -> str:
            try:
                unary(channel, SIGN + "Sign")(
                    data, metadata=(("x-api-key", secret),), timeout=PATIENCE
                )
            except grpc.RpcError as error:
                return refusal_of(error).reason
            return "signed"

        yield outcome


def check(daemon: Daemon, admin: Client, known: Known, unchecked: set[str], kills: int) -> None:
    listed = {key.id: key for key in admin.admin.list_api_keys(page_size=500)}
    assert known.made.keys() <= listed.keys()
    # Nothing but what was being made at a kill may be there unanswered.
    assert len(listed) <= len(known.made) + kills * WORKERS
    for key_id, key in listed.items():
        whole(key)
        ended = key.HasField("revoke_time")
        if key_id in known.revoked:
            assert ended, "a revoked key came back"
        if key_id not in known.revoking:
            assert not ended
    with asking(daemon) as outcome:
        for key_id in sorted(unchecked):
            ended = listed[key_id].HasField("revoke_time")
            assert outcome(known.made[key_id].secret) == ("API_KEY_REVOKED" if ended else "signed")


def whole(key: ApiKey) -> None:
    assert key.identity == "apikey:caller"
    assert key.created_by == "cn:admin"
    assert key.expire_time.ToDatetime(UTC) > datetime.now(UTC)
    assert not key.imported


def rounds(home: Home, number: int) -> None:
    home.permit(_PERMIT, "callers.cedar")
    chance = random.Random(20261121)  # noqa: S311 -- moments to kill at, not secrets
    known, checked = Known(), set[str]()
    flags = ("--set", "listen.api_keys=127.0.0.1:0", "--set", "rate_limits.failures.limit=1000000")
    daemon = Daemon(home, *flags, **UNMEASURED)
    try:
        with daemon.client() as client:
            create(client, KEY)
        for kills in range(1, number + 1):
            work_until_killed(daemon, known, chance.uniform(0, LONGEST_LIFE))
            daemon = Daemon(home, *flags, **UNMEASURED)
            with daemon.client("admin") as admin:
                check(daemon, admin, known, known.made.keys() - checked, kills)
            checked |= known.made.keys()
        assert known.revoked, "nothing was revoked in time"
        assert daemon.stop() == 0
    finally:
        daemon.kill()
    assert '"level": "error"' not in daemon.said


@pytest.mark.timeout(400)
def test_kills_while_api_keys_are_made_and_revoked(home: Home) -> None:
    rounds(home, 5)


@pytest.mark.soak
@pytest.mark.timeout(3000)
def test_kills_while_api_keys_are_made_and_revoked_soak(home: Home) -> None:
    rounds(home, 200)
