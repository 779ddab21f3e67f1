"""Whatever stops a key, a caller or a right: nothing signs that began after its answer (S34)."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from signward import Client, Credentials, ReloadPart

from tests.faults.fire import SIGNED, Fire, firing
from tests.running.homes import PATIENCE, Home
from tests.running.keys import create
from tests.running.process import Daemon

_log = logging.getLogger(__name__)
pytestmark = pytest.mark.integration

KEY = "k"
ROUNDS = 4
SHOTS = 8  # by each way, before and after
_FORBID = 'forbid (principal, action == Action::"SignRaw", resource);'


@pytest.fixture(scope="module")
def daemon(new_home: Callable[[], Home]) -> Iterator[Daemon]:
    flags = ("listen.api_keys=127.0.0.1:0", "reload.interval=1h")
    with Daemon(new_home(), *(part for flag in flags for part in ("--set", flag))) as daemon:
        with daemon.client() as client:
            create(client, KEY)
        yield daemon


@pytest.fixture
def admin(daemon: Daemon) -> Iterator[Client]:
    with daemon.client("admin") as client:
        yield client


def stopped(fire: Fire, began: float, stop: Callable[[], object]) -> Counter[str]:
    """Stop something under fire; return what became of all that was shot after the answer."""
    fire.wait_for(SHOTS, began)
    stop()
    answered = time.monotonic()
    fire.wait_for(SHOTS, answered)
    assert fire.signed_before(answered)
    found = fire.after(answered)
    _log.info("after the answer: %s", dict(found))
    assert found[SIGNED] == 0
    assert sum(found.values()) >= 3 * SHOTS
    return found


def test_s34_after_freezing_has_answered_nothing_signs(daemon: Daemon, admin: Client) -> None:
    with firing(KEY, daemon.client) as fire:
        for _ in range(ROUNDS):
            began = time.monotonic()
            found = stopped(fire, began, lambda: admin.admin.freeze_key(KEY))
            assert set(found) == {"KEY_FROZEN"}
            admin.admin.unfreeze_key(KEY)


def test_s34_after_disabling_has_answered_nothing_signs(daemon: Daemon, admin: Client) -> None:
    with firing(KEY, daemon.client) as fire:
        for _ in range(ROUNDS):
            found = stopped(fire, time.monotonic(), lambda: admin.disable_key(KEY))
            assert set(found) == {"KEY_DISABLED"}
            admin.enable_key(KEY)


def test_s34_after_revoking_has_answered_nothing_signs(daemon: Daemon, admin: Client) -> None:
    ca = (daemon.home.path / "clients" / "ca.crt").read_bytes()
    for _ in range(2):
        made = admin.admin.create_api_key("cn:bot", expires=timedelta(hours=1))
        credentials = Credentials(ca, api_key=made.secret)
        target = str(daemon.ready["api_keys"])

        def client(credentials: Credentials = credentials, target: str = target) -> Client:
            return Client(target, credentials, timeout=PATIENCE)

        revoked = made.api_key.id
        with firing(KEY, client) as fire:
            found = stopped(fire, 0.0, lambda revoked=revoked: admin.admin.revoke_api_key(revoked))
        ends = {"API_KEY_REVOKED", "RATE_LIMITED"}
        assert set(found) <= ends | {f"ended {end}" for end in ends}


def test_s34_after_a_reload_has_answered_the_old_policy_signs_nothing(
    daemon: Daemon, admin: Client
) -> None:
    file = daemon.home.policies / "forbid.cedar"

    def reload() -> None:
        (result,) = admin.admin.reload([ReloadPart.RELOAD_PART_POLICY])
        assert (result.changed, result.problem) == (True, "")

    def forbid() -> None:
        daemon.home.permit(_FORBID, file.name)
        reload()

    with firing(KEY, daemon.client) as fire:
        for _ in range(ROUNDS):
            found = stopped(fire, time.monotonic(), forbid)
            assert set(found) == {"POLICY_DENIED"}
            file.unlink()
            reload()
