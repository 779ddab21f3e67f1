from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from signward_server.core.audit_events import AuditEvent, Decision
from signward_server.core.errors import (
    ApiKeyRevoked,
    AuditUnavailable,
    Cancelled,
    FieldInvalid,
    Internal,
    PolicyDenied,
    ShuttingDown,
)
from signward_server.flows import audit_reading, audit_turns
from signward_server.flows.audit_reading import AuditPage, Tailed
from signward_server.flows.audit_records import AuditFilter

from tests.fakes.spine.call import FakeCall
from tests.fakes.spine.world import World

ALL = AuditFilter()
BOTS = AuditFilter(identity="cn:bot")


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(audit_turns, "_REST", 0.0)
    monkeypatch.setattr(audit_reading, "_LOOK_AGAIN", 0.01)
    world = World()
    for number in range(250):
        world.log.append(identity="cn:bot" if number % 10 == 0 else "cn:other")
    return world


def _page(world: World, wanted: AuditFilter = ALL, start: int = 0, size: int = 1000) -> AuditPage:
    return world.audit_reading.page(FakeCall(), wanted, start, size)


def _numbers(page: AuditPage) -> list[int]:
    return [record.sequence for record in page.records]


# Lists


def test_a_page_has_the_records_in_order(world: World) -> None:
    assert _numbers(_page(world)) == list(range(250))
    page = _page(world, start=5, size=10)
    assert _numbers(page) == list(range(5, 15))
    assert (page.following, page.end) == (15, 250)


def test_a_page_has_only_what_is_wanted(world: World) -> None:
    page = _page(world, BOTS, start=1, size=3)
    assert _numbers(page) == [10, 20, 30]
    assert page.following == 31
    assert _numbers(_page(world, BOTS)) == list(range(0, 250, 10))


def test_a_page_looks_at_a_bounded_number_of_records(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_reading, "_LOOKS", 120)
    page = _page(world, AuditFilter(identity="cn:nobody"))
    assert (page.records, page.following, page.end) == ((), 120, 250)
    assert sum(world.log.reads) == 120
    assert max(world.log.reads) <= audit_turns.SCAN


def test_a_list_ends_where_the_log_did_when_it_began(world: World) -> None:
    first = _page(world, size=200)
    world.log.append()
    following = world.audit_reading.page(FakeCall(), ALL, first.following, 200, first.end)
    assert _numbers(following) == list(range(200, 250))
    assert following.following == following.end == 250


def test_what_is_not_kept_any_more_is_passed_over(world: World) -> None:
    world.log.first = 240
    page = _page(world)
    assert _numbers(page) == list(range(240, 250))
    world.log.first = 250
    page = _page(world)
    assert (page.records, page.following, page.end) == ((), 250, 250)


def test_what_is_removed_while_it_is_read_is_passed_over(world: World) -> None:
    records = world.log.records

    def removing(start: int, most: int) -> object:
        world.log.first = max(world.log.first, 150) if start else 0
        return records(start, most)

    world.log.records = removing  # type: ignore[assignment, method-assign]
    page = _page(world)
    assert _numbers(page) == [*range(audit_turns._PICKED), *range(150, 250)]
    assert page.following == 250


@pytest.mark.parametrize("start", [250, 251, 2**64 - 1])
def test_nothing_begins_beyond_the_end(world: World, start: int) -> None:
    if start == 250:
        assert _page(world, start=start).records == ()
        return
    with pytest.raises(FieldInvalid) as refused:
        _page(world, start=start)
    assert [violation.field for violation in refused.value.violations] == ["start"]
    with pytest.raises(FieldInvalid):
        next(world.audit_reading.tail(FakeCall(), ALL, start))


def test_a_damaged_record_is_no_end_of_the_list(world: World) -> None:
    world.log.bodies[7] = b"{}"
    with pytest.raises(Internal):
        _page(world)
    assert world.audit.outcomes == ["INTERNAL"]


def test_what_is_there_and_cannot_be_read_is_not_passed_over(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(audit_turns, "_PAUSE", 0.0)
    records = world.log.records
    monkeypatch.setattr(
        world.log, "records", lambda start, most: records(start, min(most, max(0, 120 - start)))
    )
    with pytest.raises(Internal):
        _page(world, start=100)
    assert caplog.records[-1].sequence == 120  # type: ignore[attr-defined]
    steps = _tail(world, 118)
    next(steps)
    assert [_next(steps), _next(steps)] == [118, 119]
    with pytest.raises(Internal):
        next(steps)


def test_what_cannot_be_read_for_a_moment_is_waited_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_turns, "_PAUSE", 0.0)
    records, failures = world.log.records, [1, 2, 3]
    monkeypatch.setattr(
        world.log,
        "records",
        lambda s, most: [] if failures and failures.pop() else records(s, most),
    )
    assert _numbers(_page(world)) == list(range(250))


def test_s40_every_page_is_recorded_before_it_is_answered(world: World) -> None:
    _page(world, AuditFilter(key="mm-1"), start=3)
    (entry,) = world.audit.entries
    assert (entry.event, entry.action) == (AuditEvent.ADMINISTRATION, "ListAuditRecords")
    assert (entry.outcome, entry.decision) == ("OK", Decision.ALLOW)
    assert entry.note == "start=3 key=mm-1"
    world.audit.losing = True
    with pytest.raises(AuditUnavailable):
        _page(world)


