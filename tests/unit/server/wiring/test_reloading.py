"""A bad new part keeps the old one; what is asked for is answered in order."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from signward_server.core.ports import Event, Reloaded, ReloadPart
from signward_server.core.startup import ConfigurationRefused
from signward_server.wiring.reloading import Reloader

from tests.fakes.meter import FakeMeter
from tests.running.waiting import eventually


class FakePart:
    def __init__(self, version: str, following: str | Exception) -> None:
        self.version = version
        self.following = following
        self.loads = 0

    def watched(self) -> Iterable[Path]:
        return (Path("/nowhere") / self.version,)

    def load(self) -> None:
        self.loads += 1
        if isinstance(self.following, Exception):
            raise self.following
        self.version = self.following


def reloader(**parts: FakePart) -> tuple[Reloader, FakeMeter]:
    meter = FakeMeter()
    return Reloader({ReloadPart(name): part for name, part in parts.items()}, meter), meter


def test_a_new_part_is_in_force_and_counted() -> None:
    part = FakePart("old", "new")
    reloading, meter = reloader(policy=part)
    assert reloading.reload([ReloadPart.POLICY]) == [
        Reloaded(ReloadPart.POLICY, "new", changed=True)
    ]
    assert meter.counted == [(Event.RELOADED, "policy")]


def test_a_bad_part_keeps_the_old_one_and_says_why() -> None:
    bad = FakePart("old", ConfigurationRefused("it is bad", "mend it"))
    good = FakePart("1", "2")
    reloading, meter = reloader(policy=bad, limits=good)
    refused, taken = reloading.reload([ReloadPart.LIMITS, ReloadPart.POLICY])
    assert refused == Reloaded(
        ReloadPart.POLICY, "old", changed=False, problem="it is bad; mend it"
    )
    assert taken == Reloaded(ReloadPart.LIMITS, "2", changed=True)
    assert meter.counted == [(Event.RELOAD_REFUSED, "policy"), (Event.RELOADED, "limits")]


def test_a_defect_in_one_part_keeps_no_other_and_says_nothing_of_its_text() -> None:
    broken = FakePart("old", RuntimeError("a secret"))
    good = FakePart("1", "2")
    reloading, meter = reloader(policy=broken, groups=good)
    refused, taken = reloading.reload()
    assert refused == Reloaded(
        ReloadPart.POLICY, "old", changed=False, problem="it cannot be read; the log says where"
    )
    assert taken == Reloaded(ReloadPart.GROUPS, "2", changed=True)
    assert meter.counted == [(Event.RELOAD_REFUSED, "policy"), (Event.RELOADED, "groups")]


def test_what_is_the_same_has_not_changed() -> None:
    reloading, _ = reloader(groups=FakePart("same", "same"))
    assert [result.changed for result in reloading.reload()] == [False]


def test_naming_none_means_all_and_naming_twice_means_once() -> None:
    policy, limits = FakePart("a", "b"), FakePart("a", "b")
    reloading, _ = reloader(policy=policy, limits=limits)
    assert len(reloading.reload()) == 2
    reloading.reload([ReloadPart.LIMITS, ReloadPart.LIMITS])
    assert (policy.loads, limits.loads) == (1, 2)


def test_every_part_says_what_to_watch() -> None:
    reloading, _ = reloader(policy=FakePart("a", "b"))
    assert reloading.watched() == {ReloadPart.POLICY: (Path("/nowhere/a"),)}


class GatedPart(FakePart):
    """A part whose reading waits for a permit, each time."""

    def __init__(self) -> None:
        super().__init__("old", "new")
        self.begun = threading.Semaphore(0)
        self.go = threading.Semaphore(0)

    def load(self) -> None:
        self.begun.release()
        assert self.go.acquire(timeout=10)
        super().load()


def test_all_who_ask_while_one_reload_runs_share_the_one_after_it() -> None:
    part = GatedPart()
    reloading, meter = reloader(policy=part)
    with ThreadPoolExecutor(20) as pool:
        first = pool.submit(reloading.reload)
        assert part.begun.acquire(timeout=10)
        late = [pool.submit(reloading.reload) for _ in range(19)]
        part.go.release()
        assert first.result(10)[0].changed
        assert part.begun.acquire(timeout=10)
        assert eventually(lambda: pool._work_queue.qsize() == 0)
        part.go.release(20)
        found = [future.result(10) for future in late]
    assert all(result == [Reloaded(ReloadPart.POLICY, "new", changed=False)] for result in found)
    assert 2 <= part.loads <= 3  # one may have come when the second had begun
    assert len(meter.counted) == part.loads


def test_what_one_reload_raises_reaches_all_who_share_it_and_no_later_one() -> None:
    part = FakePart("old", ValueError("a defect"))
    reloading, _ = reloader(policy=part)
    for _ in range(2):
        with pytest.raises(ValueError, match="a defect"):
            reloading.reload()
    part.following = "new"
    assert reloading.reload()[0].changed
