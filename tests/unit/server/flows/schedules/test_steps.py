"""What time brings to a version: its end, its destruction, its successor."""

from __future__ import annotations

from datetime import timedelta

import pytest
from signward_server.core.audit_events import AuditEvent
from signward_server.core.errors import CustodyUnavailable, StoreUnavailable
from signward_server.core.keys import Freeze, KeyState, Purpose, VersionState
from signward_server.core.ports import Event

from tests.unit.server.flows.schedules.desk import DAY, SECOND, Desk

GRACE, PRIMARY = VersionState.GRACE, VersionState.PRIMARY
RETIRED, PLANNED = VersionState.RETIRED, VersionState.DESTROY_SCHEDULED
DESTROYED = VersionState.DESTROYED


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_grace_that_has_ended_is_stored_as_retired_and_wiped(desk: Desk) -> None:
    desk.put("k", (GRACE, 2 * DAY), (GRACE, 3 * DAY))
    desk.look(2 * DAY - SECOND)
    assert desk.state("k", 1) is GRACE
    assert desk.custody.forgotten == []
    desk.look()
    assert desk.state("k", 1) is RETIRED
    assert desk.state("k", 2) is GRACE
    assert desk.custody.forgotten == ["k"]
    desk.look(DAY)
    assert desk.state("k", 2) is RETIRED
    assert desk.state("k", 3) is PRIMARY


def test_what_has_ended_is_announced_before_and_recorded_after(desk: Desk) -> None:
    desk.put("k", (GRACE, 2 * DAY))
    desk.look()
    assert desk.audit.notes == []
    desk.look(DAY)
    assert desk.audit.notes == [
        (AuditEvent.SCHEDULED, {"step": "retirement", "due": "2026-11-23T12:00:00Z"})
    ]
    desk.look()
    desk.look(DAY)
    assert desk.told == [(AuditEvent.SCHEDULED, "k", 1), (AuditEvent.RETIRED, "k", 1)]
    assert desk.meter.counted == [(Event.STEP_DONE, "retirement")]


def test_what_was_due_while_nothing_ran_is_announced_all_the_same(desk: Desk) -> None:
    desk.put("k", (PLANNED, 7 * DAY))
    desk.clock.pass_time(30 * DAY)
    desk.start()
    desk.look()
    assert desk.told == [(AuditEvent.SCHEDULED, "k", 1), (AuditEvent.DESTROYED, "k", 1)]


def test_a_planned_destruction_deletes_the_material_and_wipes_it(desk: Desk) -> None:
    desk.put("k", (PLANNED, 7 * DAY))
    desk.catalogue.materials["k", 1] = b"sealed"
    desk.catalogue.materials["k", 2] = b"other"
    desk.look(7 * DAY - SECOND)
    assert desk.state("k", 1) is PLANNED
    wiped = desk.residue.wiped
    desk.look()
    assert desk.state("k", 1) is DESTROYED
    assert desk.catalogue.materials == {("k", 2): b"other"}
    assert desk.custody.forgotten == ["k"]
    assert desk.residue.wiped == wiped + 1
    assert desk.told[-1] == (AuditEvent.DESTROYED, "k", 1)


def test_what_is_left_in_the_files_is_wiped_again_until_it_is_gone(desk: Desk) -> None:
    desk.residue.answers = [False, False, True]
    for _ in range(5):
        desk.look()
    assert desk.residue.wiped == 3


def test_a_restored_version_is_not_destroyed(desk: Desk) -> None:
    desk.put("k", (PLANNED, 7 * DAY))
    desk.look(7 * DAY - SECOND)
    desk.put("k", (RETIRED, DAY))
    desk.look(DAY)
    assert desk.state("k", 1) is RETIRED


def test_a_key_is_rotated_when_its_primary_version_is_old_enough(desk: Desk) -> None:
    desk.put("k", rotation_period=10 * DAY, grace_period=2 * DAY)
    desk.look(10 * DAY - SECOND)
    assert desk.state("k", 1) is PRIMARY
    desk.look()
    assert desk.state("k", 1) is GRACE
    assert desk.state("k", 2) is PRIMARY
    desk.look(2 * DAY)
    assert desk.state("k", 1) is RETIRED
    desk.look(8 * DAY)
    assert desk.state("k", 3) is PRIMARY
    rotated = [told for told in desk.told if told[0] is AuditEvent.ROTATED]
    assert rotated == [(AuditEvent.ROTATED, "k", 2), (AuditEvent.ROTATED, "k", 3)]
    assert (AuditEvent.ROTATED, {"previous": 2}) in desk.audit.notes


@pytest.mark.parametrize(
    "changes",
    [
        {"purpose": Purpose.HEDERA, "network": "testnet"},
        {"purpose": Purpose.HYPERLIQUID, "network": "testnet"},
        {"state": KeyState.DISABLED},
        {"freeze": Freeze.ALL},
        {"freeze": Freeze.CANCEL_ONLY},
        {"rotation_period": timedelta(0)},
    ],
)
def test_a_key_that_a_ledger_knows_or_an_operator_has_stopped_is_not_rotated(
    desk: Desk, changes: dict[str, object]
) -> None:
    desk.put("k", **{"rotation_period": DAY} | changes)
    for _ in range(3):
        desk.look(2 * DAY)
    assert desk.state("k", 1) is PRIMARY
    assert [event for event, _, _ in desk.told if event is AuditEvent.ROTATED] == []


