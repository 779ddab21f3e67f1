"""Time for nonces under clocks that are set, drift, and differ between machines."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from signward_server.core.errors import ClockUntrusted
from signward_server.core.ports import Event
from signward_server.store.nonces.trusted_time import Reading, TrustedTime, Witness

from tests.fakes.meter import FakeMeter
from tests.fakes.stepped_clock import SteppedClock


class Bench:
    """A time, its clock, and a server whose clock shows something else."""

    def __init__(self) -> None:
        self.clock = SteppedClock()
        self.meter = FakeMeter()
        self.time = TrustedTime(self.clock, self.meter)

    def wall(self) -> int:
        return int(self.clock.time() * 1000)

    def behind(self) -> int:
        """Return by how many milliseconds the time is behind the wall clock."""
        return self.wall() - self.time.now()

    def step(self, seconds: float) -> None:
        self.clock.step_wall(timedelta(seconds=seconds))

    def wait(self, seconds: float) -> None:
        self.clock.pass_time(timedelta(seconds=seconds))

    def agree(self, ahead: float = 0.0, trip: float = 0.0) -> None:
        """Hear of a server whose clock is ahead of the wall clock."""
        before = self.clock.monotonic()
        self.time.agree(Witness(before, self.clock.time() + ahead, before + trip))


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_it_is_the_wall_clock(bench: Bench) -> None:
    for _ in range(5):
        bench.wait(0.7)
        assert bench.behind() in {0, 1}


@pytest.mark.parametrize("seconds", [-1.01, 1.01, -3600, 3600, 1e9])
def test_a_step_is_noticed_at_once_and_forgiven_when_it_is_undone(
    bench: Bench, seconds: float
) -> None:
    bench.step(seconds)
    for _ in range(3):
        with pytest.raises(ClockUntrusted):
            bench.time.now()
        bench.wait(5)
    assert not bench.time.trusted
    bench.step(-seconds)
    assert bench.behind() in {0, 1}
    assert bench.time.trusted


def test_a_step_during_which_nobody_looked_is_one(bench: Bench) -> None:
    bench.wait(86_400)
    bench.step(2)
    with pytest.raises(ClockUntrusted):
        bench.time.now()


@pytest.mark.parametrize(
    ("seconds", "told"), [(1.5, [1500]), (-4.9, [-4900]), (5.1, []), (-60, [])]
)
def test_a_step_is_told_of_once_unless_the_log_sees_it_by_itself(
    bench: Bench, seconds: float, told: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    bench.step(seconds)
    for _ in range(3):
        with pytest.raises(ClockUntrusted):
            bench.time.now()
    assert bench.time.steps() == told
    assert bench.time.steps() == []
    assert bench.meter.counted == [(Event.CLOCK_STEPPED, "")] * len(told)
    assert [record.step_ms for record in caplog.records] == [round(seconds * 1000)]  # type: ignore[attr-defined]


@pytest.mark.parametrize("seconds", [-0.9, 0.9])
def test_a_small_step_is_made_up_for_slowly(bench: Bench, seconds: float) -> None:
    bench.time.now()
    bench.step(seconds)
    before = bench.time.now()
    for _ in range(200):
        bench.wait(0.1)
        passed = bench.time.now() - before
        assert 94 <= passed <= 106
        before += passed
    assert abs(bench.behind()) <= 2


def test_small_steps_that_add_up_are_a_step(bench: Bench) -> None:
    for _ in range(2):
        bench.step(0.4)
        bench.time.now()
    bench.step(0.4)
    with pytest.raises(ClockUntrusted):
        bench.time.now()


def test_a_thread_that_waits_between_two_looks_sees_no_step(bench: Bench) -> None:
    wall = bench.clock.wall

    class Slow(SteppedClock):
        def time(self) -> float:
            self.pass_time(timedelta(seconds=3))
            seen = super().time()
            self.pass_time(timedelta(seconds=3))
            return seen

    clock = Slow(wall)
    time = TrustedTime(clock, bench.meter)
    for _ in range(5):
        assert abs(time.now() - SteppedClock.time(clock) * 1000) <= 3_001
    assert time.trusted


def test_it_begins_anew_as_long_as_nothing_was_given(bench: Bench) -> None:
    bench.step(1e9)
    bench.time.begin()
    assert bench.behind() in {0, 1}


def test_it_begins_where_the_server_is(bench: Bench) -> None:
    bench.time.begin()
    bench.agree(ahead=4.0)
    assert -4_001 <= bench.behind() <= -3_999
    bench.time.begin()
    bench.agree(ahead=-0.25, trip=0.002)
    assert 247 <= bench.behind() <= 251


@pytest.mark.parametrize("ahead", [-5.1, 5.1, 1e6])
def test_another_clock_than_the_servers_counts_for_nothing(bench: Bench, ahead: float) -> None:
    bench.agree()
    for _ in range(2):
        with pytest.raises(ClockUntrusted):
            bench.agree(ahead)
    assert not bench.time.trusted
    bench.agree()
    assert bench.time.trusted
    assert bench.behind() in {0, 1}


def test_it_follows_the_server_slowly(bench: Bench) -> None:
    bench.agree()
    bench.agree(ahead=0.5)
    assert bench.behind() in {0, 1}
    for _ in range(11):
        bench.wait(1)
        bench.time.now()
    assert -501 <= bench.behind() <= -499


@given(st.lists(st.tuples(st.floats(0, 0.4), st.floats(0, 1)), min_size=1, max_size=20))
def test_replicas_are_apart_by_no_more_than_an_answer_took(
    answers: list[tuple[float, float]],
) -> None:
    """However their own clocks are wrong, within a second."""
    bench = Bench()
    bench.time.begin()
    for trip, part in answers:
        before = bench.clock.monotonic()
        server = bench.clock.time() + 0.8 + trip * part
        bench.wait(trip)
        bench.time.agree(Witness(before, server, before + trip))
    for _ in range(20):
        bench.wait(1)
        bench.time.now()
    apart = bench.behind() / 1000 + 0.8
    assert abs(apart) <= min(trip for trip, _ in answers) + 0.002


def test_a_reading_says_how_far_a_clock_is_off_at_least() -> None:
    reading = Reading(10.0, 100.0, 11.0)
    assert reading.beyond(89.5) == 0
    assert reading.beyond(88.0) == 1.0
    assert reading.beyond(92.0) == -2.0
