"""Policies that change all the time: every request is decided by one whole set (S11)."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from pathlib import Path

import pytest
from signward import Client, ReloadPart, SignwardError

from tests.running.homes import Home
from tests.running.keys import create, sign_request
from tests.running.process import Daemon

pytestmark = pytest.mark.integration

SECONDS = 3.0
# `first` and `second` are permitted by one set each. `half` is permitted by one file of a set
# and forbidden by the other one, and unknown to the other set: only a half set lets it sign.
_KEY = 'principal == Identity::"cn:bot", action in [Action::"ViewKey", Action::"SignRaw"]'
SETS = {
    "one": {
        "a.cedar": f'permit ({_KEY}, resource == Key::"first");\n'
        f'permit ({_KEY}, resource == Key::"half");',
        "b.cedar": f'forbid ({_KEY}, resource == Key::"half");\n'
        f'permit ({_KEY}, resource == Key::"other-half") when {{ false }};',
    },
    "two": {
        "a.cedar": f'forbid ({_KEY}, resource == Key::"other-half");',
        "b.cedar": f'permit ({_KEY}, resource == Key::"second");\n'
        f'permit ({_KEY}, resource == Key::"other-half");',
    },
}
_REST = """\
permit (principal == Identity::"cn:bot", action == Action::"ListKeys", resource);
permit (principal == Identity::"cn:admin", action, resource);
"""
KEYS = ("first", "half", "other-half", "second")


class Volume:
    """A folder of policies that is exchanged in one go, as Kubernetes does."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        for file in folder.iterdir():
            file.unlink()
        for name, files in SETS.items():
            (folder / name).mkdir(mode=0o700)
            for file, text in (files | {"rest.cedar": _REST}).items():
                (folder / name / file).write_text(text)
                (folder / name / file).chmod(0o600)
        self.show("one")
        for file in ("a.cedar", "b.cedar", "rest.cedar"):
            (folder / file).symlink_to(f"..data/{file}")

    def show(self, name: str) -> None:
        """Put a set into the folder."""
        link = self._folder / "..fresh"
        link.symlink_to(name)
        link.rename(self._folder / "..data")


@pytest.fixture
def volume(home: Home) -> Volume:
    return Volume(home.policies)


@pytest.fixture
def daemon(home: Home, volume: Volume) -> Iterator[Daemon]:
    with Daemon(home, "--set", "reload.interval=1h") as daemon, daemon.client("admin") as admin:
        for key in KEYS:
            create(admin, key)
        yield daemon


def outcome(client: Client, key: str) -> str:
    try:
        client.sign(sign_request(key))
    except SignwardError as error:
        return error.reason
    return "signed"


def in_threads(works: list[Callable[[], None]]) -> None:
    """Run these for a while, each again and again; raise what one of them raises."""
    stop = threading.Event()

    def again(work: Callable[[], None]) -> None:
        while not stop.is_set():
            work()

    with ThreadPoolExecutor(len(works)) as pool:
        running = [pool.submit(again, work) for work in works]
        wait(running, timeout=SECONDS, return_when=FIRST_COMPLETED)
        stop.set()
        for each in running:
            each.result(30)


def test_s11_no_request_is_decided_by_halves_of_two_sets(daemon: Daemon, volume: Volume) -> None:
    met: Counter[tuple[str, str]] = Counter()
    listed: Counter[tuple[str, ...]] = Counter()
    problems: Counter[str] = Counter()
    turn = 0

    def swap() -> None:
        nonlocal turn
        turn += 1
        volume.show(("one", "two")[turn % 2])
        time.sleep(0.001)

    with daemon.client() as bot, daemon.client() as lister, daemon.client("admin") as admin:

        def sign() -> None:
            for key in KEYS:
                met[key, outcome(bot, key)] += 1

        def show() -> None:
            listed[tuple(key.id for key in lister.list_keys())] += 1

        def reload() -> None:
            try:
                (result,) = admin.admin.reload([ReloadPart.RELOAD_PART_POLICY])
                problems[result.problem] += 1
            except SignwardError as error:
                problems[error.reason] += 1

        in_threads([swap, reload, reload, sign, show])
    others = {each for each in problems if each and "keeps changing" not in each}
    assert others <= {"RATE_LIMITED"}  # the other one is at it
    refused = {"KEY_NOT_FOUND", "POLICY_DENIED"}  # viewed by one set, judged by the other
    for key in ("half", "other-half"):
        assert {what for name, what in met if name == key} <= refused, met
    for key in ("first", "second"):
        found = {what for name, what in met if name == key}
        assert found <= {"signed", *refused}, met
        assert met[key, "signed"] > 0
    assert set(listed) <= {("first",), ("second",)}, listed


def test_s11_once_reload_has_answered_the_old_set_decides_nothing(
    daemon: Daemon, volume: Volume
) -> None:
    with daemon.client() as bot, daemon.client("admin") as admin:
        for _ in range(15):
            for name, allowed, denied in (("two", "second", "first"), ("one", "first", "second")):
                volume.show(name)
                (result,) = admin.admin.reload([ReloadPart.RELOAD_PART_POLICY])
                assert (result.changed, result.problem) == (True, "")
                assert outcome(bot, denied) == "KEY_NOT_FOUND"
                assert outcome(bot, allowed) == "signed"
