"""A wall clock that is set, while a daemon runs and while none does (S13)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from signward_server.core.audit_events import AuditEvent
from signward_server.core.errors import StoreUnavailable
from signward_server.core.keys import VersionState
from signward_server.core.ports import Event
from signward_server.flows.schedules import KeptTime

from tests.fakes.stepped_clock import SteppedClock
from tests.unit.server.flows.schedules.desk import DAY, SECOND, Desk

GRACE, PRIMARY, RETIRED = VersionState.GRACE, VersionState.PRIMARY, VersionState.RETIRED
PLANNED, DESTROYED = VersionState.DESTROY_SCHEDULED, VersionState.DESTROYED


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_s13_a_retired_version_stays_retired_when_the_clock_is_set_back(desk: Desk) -> None:
    desk.put("k", (GRACE, DAY))
    desk.look(DAY)
    desk.clock.step_wall(-40 * DAY)
    desk.look()
    assert desk.state("k", 1) is RETIRED


def test_s13_what_has_ended_but_is_not_stored_yet_does_not_begin_anew(desk: Desk) -> None:
    desk.put("k", (GRACE, DAY))
    desk.look(DAY - 2 * SECOND)
    desk.clock.pass_time(2 * SECOND)
    assert not desk.signs("k", 1)
    desk.clock.step_wall(-40 * DAY)
    assert not desk.signs("k", 1)
    desk.start()  # after kill -9, with a clock that shows October
    assert not desk.signs("k", 1)
    desk.look()
    assert desk.state("k", 1) is RETIRED


def test_s13_an_older_clock_at_start_is_alarmed(desk: Desk) -> None:
    desk.look()
    desk.clock.step_wall(-DAY)
    desk.start()
    desk.time.tell_of_step(desk.audit, desk.meter)
    assert desk.audit.notes == [(AuditEvent.CLOCK_STEPPED, {"step_ms": -86_400_000})]
    assert desk.meter.counted == [(Event.CLOCK_STEPPED, "")]


@pytest.mark.parametrize("step", [timedelta(0), -4 * SECOND, DAY])
def test_a_clock_that_is_right_or_later_at_start_is_not(desk: Desk, step: timedelta) -> None:
    desk.look()
    desk.clock.step_wall(step)
    desk.start()
    desk.time.tell_of_step(desk.audit, desk.meter)
    assert desk.audit.notes == []


@given(fraction=st.floats(0, 1))
def test_what_one_process_stores_itself_brings_no_end_nearer(fraction: float) -> None:
    desk = Desk()
    desk.clock.pass_time(timedelta(minutes=1))
    desk.clock.boot += fraction / 1e6  # what a store does not keep
    desk.time.store()
    assert desk.onward.time() == pytest.approx(desk.clock.time(), abs=0.001)


def test_s13_an_end_that_was_told_of_outlives_a_crash_at_that_moment(desk: Desk) -> None:
    desk.put("k", (GRACE, DAY))
    desk.look()
    desk.clock.pass_time(2 * DAY)  # the machine has slept
    assert not desk.signs("k", 1)
    desk.clock.step_wall(-2 * DAY)
    desk.start()
    assert not desk.signs("k", 1)


def test_what_is_not_stored_yet_takes_one_write_and_none_as_long_as_it_is(desk: Desk) -> None:
    desk.look()
    before = desk.floor.lifted
    for _ in range(100):
        desk.clock.pass_time(timedelta(milliseconds=20))
        desk.time.now()
    assert desk.floor.lifted == before
    desk.clock.pass_time(DAY)
    for _ in range(100):
        assert desk.time.now() == desk.clock.now()
    assert desk.floor.lifted == before + 1


def test_an_end_is_told_of_while_the_store_takes_nothing(desk: Desk) -> None:
    desk.put("k", (GRACE, DAY))
    desk.floor.failure = StoreUnavailable()
    desk.clock.pass_time(2 * DAY)
    assert not desk.signs("k", 1)


def test_s13_an_end_that_one_process_has_told_of_is_one_for_all(desk: Desk) -> None:
    """Machines that share a store have clocks of their own."""
    desk.put("k", (GRACE, DAY))
    desk.look()
    ahead = SteppedClock(desk.clock.wall + 2 * DAY, 77.0)
    other = KeptTime(ahead, desk.floor)
    assert not desk.signs("k", 1, other.now())
    assert desk.signs("k", 1), "until it next looks"
    desk.look(4 * SECOND)
    assert not desk.signs("k", 1)
    assert desk.state("k", 1) is RETIRED
    later = desk.time.now() - ahead.now()
    for _ in range(50):
        for clock in (desk.clock, ahead):
            clock.pass_time(SECOND)
        desk.time.store()
        other.store()
    assert desk.time.now() - ahead.now() <= later, "they do not run ahead of each other"


def test_starts_in_a_row_gain_no_time(desk: Desk) -> None:
    for _ in range(50):
        desk.clock.pass_time(timedelta(milliseconds=100))
        desk.start()
        desk.schedules.look()
    desk.look(3 * SECOND)
    assert desk.onward.now() == desk.clock.now()


def test_a_clock_that_is_set_ahead_destroys_and_rotates_nothing(desk: Desk) -> None:
    desk.put("k", (PLANNED, 7 * DAY), rotation_period=90 * DAY)
    desk.clock.step_wall(400 * DAY)
    for _ in range(3):
        desk.look()
    assert desk.state("k", 1) is PLANNED
    assert desk.state("k", 2) is PRIMARY
    desk.look(7 * DAY)
    assert desk.state("k", 1) is DESTROYED


def test_a_clock_that_was_set_ahead_for_a_moment_has_ended_what_it_has_ended(desk: Desk) -> None:
    desk.put("k", (GRACE, 2 * DAY))
    desk.clock.step_wall(3 * DAY)
    assert not desk.signs("k", 1)
    desk.clock.step_wall(-3 * DAY)
    assert not desk.signs("k", 1)
    desk.look()
    assert desk.state("k", 1) is RETIRED


def test_a_key_is_rotated_once_a_period_whatever_the_clock_does(desk: Desk) -> None:
    desk.put("k", rotation_period=10 * DAY, grace_period=timedelta(0))
    for step in (-30 * DAY, 25 * DAY, -100 * DAY, 300 * DAY):
        desk.clock.step_wall(step)
        for _ in range(12):
            desk.look(DAY)
    rotated = [told for told in desk.told if told[0] is AuditEvent.ROTATED]
    assert len(rotated) <= 48 / 10
    assert desk.state("k", 1) is RETIRED


_SPAN = st.timedeltas(timedelta(0), 5 * SECOND) | st.timedeltas(timedelta(0), 20 * DAY)
_MOVES = st.lists(
    st.tuples(st.sampled_from(["pass", "step", "look", "crash"]), _SPAN, st.booleans()),
    max_size=40,
)
_ORDER = [GRACE, RETIRED, PLANNED, DESTROYED]


@given(_MOVES, _SPAN)
def test_s13_ended_stays_ended_however_the_clock_is_moved(
    moves: list[tuple[str, timedelta, bool]], grace: timedelta
) -> None:
    desk = Desk()
    desk.put("k", (GRACE, grace), (PLANNED, 10 * DAY))
    signed, states = True, [0, 2]
    for what, by, back in moves:
        if what == "pass":
            desk.clock.pass_time(by)
        elif what == "step":
            desk.clock.step_wall(-by if back else by)
        elif what == "look":
            desk.schedules.look()
        else:
            desk.clock.step_wall(-by if back else by)
            desk.start()
        signs = desk.signs("k", 1)
        assert signed or not signs, "what had ended signs again"
        now = [_ORDER.index(desk.state("k", number)) for number in (1, 2)]
        assert all(before <= after for before, after in zip(states, now, strict=True))
        signed, states = signs, now
    assert desk.state("k", 3) is PRIMARY