def test_an_enabled_key_is_rotated_at_once_if_its_time_has_come_meanwhile(desk: Desk) -> None:
    key = desk.put("k", rotation_period=DAY, state=KeyState.DISABLED)
    desk.look(3 * DAY)
    desk.put("k", rotation_period=DAY, versions=key.versions)
    desk.look()
    assert desk.state("k", 2) is PRIMARY


def test_a_rotation_that_fails_is_tried_again_after_a_minute(desk: Desk) -> None:
    desk.put("k", rotation_period=DAY)
    desk.custody.failure = CustodyUnavailable()
    desk.look(DAY)
    desk.look()
    assert desk.meter.counted == [(Event.STEP_FAILED, "CUSTODY_UNAVAILABLE")]
    desk.custody.failure = None
    desk.look(58 * SECOND)
    assert desk.state("k", 1) is PRIMARY
    desk.look(2 * SECOND)
    assert desk.state("k", 2) is PRIMARY


def test_what_somebody_else_changes_meanwhile_is_left_to_the_next_look(desk: Desk) -> None:
    desk.put("k", (GRACE, DAY))

    def change() -> None:
        desk.catalogue.before_replace = lambda: None
        key = desk.catalogue.get("k")
        assert key is not None
        desk.catalogue.put(key)

    desk.catalogue.before_replace = change
    desk.look(DAY)
    assert desk.state("k", 1) is GRACE
    desk.look()
    assert desk.state("k", 1) is RETIRED
    assert desk.meter.counted == [(Event.STEP_DONE, "retirement")]


def test_a_key_whose_row_was_tampered_with_is_left_alone(desk: Desk) -> None:
    desk.put("bad", (PLANNED, 7 * DAY))
    desk.put("good", (GRACE, DAY))
    desk.catalogue.corrupt.add("bad")
    for _ in range(3):
        desk.look(5 * DAY)
    assert desk.state("good", 1) is RETIRED
    desk.catalogue.corrupt.clear()
    assert desk.state("bad", 1) is PLANNED


def test_nothing_is_done_that_cannot_be_recorded(desk: Desk) -> None:
    desk.put("k", (GRACE, DAY), rotation_period=DAY)
    desk.audit.failing = True
    desk.look(DAY)
    assert desk.state("k", 1) is GRACE
    assert not desk.signs("k", 1), "its end does not wait for the record"
    assert desk.meter.counted == [(Event.STEP_FAILED, "AUDIT_UNAVAILABLE")]
    desk.audit.failing = False
    desk.look()
    assert desk.state("k", 1) is RETIRED
    assert desk.state("k", 3) is PRIMARY


def test_a_store_that_is_away_is_logged_once_and_counted_each_time(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    def said() -> int:
        return [record.message for record in caplog.records].count("the schedules of keys wait")

    desk.floor.failure = StoreUnavailable()
    for _ in range(3):
        desk.look(SECOND)
    assert said() == 1
    assert desk.meter.counted == [(Event.STEP_FAILED, "STORE_UNAVAILABLE")] * 3
    desk.floor.failure = None
    desk.look(SECOND)
    desk.floor.failure = StoreUnavailable()
    desk.look(SECOND)
    assert said() == 2


@pytest.mark.parametrize("part", ["catalogue", "timetable", "floor"])
def test_a_store_that_fails_is_asked_again(desk: Desk, part: str) -> None:
    desk.put("k", (GRACE, DAY))
    getattr(desk, part).failure = StoreUnavailable()
    desk.look(DAY)
    assert desk.state("k", 1) is GRACE
    getattr(desk, part).failure = None
    desk.look()
    assert desk.state("k", 1) is RETIRED


def test_ten_thousand_keys_of_one_age_are_not_rotated_at_once(desk: Desk) -> None:
    for number in range(100):
        desk.put(f"k{number}", rotation_period=DAY)
    desk.look(DAY)
    done = [told for told in desk.told if told[0] is AuditEvent.ROTATED]
    assert len(done) == 16
    for _ in range(6):
        desk.look()
    done = [told for told in desk.told if told[0] is AuditEvent.ROTATED]
    assert sorted(name for _, name, _ in done) == sorted(f"k{number}" for number in range(100))


def test_without_the_turn_nothing_is_done_or_shown(desk: Desk) -> None:
    desk.put("k", (GRACE, 2 * DAY))
    desk.look(DAY)
    assert desk.schedules.next == {"retirement": (desk.clock.now() + DAY).timestamp()}
    assert desk.schedules.waiting == {"retirement": 1, "destruction": 0, "rotation": 0}
    desk.turn.is_held = False
    desk.look(DAY)
    assert desk.state("k", 1) is GRACE
    assert desk.schedules.next == desk.schedules.waiting == {}
    desk.turn.is_held = True
    desk.look()
    assert desk.state("k", 1) is RETIRED


def test_whoever_takes_the_turn_takes_over_the_time_too(desk: Desk) -> None:
    desk.put("k", (GRACE, 2 * DAY))
    desk.floor.lift(desk.clock.time() + 3 * DAY.total_seconds())
    assert desk.signs("k", 1)
    desk.look()
    assert not desk.signs("k", 1)
    assert desk.state("k", 1) is RETIRED