def test_s40_reading_takes_a_right_on_the_server(world: World) -> None:
    world.policy.rule = lambda judgement: False
    with pytest.raises(PolicyDenied):
        _page(world)
    with pytest.raises(PolicyDenied):
        next(world.audit_reading.tail(FakeCall(), ALL, None))
    assert [(j.action, j.key) for j in world.policy.judged] == [
        ("ListAuditRecords", None),
        ("TailAuditRecords", None),
    ]
    assert [(e.action, e.outcome) for e in world.audit.entries] == [
        ("ListAuditRecords", "POLICY_DENIED"),
        ("TailAuditRecords", "POLICY_DENIED"),
    ]
    assert world.log.reads == []


def test_nothing_is_read_on_for_a_caller_who_has_gone(world: World) -> None:
    with pytest.raises(Cancelled):
        world.audit_reading.page(FakeCall(lives=1, end=Cancelled()), ALL, 0, 1000)
    assert len(world.log.reads) == 1


# Following


def _tail(
    world: World, start: int | None = None, wanted: AuditFilter = ALL, call: FakeCall | None = None
) -> Iterator[Tailed]:
    return world.audit_reading.tail(call or FakeCall(), wanted, start)


def _next(steps: Iterator[Tailed]) -> int:
    step = next(steps)
    assert step.record is not None
    assert step.following == step.record.sequence + 1
    return step.record.sequence


def test_following_begins_at_the_end_and_says_where(world: World) -> None:
    steps = _tail(world)
    assert next(steps) == Tailed(None, 250, world.log.name)
    world.log.append()
    world.log.append()
    assert [_next(steps), _next(steps)] == [250, 251]


def test_following_can_begin_anywhere(world: World) -> None:
    steps = _tail(world, 247)
    assert next(steps) == Tailed(None, 247, world.log.name)
    assert [_next(steps) for _ in range(3)] == [247, 248, 249]
    world.log.append()
    assert _next(steps) == 250
    assert next(_tail(world, 251)) == Tailed(None, 251, world.log.name)
    world.log.first = 249
    assert next(_tail(world, 0)) == Tailed(None, 249, world.log.name)


def test_a_record_arrives_as_soon_as_it_is_written(world: World) -> None:
    steps = _tail(world)
    next(steps)
    writer = threading.Timer(0.05, world.log.append)
    writer.start()
    assert _next(steps) == 250
    writer.join()


def test_following_shows_only_what_is_wanted_and_says_how_far_it_went(world: World) -> None:
    steps = _tail(world, 221, BOTS)
    next(steps)
    assert [_next(steps), _next(steps)] == [230, 240]
    world.clock.advance(60)
    assert next(steps) == Tailed(None, 250, world.log.name)


def test_what_goes_away_before_it_was_followed_is_passed_over(world: World) -> None:
    steps = _tail(world, 10)
    next(steps)
    world.log.first = 248
    assert [_next(steps), _next(steps)] == [248, 249]


def test_all_that_goes_away_is_no_end(world: World) -> None:
    steps = _tail(world, 10)
    next(steps)
    world.log.first = 250
    threading.Timer(0.05, world.log.append).start()
    assert _next(steps) == 250


def test_s40_its_beginning_is_recorded_once(world: World) -> None:
    steps = _tail(world, 240, BOTS)
    next(steps)
    _next(steps)
    (entry,) = world.audit.entries
    assert (entry.event, entry.action) == (AuditEvent.ADMINISTRATION, "TailAuditRecords")
    assert (entry.outcome, entry.note) == ("OK", "start=240 identity=cn:bot")
    world.audit.failing = True
    with pytest.raises(AuditUnavailable):
        next(_tail(world))


def test_s04_who_loses_the_right_sees_nothing_more_and_that_is_recorded(world: World) -> None:
    steps = _tail(world, 0)
    next(steps)
    _next(steps)
    world.policy.denied.add("TailAuditRecords")
    world.clock.advance(0.25)
    with pytest.raises(PolicyDenied):
        next(steps)
    assert world.audit.outcomes == ["OK", "POLICY_DENIED"]


def test_s02_who_is_revoked_sees_nothing_more(world: World) -> None:
    call = FakeCall(lives=1, end=ApiKeyRevoked())
    steps = _tail(world, 0, call=call)
    next(steps)
    _next(steps)
    world.clock.advance(0.25)
    with pytest.raises(ApiKeyRevoked):
        next(steps)


def test_who_waits_is_looked_at_again(world: World) -> None:
    call = FakeCall(lives=3, end=Cancelled())
    steps = _tail(world, call=call)
    next(steps)
    with pytest.raises(Cancelled):
        next(steps)
    assert call.checks == 4


def test_whoever_follows_is_told_that_the_daemon_stops(world: World) -> None:
    steps = _tail(world)
    next(steps)
    threading.Timer(0.05, world.audit_reading.close).start()
    with pytest.raises(ShuttingDown):
        next(steps)
