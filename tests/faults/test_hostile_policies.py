"""Policy folders as bad as they come, under a running daemon: the old set stays in force."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from shutil import copy

import pytest
from signward import Client, ReloadPart, ResourceExhausted, SignwardError
from signward.v1 import admin_service_pb2 as pb

from tests.faults.test_full_disk import UNAVAILABLE, FullFilesystem, LimitedFiles, mounted
from tests.running.homes import Home
from tests.running.keys import create, sign_request
from tests.running.process import Daemon
from tests.running.reloads import reload
from tests.running.waiting import eventually

pytestmark = pytest.mark.integration

POLICY = ReloadPart.RELOAD_PART_POLICY
MANY = 500
Spoil = Callable[[Path], object]


def permit(number: int) -> str:
    return f'permit (principal == Identity::"cn:u{number}", action, resource == Key::"k{number}");'


def written(text: str | bytes, mode: int = 0o600) -> Spoil:
    def spoil(folder: Path) -> None:
        file = folder / "bad.cedar"
        file.write_bytes(text.encode() if isinstance(text, str) else text)
        file.chmod(mode)

    return spoil


def nested(opening: str, closing: str, depth: int) -> Spoil:
    condition = opening * depth + "true" + closing * depth
    return written(f"permit (principal, action, resource) when {{ {condition} }};")


SPOILS: dict[str, tuple[Spoil, str]] = {
    "one policy of a mebibyte": (
        written(f'permit (principal, action, resource) when {{ "{"x" * 2**20}" == "" }};'),
        "1 MiB",
    ),
    "a comment of a mebibyte": (written("//" + "x" * 2**20), "1 MiB"),
    "more policies than there may be": (
        written("\n".join(map(permit, range(MANY + 1)))),
        f"more than {MANY} policies",
    ),
    "more files than there may be": (
        lambda folder: [(folder / f"bad{n}.cedar").write_text("") for n in range(300)],
        "more than 256",
    ),
    "brackets 32 deep and one": (nested("(", ")", 33), "bad.cedar"),
    "a hundred thousand brackets": (nested("(", ")", 100_000), "bad.cedar"),
    "a hundred thousand negations": (nested("!", "", 100_000), "bad.cedar"),
    "lists in lists": (nested("[", "]", 5000), "bad.cedar"),
    "conditions in conditions": (nested("if true then ", " else false", 5000), "bad.cedar"),
    "a link to itself": (
        lambda folder: (folder / "bad.cedar").symlink_to("bad.cedar"),
        "cannot be read",
    ),
    "a link out of the folder": (
        lambda folder: (folder / "bad.cedar").symlink_to("/etc/passwd"),
        "leads out of its folder",
    ),
    "a folder by the name of a file": (
        lambda folder: (folder / "bad.cedar").mkdir(),
        "bad.cedar",
    ),
    "a pipe that nobody writes to": (lambda folder: os.mkfifo(folder / "bad.cedar"), "bad.cedar"),
    "a file that others may write": (written(permit(1), 0o666), "others can change"),
    "a folder that others may write": (lambda folder: folder.chmod(0o777), "others can change"),
    "bytes that are no text": (written(b"\xff\xfe"), "UTF-8"),
    "NUL": (written("\0"), "bad.cedar"),
    "half a policy": (written("permit (principal, action, reso"), "bad.cedar"),
    "an action that nobody knows": (
        written('permit (principal, action == Action::"Everything", resource);'),
        "bad.cedar",
    ),
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


def reloaded(admin: Client) -> pb.ReloadResult:
    (result,) = reload(admin, [POLICY])
    return result


def reloaded_or_not(admin: Client) -> str:
    """Return the problem of a reload, or why there was none: another was under way."""
    try:
        (result,) = admin.admin.reload([POLICY])
    except ResourceExhausted as refused:
        return refused.reason
    return result.problem


@pytest.mark.parametrize("name", SPOILS)
def test_a_bad_folder_keeps_the_old_policies(daemon: Daemon, admin: Client, name: str) -> None:
    spoil, problem = SPOILS[name]
    folder = daemon.home.policies
    before = reloaded(admin)
    assert before.problem == ""
    spoil(folder)
    try:
        started = time.monotonic()
        result = reloaded(admin)
        assert time.monotonic() - started < 20
        assert problem in result.problem
        assert len(result.problem) < 64 * 1024
        assert (result.version, result.changed) == (before.version, False)
        with daemon.client() as client:
            client.sign(sign_request("k"))
            with pytest.raises(SignwardError, match="POLICY_DENIED"):
                client.admin.reload()
    finally:
        folder.chmod(0o700)
        for path in folder.glob("bad*"):
            path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
    after = reloaded(admin)
    assert (after.version, after.problem) == (before.version, "")


def test_as_many_policies_as_there_may_be_are_put_into_force_while_others_sign(
    daemon: Daemon, admin: Client
) -> None:
    there = 10  # at most, of the starter set and of tests
    daemon.home.permit("\n".join(map(permit, range(MANY - there))), "many.cedar")
    try:
        with daemon.client() as client, ThreadPoolExecutor(1) as pool:
            client.sign(sign_request("k"))  # connects
            coming = pool.submit(reloaded, admin)
            signed = 0
            while not coming.done():
                client.sign(sign_request("k"))
                signed += 1
            assert (coming.result().changed, coming.result().problem) == (True, "")
            assert signed >= 2, "signing waited for the policies"
            client.sign(sign_request("k"))
    finally:
        (daemon.home.policies / "many.cedar").unlink()
    assert reloaded(admin).changed


def refused_in_the_end(call: Callable[[], object]) -> str:
    """Call until it is refused: what is open still has some room; return the reason."""
    for _ in range(500):
        try:
            call()
        except SignwardError as refused:
            return refused.reason
    raise AssertionError("the disk is not full")


def test_on_a_full_disk_policies_are_reloaded_and_nothing_is_signed_or_said(home: Home) -> None:
    """What the log has no room for is refused; new policies need none, and no call."""
    with (
        Daemon(home, "--set", "reload.interval=1h") as daemon,
        daemon.client() as client,
        daemon.client("admin") as admin,
    ):
        create(client, "k")
        before = reloaded(admin).version
        disk = LimitedFiles(daemon)
        disk.fill()
        assert refused_in_the_end(lambda: client.sign(sign_request("k"))) in UNAVAILABLE
        assert refused_in_the_end(lambda: reloaded(admin)) in UNAVAILABLE
        home.permit(permit(1), "fresh.cedar")
        daemon.process.send_signal(signal.SIGHUP)
        assert eventually(lambda: '"reloaded"' in daemon.said)
        disk.free()
        assert eventually(lambda: daemon.probe("/readyz") == 200)
        after = reloaded(admin)
        assert (after.changed, after.problem) == (False, "")
        assert after.version != before
        client.sign(sign_request("k"))


def test_policies_on_a_full_disk_are_reloaded_and_keys_sign(home: Home, shelf: Path) -> None:
    folder = shelf / "policies"
    with mounted(folder):
        for file in home.policies.iterdir():
            copy(file, folder)
        with (
            Daemon(
                home, "--set", "reload.interval=1h", "--set", f"policy.folder={folder}"
            ) as daemon,
            daemon.client() as client,
            daemon.client("admin") as admin,
        ):
            create(client, "k")
            fresh = folder / "fresh.cedar"
            fresh.write_text(permit(1))
            disk = FullFilesystem(folder)
            disk.fill()
            assert reloaded(admin).changed
            client.sign(sign_request("k"))
            disk.free()
            fresh.unlink()
            assert reloaded(admin).changed
            client.sign(sign_request("k"))


def test_a_storm_of_reloads_stops_nobody_from_signing(daemon: Daemon, admin: Client) -> None:
    """A hundred at once, with a set that takes a while, half of them by a changed one."""
    home, stop = daemon.home, threading.Event()
    took: list[float] = []

    def sign() -> None:
        with daemon.client() as client:
            while not stop.is_set():
                began = time.monotonic()
                client.sign(sign_request("k"))
                took.append(time.monotonic() - began)

    home.permit("\n".join(map(permit, range(300))), "many.cedar")
    try:
        with ThreadPoolExecutor(101) as pool:
            signing = pool.submit(sign)
            storm = [pool.submit(reloaded_or_not, admin) for _ in range(50)]
            home.permit("\n".join(map(permit, range(301))), "many.cedar")
            storm += [pool.submit(reloaded_or_not, admin) for _ in range(50)]
            assert {future.result(60) for future in storm} <= {"", "RATE_LIMITED"}
            stop.set()
            signing.result(60)
    finally:
        stop.set()
        (home.policies / "many.cedar").unlink()
    assert len(took) >= 3
    assert max(took) < 10, "a signature waited for all reloads"
    assert reloaded(admin).changed
