"""What every store must keep of nonces, whoever asks and whoever dies (promise 6)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from signward_server.core.audit_events import AuditEvent
from signward_server.core.errors import (
    ClockUntrusted,
    NonceOutOfWindow,
    RateLimited,
    StoreUnavailable,
)
from signward_server.core.ports import Event
from signward_server.store import Store
from signward_server.store.nonces import Lanes, StoredNonces, TrustedTime
from signward_server.store.nonces.floors import floors
from signward_server.store.writing import Writing

from tests.contract.stores import STORES, Bench
from tests.fakes.meter import FakeMeter

SIGNER, OTHER = b"s" * 32, b"o" * 32
MOST_TRIES = 10_000


class NonceBench:
    """Processes that share a store; time passes while one of them waits."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.clock = bench.clock
        self.meter = FakeMeter()

    @property
    def now(self) -> int:
        return int(self.clock.time() * 1000)

    def process(self, lanes: int = 1) -> StoredNonces:
        """Return what a process has that begins now; where it waits, time passes."""
        store = self.bench.store()
        clock = self.clock
        kept = Lanes(store._backend, Writing(clock), clock)
        time = TrustedTime(clock, self.meter)
        nonces = StoredNonces(kept, lanes, time, self.pass_time)
        store._opened.append(kept)
        return nonces

    def pass_time(self, seconds: float) -> None:
        self.clock.pass_time(timedelta(seconds=seconds))

    def floors(self) -> int:
        """Return how many floors the store has."""
        with self.bench.store()._durable.begin() as connection:
            return len(floors(connection))

    def rows(self, store: Store | None = None) -> list[tuple[int, str, int]]:
        store = store or self.bench.store()
        with store._durable.begin() as connection:
            found = connection.exec_driver_sql("SELECT * FROM nonce_lanes ORDER BY lane")
            return [(row[0], row[1], row[2]) for row in found]


@pytest.fixture(params=sorted(STORES))
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[NonceBench]:
    bench = STORES[request.param](tmp_path)
    yield NonceBench(bench)
    bench.close()


