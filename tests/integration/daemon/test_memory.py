"""The memory of the real daemon after signing with ``unlock_ttl`` 0 (promise 3)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from signward.v1 import resources_pb2 as resources
from signward.v1 import sign_service_pb2 as pb

from tests.running.envelopes import derived_keys, root_key, secrets_in
from tests.running.homes import Home
from tests.running.keys import create, sign_request
from tests.running.observation import MEMLOCK, ask, observed
from tests.running.process import Daemon
from tests.running.scan import areas, find_all

pytestmark = pytest.mark.integration

ROUNDS = 50
BATCH = 8
KINDS = {"ed": resources.ALGORITHM_ED25519, "ec": resources.ALGORITHM_ECDSA_SECP256K1}


def work(daemon: Daemon) -> None:
    """Make a key of each algorithm and sign with both, one by one and in a batch."""
    with daemon.client() as client:
        for name, algorithm in KINDS.items():
            create(client, name, algorithm)
            for number in range(ROUNDS):
                client.sign(sign_request(name, b"%d" % number, algorithm))
            answers = client.sign_batch([sign_request(name, b"batch", algorithm)] * BATCH)
            assert all(isinstance(answer, pb.SignResponse) for answer in answers)


def limit(daemon: Daemon, name: str) -> tuple[str, str]:
    for line in Path(f"/proc/{daemon.pid}/limits").read_text().splitlines():
        if line.startswith(name):
            soft, hard = line.removeprefix(name).split()[:2]
            return soft, hard
    raise AssertionError(name)


def test_s20_after_signing_no_secret_is_outside_the_locked_page_of_the_kek(home: Home) -> None:
    with observed(home) as daemon:
        assert limit(daemon, "Max core file size") == ("0", "0")
        assert limit(daemon, "Max locked memory") == (str(MEMLOCK), str(MEMLOCK))
        work(daemon)
        assert ask(daemon) == {"dumpable": 0, "signatures": 2 * (ROUNDS + BATCH)}
        secrets = {"root of the KEK": root_key(home)} | secrets_in(home)
        assert len(secrets) == 1 + 4 + 3
        places = find_all(daemon.pid, secrets | derived_keys(home))
        for name in derived_keys(home):
            (area,) = places.pop(name)
            assert area.guarded, name
        assert {name: found for name, found in places.items() if found} == {}
        assert daemon.status("VmLck") <= MEMLOCK // 1024


def test_s19_an_unlocked_key_is_on_a_guarded_page_once_and_gone_after_it_is_disabled(
    home: Home,
) -> None:
    with observed(home, ttl="10m") as daemon:
        work(daemon)
        ask(daemon)
        secrets = secrets_in(home)
        places = find_all(daemon.pid, secrets)
        for name, found in places.items():
            if name.endswith("private half"):
                (area,) = found
                assert area.guarded, name
            else:
                assert found == [], name
        assert any(area.guarded for area in areas(daemon.pid))
        with daemon.client() as client:
            for name in KINDS:
                client.disable_key(name)
        assert not any(find_all(daemon.pid, secrets).values())


def test_s20_the_scan_finds_what_is_not_wiped(new_home: Callable[[], Home]) -> None:
    home = new_home()
    with observed(home, wipe="keep") as daemon:
        work(daemon)
        ask(daemon)
        places = find_all(daemon.pid, secrets_in(home))
        found = {name for name, areas_ in places.items() if areas_}
        assert {"ec private half", "ec data key"} <= found
