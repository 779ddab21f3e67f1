"""For how long memory counts as what the store says (S34)."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from signward_server.core.errors import StoreUnavailable
from signward_server.core.ports import Event
from signward_server.store.lease import StoreLease

from tests.fakes.meter import FakeMeter
from tests.fakes.stepped_clock import SteppedClock

SECONDS = 2.0


class Asked:
    """A store that answers as a test says."""

    def __init__(self, clock: SteppedClock) -> None:
        self._clock = clock
        self.failing = False
        self.takes = 0.0
        self.times = threading.Semaphore(0)

    def __call__(self) -> None:
        self._clock.pass_time(timedelta(seconds=self.takes))
        self.times.release()
        if self.failing:
            raise StoreUnavailable


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock()


@pytest.fixture
def store(clock: SteppedClock) -> Asked:
    return Asked(clock)


@pytest.fixture
def meter() -> FakeMeter:
    return FakeMeter()


@pytest.fixture
def lease(clock: SteppedClock, store: Asked, meter: FakeMeter) -> StoreLease:
    return StoreLease(store, SECONDS, clock, meter)


def pass_seconds(clock: SteppedClock, seconds: float) -> None:
    clock.pass_time(timedelta(seconds=seconds))


def test_s34_there_is_none_before_the_store_was_asked(lease: StoreLease) -> None:
    assert not lease.held
    with pytest.raises(StoreUnavailable):
        lease.ensure_held()


def test_s34_it_runs_out_when_the_store_is_silent(
    lease: StoreLease, clock: SteppedClock, store: Asked
) -> None:
    lease.renew()
    store.failing = True
    pass_seconds(clock, SECONDS - 0.001)
    lease.renew()
    lease.ensure_held()
    pass_seconds(clock, 0.001)
    assert not lease.held
    with pytest.raises(StoreUnavailable):
        lease.ensure_held()
    store.failing = False
    lease.renew()
    lease.ensure_held()


def test_s34_it_counts_from_the_question(
    lease: StoreLease, clock: SteppedClock, store: Asked
) -> None:
    store.takes = 1.5
    lease.renew()
    pass_seconds(clock, 0.5)
    assert not lease.held


def test_s34_a_wall_clock_that_is_set_back_prolongs_nothing(
    lease: StoreLease, clock: SteppedClock
) -> None:
    lease.renew()
    clock.step_wall(timedelta(hours=-1))
    pass_seconds(clock, SECONDS)
    assert not lease.held


def test_failures_are_counted_and_told_once(
    lease: StoreLease, store: Asked, meter: FakeMeter, caplog: pytest.LogCaptureFixture
) -> None:
    store.failing = True
    lease.renew()
    lease.renew()
    store.failing = False
    lease.renew()
    lease.renew()
    assert meter.counted == [(Event.STORE_FAILED, "lease")] * 2
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]


def test_a_thread_goes_on_asking_until_it_is_stopped(clock: SteppedClock, meter: FakeMeter) -> None:
    asked = threading.Semaphore(0)

    def broken() -> None:
        asked.release()
        raise RuntimeError("a defect")

    store = Asked(clock)
    lease = StoreLease(store, 0.04, clock, meter)
    lease.start()
    assert lease.alive
    assert lease.held
    assert all(store.times.acquire(timeout=10) for _ in range(4))
    lease._confirm = broken
    assert all(asked.acquire(timeout=10) for _ in range(3)), "a defect ended it"
    lease.stop()
    assert not lease.alive
    assert not lease.held


def test_news_have_the_store_asked_at_once(clock: SteppedClock, meter: FakeMeter) -> None:
    store = Asked(clock)
    lease = StoreLease(store, 3600, clock, meter)
    lease.start()
    assert store.times.acquire(timeout=10)
    for _ in range(3):
        lease.wake()
        assert store.times.acquire(timeout=10)
    assert not store.times.acquire(timeout=0.1)
    lease.stop()
    lease.wake()
    assert not lease.alive
    assert not store.times.acquire(timeout=0.1)


def test_after_a_late_answer_the_store_is_asked_at_once(
    clock: SteppedClock, meter: FakeMeter
) -> None:
    store = Asked(clock)
    store.takes = 1200  # of 3600, where it is asked each 900
    lease = StoreLease(store, 3600, clock, meter)
    lease.start()
    assert all(store.times.acquire(timeout=10) for _ in range(3))
    store.takes = 0
    lease.stop()


def test_one_that_never_began_can_be_stopped(lease: StoreLease) -> None:
    lease.stop()
    assert not lease.alive
