"""Limits in memory: exact, all or nothing, and honest about how long to wait."""

import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from limits import RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from signward_server.core.errors import FieldInvalid, RateLimited
from signward_server.core.identity import Identity, IdentityKind
from signward_server.core.method_classes import MethodClass as M
from signward_server.core.ports import Event
from signward_server.limits.memory_limits import MemoryLimits
from signward_server.limits.rules import Per, Rule, version_of

from tests.fakes.meter import FakeMeter
from tests.fakes.spine.clock import MovingClock

BOT = Identity(IdentityKind.CN, "bot")
OTHER = Identity(IdentityKind.CN, "other")
FIVE = Rule(M.KEY_CREATION, Per.IDENTITY, 5, 300)


class World:
    def __init__(self, *rules: Rule) -> None:
        self.clock, self.meter = MovingClock(), FakeMeter()
        self.limits = MemoryLimits(rules, self.clock, self.meter)

    def refused(self, *what, **more) -> float:
        """Return the time to wait; 0 if it was admitted."""
        try:
            self.limits.admit(*what, **more)
        except RateLimited as error:
            return error.retry_after
        return 0

    def admitted(self, *what, **more) -> int:
        """Return how many get through before one is refused."""
        return next(n for n in range(10_000) if self.refused(*what, **more))


def test_five_keys_in_five_minutes_by_identity():
    world = World(FIVE)
    assert world.admitted(BOT, M.KEY_CREATION) == 5
    assert world.admitted(OTHER, M.KEY_CREATION) == 5
    assert world.refused(BOT, M.KEY_CREATION) == pytest.approx(300, abs=0.01)
    world.clock.advance(299.9)
    assert world.refused(BOT, M.KEY_CREATION)
    world.clock.advance(0.2)
    assert world.admitted(BOT, M.KEY_CREATION) == 5


def test_what_has_no_rule_is_not_limited():
    world = World(FIVE, Rule(M.SIGN, Per.KEY, 1, 1))
    assert all(world.refused(BOT, M.READ, "key", 10**9) == 0 for _ in range(100))
    assert all(world.refused(BOT, M.SIGN) == 0 for _ in range(100))
    assert world.meter.counted == []
    assert not MemoryLimits.blocking


def test_a_key_is_counted_over_all_callers_and_a_pair_by_itself():
    by_key, by_pair = Rule(M.SIGN, Per.KEY, 3, 10), Rule(M.SIGN, Per.IDENTITY_AND_KEY, 2, 10)
    world = World(by_key, by_pair)
    assert world.admitted(BOT, M.SIGN, "a") == 2
    assert world.admitted(OTHER, M.SIGN, "a") == 1
    assert world.admitted(OTHER, M.SIGN, "b") == 2


def test_what_one_rule_refuses_counts_for_none():
    world = World(Rule(M.SIGN, Per.IDENTITY, 5, 100), Rule(M.SIGN, Per.KEY, 1, 1))
    assert world.admitted(BOT, M.SIGN, "a") == 1
    for _ in range(50):
        assert world.refused(BOT, M.SIGN, "a")
    for key in "bcde":
        assert world.refused(BOT, M.SIGN, key) == 0
    assert world.refused(BOT, M.SIGN, "f") > 90


def test_what_is_refused_begins_no_window():
    world = World(Rule(M.SIGN, Per.IDENTITY, 2, 100), Rule(M.SIGN, Per.KEY, 1, 10))
    world.refused(BOT, M.SIGN, "a")
    world.refused(BOT, M.SIGN, "b")
    assert world.refused(BOT, M.SIGN, "c")
    world.clock.advance(5)
    assert world.refused(OTHER, M.SIGN, "c") == 0
    assert world.refused(OTHER, M.SIGN, "c") == pytest.approx(10, abs=0.01)


def test_a_batch_counts_by_its_items_and_what_never_fits_is_invalid():
    world = World(Rule(M.SIGN, Per.IDENTITY, 10, 60), Rule(M.SIGN, Per.KEY, 4, 60))
    assert world.refused(BOT, M.SIGN, "", 7) == 0
    assert world.refused(BOT, M.SIGN, "a", 4)
    assert world.refused(BOT, M.SIGN, "a", 3) == 0
    for key, cost in (("a", 5), ("", 11)):
        with pytest.raises(FieldInvalid) as caught:
            world.limits.admit(BOT, M.SIGN, key, cost)
        assert caught.value.violations[0].field == "payload"
    world.clock.advance(60)
    assert world.refused(BOT, M.SIGN, "", 10) == 0, "the invalid ones counted for nothing"


def test_a_refusal_is_counted_by_its_class():
    world = World(FIVE)
    for _ in range(7):
        world.refused(BOT, M.KEY_CREATION)
    assert world.meter.counted == [(Event.RATE_LIMITED, "key_creation")] * 2


@pytest.mark.parametrize("step", [-3600, 3600])
def test_setting_the_wall_clock_neither_locks_out_nor_frees(step):
    world = World(FIVE)
    assert world.admitted(BOT, M.KEY_CREATION) == 5
    world.clock.wall += step
    assert world.refused(BOT, M.KEY_CREATION) == pytest.approx(300, abs=0.01)
    world.clock.boot += 300
    assert world.refused(BOT, M.KEY_CREATION) == 0


