"""Limits that are counted elsewhere: what is asked there, and what happens when nobody answers."""

import threading

import pytest
from signward_server.core.errors import FieldInvalid, RateLimited
from signward_server.core.identity import Identity, IdentityKind
from signward_server.core.method_classes import MethodClass as M
from signward_server.core.ports import Event, Level
from signward_server.limits.breaker import Breaker
from signward_server.limits.memory_limits import MemoryLimits
from signward_server.limits.redis_windows import StorageFailed
from signward_server.limits.rules import Per, Rule, version_of
from signward_server.limits.shared_limits import SharedLimits

from tests.fakes.meter import FakeMeter
from tests.fakes.spine.clock import MovingClock
from tests.running.waiting import eventually

BOT = Identity(IdentityKind.CN, "bot")
TWO = Rule(M.SIGN, Per.IDENTITY, 2, 60)
BY_KEY = Rule(M.SIGN, Per.KEY, 100, 60)


class FakeWindows:
    """Counts without end of windows; fails when told to."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self.asked = 0
        self.failing = self.closed = False
        self.tried = threading.Event()

    def acquire(self, counters, cost):
        self.asked += 1
        if self.failing:
            raise StorageFailed
        for index, (item, name) in enumerate(counters):
            if self.counts.get(name, 0) + cost > item.amount:
                return index, 7.0
        for _, name in counters:
            self.counts[name] = self.counts.get(name, 0) + cost
        return None

    def answers(self) -> bool:
        self.tried.set()
        return not self.failing

    def close(self) -> None:
        self.closed = True


class World:
    def __init__(self, *rules: Rule, alone: bool = False, interval: float = 3600) -> None:
        self.clock, self.meter, self.windows = MovingClock(), FakeMeter(), FakeWindows()
        self.breaker = Breaker(
            self.windows.answers,
            interval=interval,
            patience=0.35,
            clock=self.clock,
            meter=self.meter,
        )
        local = MemoryLimits(rules, self.clock, self.meter) if alone else None
        self.limits = SharedLimits(
            rules, windows=self.windows, breaker=self.breaker, local=local, meter=self.meter
        )

    @property
    def is_up(self) -> bool:
        return self.meter.levels[Level.LIMIT_STORAGE_UP] == 1

    def refused(self, *what, **more) -> float:
        try:
            self.limits.admit(*what, **more)
        except RateLimited as error:
            return error.retry_after
        return 0


@pytest.fixture
def worlds():
    made: list[World] = []

    def make(*rules: Rule, **options) -> World:
        made.append(World(*rules, **options))
        return made[-1]

    yield make
    for world in made:
        world.limits.close()
        assert world.windows.closed


def test_it_asks_for_all_rules_at_once_and_names_the_one_that_refuses(worlds):
    world = worlds(TWO, BY_KEY)
    assert world.limits.blocking
    assert world.refused(BOT, M.SIGN, "a") == 0
    assert world.refused(BOT, M.SIGN) == 0
    with pytest.raises(RateLimited) as caught:
        world.limits.admit(BOT, M.SIGN, "a")
    assert caught.value.metadata["per"] == "identity"
    assert caught.value.retry_after == pytest.approx(7, abs=0.01)
    assert world.windows.asked == 3
    assert world.meter.counted == [(Event.RATE_LIMITED, "sign")]


def test_what_has_no_rule_or_never_fits_asks_nobody(worlds):
    world = worlds(TWO)
    world.limits.admit(BOT, M.READ, "a")
    worlds(BY_KEY).limits.admit(BOT, M.SIGN)
    with pytest.raises(FieldInvalid):
        world.limits.admit(BOT, M.SIGN, "", 3)
    assert world.windows.asked == 0


def test_counters_are_named_by_a_digest(worlds):
    world = worlds(TWO, BY_KEY)
    world.limits.admit(BOT, M.SIGN, "treasury")
    names = list(world.windows.counts)
    assert len(names) == 2
    assert not any("bot" in name or "treasury" in name for name in names)
    assert all(len(name) < 80 for name in names)


def test_while_it_fails_everything_with_a_rule_is_refused_until_the_next_try(worlds):
    world = worlds(TWO)
    assert world.is_up
    world.windows.failing = True
    assert world.refused(BOT, M.SIGN) == pytest.approx(3600.35)
    world.clock.advance(3500)
    assert world.refused(BOT, M.SIGN) == pytest.approx(100.35)
    world.clock.advance(200)
    assert world.refused(BOT, M.SIGN) == pytest.approx(0.35)
    assert world.refused(BOT, M.READ) == 0
    assert world.windows.asked == 1, "nobody waits for it again"
    assert not world.is_up
    assert (
        world.meter.counted
        == [(Event.LIMIT_STORAGE_FAILED, "")] + [(Event.RATE_LIMITED, "sign")] * 3
    )


def test_while_it_fails_each_counts_alone_if_configured(worlds):
    world = worlds(TWO, alone=True)
    world.limits.admit(BOT, M.SIGN)
    world.windows.failing = True
    assert [world.refused(BOT, M.SIGN) > 0 for _ in range(3)] == [False, False, True]
    world.clock.advance(60)
    assert world.refused(BOT, M.SIGN) == 0
    assert world.windows.asked == 2


def test_it_is_asked_again_when_it_answers_again(worlds):
    world = worlds(TWO, interval=0.01)
    world.windows.failing = True
    assert world.refused(BOT, M.SIGN)
    world.windows.tried.clear()
    assert world.windows.tried.wait(10)
    assert not world.is_up
    world.windows.failing = False
    assert eventually(lambda: world.is_up)
    assert world.refused(BOT, M.SIGN) == 0
    world.windows.failing = True
    assert world.refused(BOT, M.SIGN), "and fails again"
    assert not world.is_up


def test_many_failures_at_once_start_one_thread(worlds):
    world = worlds(TWO)
    world.windows.failing = True
    before = set(threading.enumerate())
    for _ in range(20):
        world.breaker.failed()
    assert len(set(threading.enumerate()) - before) == 1
    assert world.meter.counted == [(Event.LIMIT_STORAGE_FAILED, "")] * 20


def test_closing_ends_the_tries_and_starts_none():
    world = World(TWO)
    before = set(threading.enumerate())
    world.breaker.failed()
    world.limits.close()
    assert set(threading.enumerate()) <= before
    late = World(TWO)
    late.limits.close()
    late.breaker.failed()
    assert set(threading.enumerate()) <= before


def test_replacing_rules_replaces_those_that_count_alone_as_well(worlds):
    world = worlds(TWO, alone=True)
    one = Rule(M.SIGN, Per.IDENTITY, 1, 60)
    world.limits.replace([one])
    assert world.limits.version == version_of([one])
    world.limits.admit(BOT, M.SIGN)
    assert world.refused(BOT, M.SIGN)
    world.windows.failing = True
    assert [world.refused(BOT, M.SIGN) > 0 for _ in range(2)] == [False, True]