@pytest.fixture(autouse=True)
def server_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the server's clock be the machine's own: those of tests stand still."""
    monkeypatch.setattr(Lanes, "witness", lambda _: None)


def window(refused: pytest.ExceptionInfo[NonceOutOfWindow]) -> tuple[int, int]:
    metadata = refused.value.metadata
    return int(metadata["last"]), int(metadata["latest"])


def test_one_process_gives_now_and_each_millisecond_after_it(bench: NonceBench) -> None:
    nonces = bench.process()
    assert [nonces.take(SIGNER) for _ in range(5)] == [bench.now + n for n in range(5)]
    assert nonces.take(OTHER) == bench.now
    bench.pass_time(0.1)
    assert nonces.take(SIGNER) == bench.now


def test_processes_give_numbers_of_lanes_of_their_own(bench: NonceBench) -> None:
    processes = [bench.process(4) for _ in range(4)]
    taken = [process.take(SIGNER) for process in processes for _ in range(16)]
    assert sorted(taken) == list(range(bench.now, bench.now + 64))


def test_no_number_is_written(bench: NonceBench) -> None:
    nonces, watcher = bench.process(), bench.bench.store()
    nonces.take(SIGNER)
    before = bench.rows(watcher)
    for _ in range(20):
        nonces.take(SIGNER)
        bench.pass_time(0.01)
    assert bench.rows(watcher) == before


def test_beyond_64_ahead_it_waits_a_little_and_then_refuses(bench: NonceBench) -> None:
    nonces = bench.process(8)
    begun = bench.now
    taken = [nonces.take(SIGNER) for _ in range(40)]
    assert bench.now - begun >= 31 * 8
    assert all(later - earlier == 8 for earlier, later in pairwise(taken))
    nonces = StoredNonces(nonces._lanes, 8, nonces._time, lambda _: None)
    with suppress(RateLimited):
        for _ in range(40):
            nonces.take(SIGNER)
    with pytest.raises(RateLimited) as refused:
        nonces.take(SIGNER)
    assert refused.value.retry_after is not None
    assert 0 < refused.value.retry_after <= 0.064


def test_a_horizon_is_raised_before_it_is_needed(bench: NonceBench) -> None:
    nonces, watcher = bench.process(), bench.bench.store()
    nonces.take(SIGNER)
    for _ in range(5):
        bench.pass_time(0.4)
        nonces.renew()
        assert bench.rows(watcher)[0][2] == bench.now + 1000
        nonces.take(SIGNER)


def test_it_is_quick_where_the_next_number_lies_well_below_the_horizon(bench: NonceBench) -> None:
    nonces = bench.process(lanes=2)
    assert not nonces.is_quick(SIGNER)  # it has no lane yet
    nonces.take(SIGNER)
    assert nonces.is_quick(SIGNER)
    assert nonces.is_quick(OTHER)
    for _ in range(31):
        nonces.take(SIGNER)
    assert not nonces.is_quick(SIGNER)  # too far ahead
    assert nonces.is_quick(OTHER)
    bench.pass_time(0.98)
    assert not nonces.is_quick(OTHER)  # too close to the horizon
    nonces.renew()
    assert nonces.is_quick(OTHER)
    nonces.take(OTHER, bench.now + 2000)
    assert not nonces.is_quick(OTHER)  # its numbers are taken in the store from now on
    bench.clock.step_wall(timedelta(hours=-1))
    assert not nonces.is_quick(SIGNER)
    nonces.close()
    assert not nonces.is_quick(SIGNER)


def test_who_is_not_asked_writes_nothing(bench: NonceBench) -> None:
    nonces, watcher = bench.process(), bench.bench.store()
    nonces.renew()
    assert bench.rows(watcher) == []
    nonces.take(SIGNER)
    nonces.renew()
    before = bench.rows(watcher)
    bench.pass_time(60)
    nonces.renew()
    assert bench.rows(watcher) == before
    assert nonces.take(SIGNER) == bench.now


def test_after_a_crash_nothing_up_to_the_horizon_is_given(bench: NonceBench) -> None:
    before = bench.process()
    last = [before.take(SIGNER) for _ in range(64)][-1]
    horizon = bench.rows()[0][2]
    taken = bench.process().take(SIGNER)
    assert taken > horizon > last
    assert taken == bench.now


def test_a_lane_that_was_taken_over_is_no_use_to_its_old_holder(bench: NonceBench) -> None:
    old = bench.process()
    taken = {old.take(SIGNER)}
    bench.pass_time(2)
    new = bench.process()
    for _ in range(50):
        taken.add(new.take(SIGNER))
    old.renew()
    taken.add(old.take(SIGNER))
    taken.add(new.take(SIGNER))
    assert len(taken) == 53


def test_what_is_left_in_order_is_gone_on_with_at_once(bench: NonceBench) -> None:
    nonces = bench.process()
    last = [nonces.take(SIGNER) for _ in range(3)][-1]
    nonces.close()
    begun = bench.now
    after = bench.process()
    assert after.take(SIGNER) == last + 1
    assert bench.now <= begun + 3
    with pytest.raises(StoreUnavailable):
        nonces.take(SIGNER)


def test_one_process_more_than_lanes_is_refused_as_long_as_they_are_used(
    bench: NonceBench,
) -> None:
    holders = [bench.process(2) for _ in range(2)]
    more = StoredNonces(holders[0]._lanes, 2, TrustedTime(bench.clock, bench.meter), lambda _: None)
    for holder in holders:
        holder.take(SIGNER)
    with pytest.raises(RateLimited):
        more.take(SIGNER)
    assert more.lacking
    bench.pass_time(1.1)
    assert more.take(SIGNER) >= bench.now
    assert not more.lacking


@pytest.mark.parametrize("lanes", [1, 3, 8])
def test_who_counts_lanes_differently_repeats_nothing(bench: NonceBench, lanes: int) -> None:
    old, new = bench.process(4), bench.process(lanes)
    taken = [old.take(SIGNER), new.take(SIGNER)]
    for _ in range(3):
        bench.pass_time(0.4)
        for process in (old, new):
            process.renew()
            taken.append(process.take(SIGNER))
    assert len(set(taken)) == len(taken)
    assert len(bench.rows()) == lanes


def test_threads_of_many_processes_repeat_nothing(bench: NonceBench) -> None:
    processes = [bench.process(8) for _ in range(4)]
    start = threading.Barrier(8)

    def work(number: int) -> list[int]:
        process, taken = processes[number % 4], []
        start.wait(10)
        for _ in range(MOST_TRIES):
            if len(taken) == 100:
                break
            try:
                taken.append(process.take(SIGNER))
            except RateLimited:
                bench.pass_time(0.001)
            if len(taken) % 25 == 0:
                process.renew()
        return taken

    with ThreadPoolExecutor(8) as pool:
        taken = [number for result in pool.map(work, range(8)) for number in result]
    assert len(set(taken)) == 800


def test_s31_a_callers_own_nonce_lies_between_the_last_one_and_five_seconds_from_now(
    bench: NonceBench,
) -> None:
    nonces = bench.process()
    last = nonces.take(SIGNER)
    for wanted in (last, last - 1, last - 10**9, 1, bench.now + 5_001, 2**63 - 1):
        with pytest.raises(NonceOutOfWindow) as refused:
            nonces.take(SIGNER, wanted)
        assert window(refused) == (last, bench.now + 5_000)
    assert nonces.take(SIGNER, last + 1) == last + 1
    assert nonces.take(SIGNER, bench.now + 5_000) == bench.now + 5_000


def test_s31_a_callers_own_nonce_raises_the_floor_of_its_signer(bench: NonceBench) -> None:
    nonces = bench.process()
    wanted = bench.now + 3_000
    assert nonces.take(SIGNER, wanted) == wanted
    assert nonces.take(SIGNER) == wanted + 1
    assert nonces.take(OTHER) == bench.now
    with pytest.raises(NonceOutOfWindow):
        nonces.take(SIGNER, wanted)


def test_s31_a_callers_own_nonce_is_not_forgotten_in_a_crash(bench: NonceBench) -> None:
    wanted = bench.process().take(SIGNER, bench.now + 4_000)
    after = bench.process()
    with pytest.raises(NonceOutOfWindow):
        after.take(SIGNER, wanted)
    assert after.take(SIGNER) == wanted + 1


def test_s31_what_was_given_before_a_crash_is_nobodys_own_after_it(bench: NonceBench) -> None:
    before = bench.process()
    given = [before.take(SIGNER) for _ in range(64)]
    after = bench.process()
    for signer in (OTHER, SIGNER):
        for wanted in given:
            with pytest.raises(NonceOutOfWindow):
                after.take(signer, wanted)
        after.take(OTHER)


def test_s31_of_many_that_choose_the_same_one_gets_it(bench: NonceBench) -> None:
    processes = [bench.process(4) for _ in range(4)]
    for process in processes:
        process.take(OTHER)
    bench.pass_time(2)
    for wanted in range(bench.now + 2_000, bench.now + 2_016):

        def choose(process: StoredNonces, wanted: int = wanted) -> bool:
            try:
                return process.take(SIGNER, wanted) == wanted
            except NonceOutOfWindow:
                return False

        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(choose, processes)).count(True) == 1


@pytest.mark.parametrize("residue", range(4))
def test_s31_what_a_caller_chose_in_one_process_no_other_one_gives(
    bench: NonceBench, residue: int
) -> None:
    ours, theirs = bench.process(4), bench.process(4)
    ours.take(OTHER)
    theirs.take(OTHER)
    bench.pass_time(0.1)
    wanted = bench.now + 2_000
    wanted += (residue - wanted) % 4
    assert ours.take(SIGNER, wanted) == wanted
    taken = [wanted]
    for _ in range(60):
        bench.pass_time(0.05)
        theirs.renew()
        with suppress(RateLimited):  # 64 beyond the floor, until time is there
            taken.append(theirs.take(SIGNER))
    assert len(set(taken)) == len(taken) > 20
    assert max(taken) > wanted


def test_s31_what_another_process_may_have_given_is_refused_and_what_is_possible_is_told(
    bench: NonceBench,
) -> None:
    ours, theirs = bench.process(2), bench.process(2)
    mine, other = ours.take(SIGNER), theirs.take(SIGNER)
    wanted = bench.now + 10
    wanted += (other - wanted) % 2
    with pytest.raises(NonceOutOfWindow) as refused:
        ours.take(SIGNER, wanted)
    last, latest = window(refused)
    assert max(mine, other) < last < latest
    assert ours.take(SIGNER, last + 1) == last + 1
    with pytest.raises(NonceOutOfWindow):
        ours.take(SIGNER, bench.now - 1_000)


def test_s31_a_signer_whose_callers_choose_has_one_row_of_numbers_in_all_processes(
    bench: NonceBench,
) -> None:
    processes = [bench.process(3) for _ in range(3)]
    first = [process.take(SIGNER) for process in processes]
    with pytest.raises(NonceOutOfWindow) as refused:
        processes[0].take(SIGNER, max(first) + 1)
    last, _ = window(refused)
    bench.pass_time((last - bench.now) / 1000)
    for round_ in range(30):
        process = processes[round_ % 3]
        wanted = bench.now + round_ % 4
        if wanted > last:
            assert process.take(SIGNER, wanted) == wanted
        else:
            with pytest.raises(NonceOutOfWindow) as refused:
                process.take(SIGNER, wanted)
            assert window(refused) == (last, bench.now + 5_000)
            wanted = process.take(SIGNER)
            assert wanted == last + 1
        last = wanted
        bench.pass_time(0.002)
        for each in processes:
            each.renew()
        bench.pass_time(0.4 if round_ < 3 else 0)


def test_s31_who_chose_far_ahead_waits_until_time_is_there(bench: NonceBench) -> None:
    processes = [bench.process(2) for _ in range(2)]
    for process in processes:
        process.take(OTHER)
    bench.pass_time(0.4)
    wanted = processes[0].take(SIGNER, bench.now + 3_000)
    for process in processes:
        process.renew()
        with pytest.raises(RateLimited) as refused:
            process.take(SIGNER)
        assert 2.9 < (refused.value.retry_after or 0) <= 3
        assert process.take(OTHER) < bench.now + 64
    bench.pass_time(refused.value.retry_after or 0)
    assert [process.take(SIGNER) for process in processes] == [wanted + 1, wanted + 2]


def test_s31_what_the_only_process_gave_is_nobodys_own_where_there_are_several_then(
    bench: NonceBench,
) -> None:
    alone = bench.process(1)
    given = [alone.take(SIGNER, bench.now + 100), *(alone.take(SIGNER) for _ in range(60))]
    several = bench.process(4)
    for wanted in given:
        with pytest.raises(NonceOutOfWindow):
            several.take(SIGNER, wanted)
    assert several.take(SIGNER) > max(given)


def test_s31_who_has_lost_the_only_lane_chooses_nothing_that_its_holder_gave(
    bench: NonceBench,
) -> None:
    old = bench.process()
    old.take(OTHER)
    bench.pass_time(2)
    new = bench.process()
    given = [new.take(SIGNER) for _ in range(5)]
    for wanted in given:
        with pytest.raises(NonceOutOfWindow):
            old.take(SIGNER, wanted)


@pytest.mark.parametrize("lanes", [1, 2])
def test_a_floor_that_is_older_than_what_the_exchange_takes_is_dropped(
    bench: NonceBench, lanes: int
) -> None:
    first, second = bench.process(lanes), bench.process(lanes)
    first.take(SIGNER)
    bench.pass_time(2)
    first.take(SIGNER, bench.now + 1)
    bench.pass_time(2 * 24 * 3600)
    first.take(OTHER)
    assert bench.floors() == 1
    bench.pass_time(2 * 3600)
    each = (first, second) if lanes == 2 else (first,)
    each[-1].take(OTHER)
    assert bench.floors() == 0
    given = [process.take(SIGNER) for process in each]
    bench.pass_time(2)
    given += [process.take(SIGNER) for process in each * 3]
    bench.pass_time(2)
    given.append(first.take(SIGNER, bench.now + 1))
    assert bench.floors() == 1
    bench.pass_time(2)
    given += [process.take(SIGNER) for process in each * 3]
    assert len(set(given)) == len(given)


def test_a_nonce_of_days_ago_is_nobodys_own(bench: NonceBench) -> None:
    """However long nothing was given: the exchange would not take it."""
    nonces = bench.process()
    nonces.take(SIGNER)
    bench.pass_time(10 * 24 * 3600)
    with pytest.raises(NonceOutOfWindow):
        nonces.take(SIGNER, bench.now - 2 * 24 * 3600 * 1000)
    wanted = bench.now - 24 * 3600 * 1000
    assert nonces.take(SIGNER, wanted) == wanted


def test_a_step_of_the_clock_is_refused_told_and_burns_nothing(bench: NonceBench) -> None:
    nonces, watcher = bench.process(), bench.bench.store()
    nonces.take(SIGNER)
    for seconds in (3_600, -3_600, 1e8, 1.5):
        before = bench.rows(watcher)
        bench.clock.step_wall(timedelta(seconds=seconds))
        for wanted in (0, bench.now):
            with pytest.raises(ClockUntrusted):
                nonces.take(SIGNER, wanted)
        nonces.renew()
        assert bench.rows(watcher) == before
        assert not nonces.trusted
        bench.clock.step_wall(timedelta(seconds=-seconds))
        assert abs(nonces.take(SIGNER) - bench.now) < 64
        assert nonces.trusted
    audit = Notes()
    nonces.look(audit)  # type: ignore[arg-type]
    assert audit.notes == [(AuditEvent.CLOCK_STEPPED, {"step_ms": 1500})]
    assert bench.meter.counted == [(Event.CLOCK_STEPPED, "")]


class Notes:
    """Remembers what an audit log is told."""

    def __init__(self) -> None:
        self.notes: list[tuple[AuditEvent, dict[str, Any]]] = []

    def note(self, event: AuditEvent, details: dict[str, Any]) -> None:
        self.notes.append((event, details))


def test_a_step_is_noticed_although_nobody_asks(bench: NonceBench) -> None:
    nonces, audit = bench.process(), Notes()
    bench.clock.step_wall(timedelta(seconds=-2))
    nonces.look(audit)  # type: ignore[arg-type]
    nonces.take(SIGNER)
    bench.clock.step_wall(timedelta(seconds=2))
    nonces.look(audit)  # type: ignore[arg-type]
    assert audit.notes == [(AuditEvent.CLOCK_STEPPED, {"step_ms": 2000})]
    assert not nonces.trusted


@pytest.mark.parametrize("back", [0.5, 3, 5])
def test_a_start_with_a_clock_that_is_a_little_behind_waits(bench: NonceBench, back: float) -> None:
    last = bench.process().take(SIGNER)
    bench.clock.step_wall(timedelta(seconds=-back))
    nonces = bench.process()
    for _ in range(10):
        try:
            assert nonces.take(SIGNER) > last + 1_000
            break
        except RateLimited as refused:
            bench.pass_time(refused.retry_after or 0)
    else:
        pytest.fail("it never gave one")


def test_a_start_with_a_clock_that_is_far_behind_gives_nothing_until_then(
    bench: NonceBench,
) -> None:
    last = bench.process().take(SIGNER)
    bench.clock.step_wall(timedelta(hours=-1))
    nonces = bench.process()
    with pytest.raises(ClockUntrusted) as refused:
        nonces.take(SIGNER)
    assert 3_600 < (refused.value.retry_after or 0) < 3_602
    assert not nonces.trusted
    bench.clock.step_wall(timedelta(hours=1))
    bench.pass_time(1)
    assert nonces.take(SIGNER) > last
    assert nonces.trusted


def test_s41_an_adopted_home_goes_on_above_what_a_copy_can_have_given(bench: NonceBench) -> None:
    bench.process().take(SIGNER)
    copy = bench.process()
    given = [copy.take(SIGNER), copy.take(SIGNER, bench.now + 5_000)]
    given.append(copy.take(SIGNER))
    adopted = bench.now
    bench.bench.store().homes().adopt("1" * 32, 2, bench.clock.now())
    with pytest.raises(RateLimited):
        bench.process().take(SIGNER)
    bench.pass_time(6)
    taken = bench.process().take(SIGNER)
    assert taken > max(given)
    assert taken > adopted + 6_000


def test_s41_that_goes_for_a_store_that_knew_of_no_nonces(bench: NonceBench) -> None:
    bench.bench.store().homes().adopt("1" * 32, 2, bench.clock.now())
    adopted = bench.now
    bench.pass_time(5)
    assert bench.process().take(SIGNER) > adopted + 6_000


def test_s41_nor_is_anything_below_that_a_callers_own(bench: NonceBench) -> None:
    bench.process(2).take(OTHER)
    bench.pass_time(2)
    bench.process(2).take(SIGNER, bench.now + 1_500)
    adopted = bench.now
    bench.bench.store().homes().adopt("1" * 32, 2, bench.clock.now())
    bench.pass_time(6)
    nonces = bench.process(2)
    for wanted in (adopted + 3_000, adopted + 5_999):
        with pytest.raises(NonceOutOfWindow):
            nonces.take(SIGNER, wanted)
    bench.pass_time(0.1)
    assert nonces.take(SIGNER) == bench.now


def test_s41_who_gave_nonces_before_an_adoption_goes_on_after_it(bench: NonceBench) -> None:
    nonces = bench.process()
    nonces.take(SIGNER)
    adopted = bench.now
    bench.bench.store().homes().adopt("1" * 32, 2, bench.clock.now())
    bench.pass_time(0.4)
    nonces.renew()
    bench.pass_time(6)
    assert nonces.take(SIGNER) > adopted + 6_000


def test_an_adoption_ends_what_a_clock_has_done_that_was_days_ahead(bench: NonceBench) -> None:
    bench.clock.step_wall(timedelta(days=400))
    nonces = bench.process()
    nonces.take(SIGNER, bench.now + 4_000)
    nonces.take(SIGNER)
    bench.clock.step_wall(timedelta(days=-400))
    with pytest.raises(ClockUntrusted):
        bench.process().take(SIGNER)
    bench.bench.store().homes().adopt("1" * 32, 2, bench.clock.now())
    bench.pass_time(6)
    assert abs(bench.process().take(SIGNER) - bench.now) < 64


def test_a_store_that_is_gone_gives_none_beyond_the_horizon(bench: NonceBench) -> None:
    store = bench.bench.store()
    nonces = store.nonces(bench.meter, 1)
    nonces.take(SIGNER)
    with store._durable.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE nonce_lanes RENAME TO elsewhere")
    nonces.take(SIGNER)
    bench.pass_time(1.1)
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            nonces.take(SIGNER)
    with store._durable.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO nonce_lanes")
    assert nonces.take(SIGNER) == bench.now