_rules = st.lists(
    st.builds(
        Rule,
        st.just(M.SIGN),
        st.sampled_from(Per),
        st.integers(1, 12),
        st.integers(1, 30),
    ),
    min_size=1,
    max_size=4,
    unique=True,
)
_calls = st.lists(
    st.tuples(
        st.floats(0, 20),
        st.sampled_from([BOT, OTHER]),
        st.sampled_from(["", "a", "b"]),
        st.integers(1, 12),
    ),
    max_size=40,
)


@given(_rules, _calls, st.tuples(st.sampled_from(["", "a"]), st.integers(1, 12)))
def test_who_waits_as_long_as_told_gets_through(rules, calls, last):
    world = World(*rules)
    key, cost = last
    least = min(rule.limit for rule in rules)
    cost = min(cost, least)
    for passed, who, asked, many in calls:
        world.clock.advance(passed)
        assert world.refused(who, M.SIGN, asked, min(many, least)) <= 30.01
    while not (wait := world.refused(BOT, M.SIGN, key, cost)):
        if all(rule.per is not Per.IDENTITY for rule in rules) and not key:
            return  # nothing applies
    world.clock.boot += int(wait * 1e9) / 1e9  # what RetryInfo carries
    assert world.refused(BOT, M.SIGN, key, cost) == 0


@given(_rules, _calls)
def test_no_window_admits_more_than_its_limit(rules, calls):
    world = World(*rules)
    windows: dict = {}
    for passed, who, key, cost in calls:
        world.clock.advance(passed)
        now = world.clock.boot
        applying = [rule for rule in rules if key or rule.per is Per.IDENTITY]
        fits = True
        for rule in applying:
            name = (rule, rule.counter(who, key))
            if windows.get(name, (0, 0))[0] <= now:
                windows.pop(name, None)
            fits = fits and windows.get(name, (0, 0))[1] + cost <= rule.limit
        if applying and cost > min(rule.limit for rule in applying):
            with pytest.raises(FieldInvalid):
                world.limits.admit(who, M.SIGN, key, cost)
            continue
        assert (world.refused(who, M.SIGN, key, cost) == 0) == fits
        for rule in applying if fits else ():
            name = (rule, rule.counter(who, key))
            ends, count = windows.get(name, (now + rule.window, 0))
            windows[name] = (ends, count + cost)


@given(_calls, st.integers(1, 12), st.integers(1, 30))
def test_it_decides_like_the_library(calls, limit, window):
    """The library's own counters, with its clock held right and what does not fit tested first."""
    world = World(Rule(M.SIGN, Per.IDENTITY, limit, window))
    item = RateLimitItemPerSecond(limit, window)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "time", world.clock.monotonic)
        patch.setattr(MemoryStorage, "_MemoryStorage__schedule_expiry", lambda self: None)
        storage = MemoryStorage()
        storage.timer.cancel()
        library = FixedWindowRateLimiter(storage)
        for passed, who, _, cost in calls:
            world.clock.advance(passed)
            if cost > limit:
                continue
            fits = library.test(item, str(who), cost=cost)
            if fits:
                library.hit(item, str(who), cost=cost)
            assert (world.refused(who, M.SIGN, "", cost) == 0) == fits


def test_threads_get_exactly_the_limit(restless):
    rules = [Rule(M.SIGN, Per.IDENTITY, 500, 60), Rule(M.SIGN, Per.KEY, 300, 60)]
    world, ready = World(*rules), threading.Barrier(8)
    admitted: list[str] = []

    def call(number: int) -> None:
        ready.wait(10)
        for turn in range(400):
            key = "ab"[(number + turn) % 2]
            if not world.refused(BOT, M.SIGN, key):
                admitted.append(key)

    threads = [threading.Thread(target=call, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(admitted) == 500
    assert max(admitted.count("a"), admitted.count("b")) <= 300


def test_rules_that_stay_keep_their_counters():
    world = World(FIVE)
    assert world.limits.version == version_of([FIVE])
    assert world.admitted(BOT, M.KEY_CREATION) == 5
    more = Rule(M.READ, Per.IDENTITY, 1, 60)
    world.limits.replace([more, FIVE])
    assert world.limits.version == version_of([FIVE, more])
    assert world.refused(BOT, M.KEY_CREATION)
    assert world.admitted(BOT, M.READ) == 1
    world.limits.replace([Rule(M.KEY_CREATION, Per.IDENTITY, 6, 300)])
    assert world.admitted(BOT, M.KEY_CREATION) == 6
    assert world.refused(BOT, M.READ) == 0
    world.limits.replace([])
    assert world.refused(BOT, M.KEY_CREATION) == 0


def test_replacing_rules_loses_no_count_of_those_that_stay(restless):
    rule = Rule(M.SIGN, Per.IDENTITY, 300, 60)
    world, done = World(rule), threading.Event()

    def replace() -> None:
        while not done.is_set():
            world.limits.replace([rule, Rule(M.READ, Per.IDENTITY, 1, 1)])
            world.limits.replace([rule])

    replacing = threading.Thread(target=replace)
    replacing.start()
    try:
        admitted = sum(not world.refused(BOT, M.SIGN) for _ in range(2000))
    finally:
        done.set()
        replacing.join(10)
    assert admitted == 300
