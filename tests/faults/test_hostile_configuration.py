"""A configuration that goes bad under a running daemon: what was in force stays."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from signward import Client, ReloadPart
from signward.v1 import admin_service_pb2 as pb

from tests.running.homes import Home
from tests.running.keys import create, sign_request
from tests.running.process import Daemon
from tests.running.reloads import reload

pytestmark = pytest.mark.integration

GROUPS, LIMITS = ReloadPart.RELOAD_PART_GROUPS, ReloadPart.RELOAD_PART_LIMITS
CERTIFICATES = ReloadPart.RELOAD_PART_CERTIFICATES
Spoil = Callable[[Path, str], object]


def added(text: str) -> Spoil:
    return lambda file, good: file.write_text(good + text)


def _linked(file: Path, good: str) -> None:
    file.unlink()
    file.symlink_to(file.name)


def _directory(file: Path, good: str) -> None:
    file.unlink()
    file.mkdir()


def _pipe(file: Path, good: str) -> None:
    file.unlink()
    os.mkfifo(file)


SPOILS: dict[str, Spoil] = {
    "no TOML": added("\n]]]"),
    "cut in the middle": lambda file, good: file.write_text(good[: good.rindex("[")] + "["),
    "no text": lambda file, good: file.write_bytes(b"\xff\xfe\0"),
    "two mebibytes": added("\n#" + "x" * 2**21),
    "deep tables": added("\nx = " + "[" * 20_000),
    "a number of a thousand digits": added("\nx = " + "9" * 10_000),
    "an unknown key": added("\n[groupz]\na = []\n"),
    "gone": lambda file, good: file.unlink(),
    "a link to itself": _linked,
    "a folder": _directory,
    "a pipe that nobody writes to": _pipe,
    "no identity": lambda file, good: file.write_text(
        good.replace('admins = ["cn:admin"]', 'admins = ["cn:admin", "cn:*"]')
    ),
    "no limit": added('\n[[rate_limits.rules]]\nclass = "sign"\nper = "key"\nlimit = 0\n'),
}


@pytest.fixture(scope="module")
def daemon(new_home: Callable[[], Home]) -> Iterator[Daemon]:
    with Daemon(new_home(), "--set", "reload.interval=1h") as daemon:
        with daemon.client() as client:
            create(client, "k")
        yield daemon


@pytest.fixture
def admin(daemon: Daemon) -> Iterator[Client]:
    with daemon.client("admin") as client:
        yield client


def facts(results: list[pb.ReloadResult]) -> list[tuple[str, bool]]:
    return [(result.version, result.changed) for result in results]


@pytest.mark.parametrize("name", SPOILS)
def test_a_bad_configuration_keeps_groups_and_limits(
    daemon: Daemon, admin: Client, name: str
) -> None:
    file = daemon.home.configuration
    good = file.read_text()
    before = reload(admin, [GROUPS, LIMITS])
    assert [result.problem for result in before] == ["", ""]
    try:
        SPOILS[name](file, good)
        after = reload(admin, [GROUPS, LIMITS])
        assert all(result.problem for result in after), after
        assert facts(after) == facts(before)
        admin.admin.freeze_key("k")  # by the group of before
        admin.admin.unfreeze_key("k")
        with daemon.client() as client:
            client.sign(sign_request("k"))
    finally:
        if file.is_dir() and not file.is_symlink():
            file.rmdir()
        file.unlink(missing_ok=True)
        file.write_text(good)
        file.chmod(0o600)
    restored = reload(admin, [GROUPS, LIMITS])
    assert [result.problem for result in restored] == ["", ""]
    assert facts(restored) == facts(before)


def test_a_pipe_in_the_place_of_a_certificate_does_not_stop_the_daemon(
    daemon: Daemon, admin: Client
) -> None:
    file = daemon.home.path / "tls" / "client-ca.crt"
    good = file.read_bytes()
    try:
        _pipe(file, "")
        (result,) = reload(admin, [CERTIFICATES])
        assert "is not a regular file" in result.problem
        with daemon.client() as client:
            client.sign(sign_request("k"))
    finally:
        file.unlink()
        file.write_bytes(good)
    assert {result.problem for result in admin.admin.reload()} == {""}
