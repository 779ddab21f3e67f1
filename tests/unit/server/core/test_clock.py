"""Time that does not go back, and time that does not run ahead."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from signward_server.core.clock import Onward, Patient, SystemClock

from tests.fakes.stepped_clock import SteppedClock

DAY = timedelta(days=1)
_STEPS = st.lists(
    st.tuples(
        st.timedeltas(timedelta(0), timedelta(days=40)),  # what passes
        st.timedeltas(timedelta(days=-400), timedelta(days=400)),  # how the wall clock is set
    ),
    max_size=30,
)


def test_the_system_s_clocks_agree_with_each_other() -> None:
    clock = SystemClock()
    assert abs(clock.time() - time.time()) < 1
    assert abs(clock.now().timestamp() - time.time()) < 1
    assert clock.monotonic() <= clock.monotonic()


@pytest.mark.parametrize("for_good", [False, True])
def test_onward_goes_with_both_clocks(for_good: bool) -> None:
    clock = SteppedClock()
    onward = Onward(clock, for_good=for_good)
    clock.pass_time(DAY)
    assert onward.time() == pytest.approx(clock.time())
    assert onward.now() == clock.now()


def test_s13_a_clock_that_is_set_back_takes_nothing_back() -> None:
    clock = SteppedClock()
    onward = Onward(clock)
    clock.pass_time(DAY)
    clock.step_wall(-10 * DAY)
    assert onward.now() == datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_a_clock_that_ran_ahead_counts_for_good_only_where_that_is_asked_for() -> None:
    clock = SteppedClock()
    passing, lasting = Onward(clock), Onward(clock, for_good=True)
    clock.step_wall(10 * DAY)
    assert passing.now() == lasting.now() == clock.now()
    clock.step_wall(-10 * DAY)
    assert passing.now() == clock.now()
    assert lasting.now() == clock.now() + 10 * DAY


def test_it_begins_at_the_floor_and_goes_on_from_there() -> None:
    clock = SteppedClock()
    onward = Onward(clock, for_good=True, floor=clock.time() + 100)
    assert onward.time() == pytest.approx(clock.time() + 100)
    clock.pass_time(timedelta(seconds=7))
    assert onward.time() == pytest.approx(clock.time() + 100)
    onward.reach(clock.time() + 50)
    assert onward.time() == pytest.approx(clock.time() + 100)
    onward.reach(clock.time() + 300)
    assert onward.time() == pytest.approx(clock.time() + 300)


def test_what_was_reserved_ahead_of_time_is_waited_for_and_not_gained() -> None:
    clock = SteppedClock()
    floor = clock.time() + 3
    for _ in range(10):  # starts in a row, each a tenth of a second after the last one's end
        clock.pass_time(timedelta(seconds=0.1))
        onward = Onward(clock, for_good=True, floor=floor, reserved=3)
        assert onward.time() >= floor
        floor = max(floor, clock.time() + 3)
    clock.pass_time(timedelta(seconds=4))
    assert onward.time() == pytest.approx(clock.time())


def test_s13_what_was_reserved_goes_on_where_the_clock_was_set_back() -> None:
    clock = SteppedClock()
    floor = clock.time()
    clock.step_wall(-10 * DAY)
    onward = Onward(clock, for_good=True, floor=floor, reserved=3)
    assert onward.time() == floor
    clock.pass_time(timedelta(seconds=13))
    assert onward.time() == pytest.approx(floor + 10)
    onward.reach(floor + 100, reserved=3)
    assert onward.time() == floor + 100
    clock.pass_time(timedelta(seconds=13))
    assert onward.time() == pytest.approx(floor + 110)


@given(_STEPS)
def test_s13_no_setting_of_the_wall_clock_takes_time_back(
    steps: list[tuple[timedelta, timedelta]],
) -> None:
    clock = SteppedClock()
    onward = Onward(clock, for_good=True)
    seen, shown = [onward.time()], [clock.time()]
    for passes, step in steps:
        clock.pass_time(passes)
        clock.step_wall(step)
        if seen[-1] % 3 < 1:  # as after a restart
            onward = Onward(clock, for_good=True, floor=seen[-1])
        seen.append(onward.time())
        shown.append(clock.time())
    assert all(before <= after + 1e-6 for before, after in pairwise(seen))
    assert seen[-1] >= max(shown) - 1e-6


@given(_STEPS)
def test_no_setting_of_the_wall_clock_brings_patient_time_forward(
    steps: list[tuple[timedelta, timedelta]],
) -> None:
    clock = SteppedClock()
    patient, start, passed = Patient(clock), clock.time(), 0.0
    for passes, step in steps:
        clock.pass_time(passes)
        clock.step_wall(step)
        passed += passes.total_seconds()
        assert patient.time() <= start + passed + 1e-3
        assert patient.time() <= clock.time()
    assert patient.now().tzinfo is UTC
