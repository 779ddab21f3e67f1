"""A bad new part keeps the old one; what is asked for is answered in order."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from signward_server.core.audit_events import AuditEvent
from signward_server.core.errors import RateLimited, SignwardError
from signward_server.core.ports import Event, Reloaded, ReloadPart
from signward_server.core.startup import ConfigurationRefused
from signward_server.wiring.reloading import Reloader
from signward_server.wiring.watching import FileWatch

from tests.fakes.meter import FakeMeter
from tests.fakes.spine.audit import FakeAudit


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
    return Reloader(
        {ReloadPart(name): part for name, part in parts.items()}, meter, FakeAudit()
    ), meter


def test_a_new_part_is_in_force_and_counted() -> None:
    part = FakePart("old", "new")
    reloading, meter = reloader(policy=part)
    assert reloading.reload([ReloadPart.POLICY]) == [
        Reloaded(ReloadPart.POLICY, "new", changed=True)
    ]
    assert meter.counted == [(Event.RELOADED, "policy")]


def test_what_has_changed_is_in_the_audit_log() -> None:
    audit = FakeAudit()
    parts = {
        ReloadPart.POLICY: FakePart("old", "new"),
        ReloadPart.GROUPS: FakePart("same", "same"),
        ReloadPart.LIMITS: FakePart("old", ConfigurationRefused("it is bad", "mend it")),
    }
    Reloader(parts, FakeMeter(), audit).reload()
    assert audit.notes == [(AuditEvent.RELOADED, {"part": "policy", "version": "new"})]


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


def test_a_problem_is_logged_once_while_it_lasts_and_counted_each_time(
    caplog: pytest.LogCaptureFixture,
) -> None:
    part = FakePart("old", ConfigurationRefused("it is bad", "mend it"))
    reloading, meter = reloader(policy=part)

    def logged() -> list[str]:
        reloading.refresh([ReloadPart.POLICY])
        messages = [record.message for record in caplog.records]
        caplog.clear()
        return messages

    assert [logged(), logged()] == [["reload refused"], []]
    assert meter.counted == [(Event.RELOAD_REFUSED, "policy")] * 2
    part.following = RuntimeError("a defect")
    assert [logged(), logged()] == [["unexpected error", "reload refused"], []]
    part.following = "old"
    assert logged() == []
    part.following = RuntimeError("a defect")
    assert logged() == ["unexpected error", "reload refused"]
    reloading.reload([ReloadPart.POLICY])  # who asks is told each time
    assert [record.message for record in caplog.records] == ["unexpected error", "reload refused"]


def test_what_is_refused_in_part_has_changed_and_says_what_did_not() -> None:
    class Half(FakePart):
        def load(self) -> None:
            self.version = "new"
            raise ConfigurationRefused("half of it is bad", "")

    reloading, _ = reloader(certificates=Half("old", ""))
    assert reloading.reload() == [
        Reloaded(ReloadPart.CERTIFICATES, "new", changed=True, problem="half of it is bad")
    ]


class SlowPart(FakePart):
    """Loads until it is let go."""

    def __init__(self) -> None:
        super().__init__("old", "new")
        self.loading = threading.Event()
        self.let_go = threading.Event()

    def load(self) -> None:
        super().load()
        self.loading.set()
        assert self.let_go.wait(10)


@pytest.fixture
def under_way() -> Iterator[tuple[Reloader, SlowPart]]:
    part = SlowPart()
    reloading, _ = reloader(policy=part)
    thread = threading.Thread(target=reloading.reload)
    thread.start()
    assert part.loading.wait(10)
    yield reloading, part
    part.let_go.set()
    thread.join(10)


def test_who_does_not_wait_is_refused_while_another_reload_is_under_way(
    under_way: tuple[Reloader, SlowPart],
) -> None:
    reloading, part = under_way
    outcomes: list[SignwardError] = []

    def call() -> None:
        with pytest.raises(RateLimited) as refused:
            reloading.reload(wait=False)
        outcomes.append(refused.value)

    calls = [threading.Thread(target=call, daemon=True) for _ in range(20)]
    for each in calls:
        each.start()
    for each in calls:
        each.join(10)
    assert [refused.retry_after for refused in outcomes] == [1.0] * 20
    assert part.loads == 1


def test_the_watch_waits_for_its_turn_so_that_no_change_is_lost(
    under_way: tuple[Reloader, SlowPart], tmp_path: Path
) -> None:
    reloading, part = under_way
    part.watched = lambda: (tmp_path,)  # type: ignore[method-assign]
    look = threading.Thread(target=FileWatch(reloading, 1.0).look)
    look.start()
    look.join(0.1)
    assert look.is_alive()
    part.let_go.set()
    look.join(10)
    assert part.loads == 2


def test_after_a_reload_the_next_one_is_taken() -> None:
    part = FakePart("a", RuntimeError())
    reloading, _ = reloader(policy=part)
    reloading.reload(wait=False)
    reloading.reload(wait=False)
    assert part.loads == 2
