"""Whatever processes, callers and clocks do, in whatever order: promise 6 holds."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)
from signward_server.core.errors import ClockUntrusted, NonceOutOfWindow, RateLimited
from signward_server.store.nonces import Lanes, StoredNonces, TrustedTime, skip_ahead
from signward_server.store.nonces.trusted_time import Witness
from signward_server.store.schema import metadata
from signward_server.store.sqlite import SqliteFile
from signward_server.store.writing import Writing

from tests.fakes.meter import FakeMeter
from tests.fakes.stepped_clock import SteppedClock
from tests.running.nonce_rule import NonceRule

SIGNERS = (b"one", b"two")
CHOSEN = b"chosen"
REFUSALS = (ClockUntrusted, RateLimited)


class Processes(RuleBasedStateMachine):
    """Up to four processes on one machine, with one wall clock that is right at each start."""

    witnessed = False

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="signward-nonces-"))
        self.backend = SqliteFile(self.folder / "store.db")
        self.backend.prepare()
        metadata.create_all(self.backend.durable)
        self.clock = SteppedClock()
        self.off = timedelta(0)
        self.rule = NonceRule(lambda: self.true)
        self.processes: list[StoredNonces] = []
        self.given = 0
        self.lanes = 1

    @property
    def true(self) -> int:
        """What the time is, in milliseconds."""
        return round((self.clock.time() - self.off.total_seconds()) * 1000)

    @initialize(lanes=st.sampled_from([1, 2, 4, 8]), processes=st.integers(1, 4))
    def count(self, lanes: int, processes: int) -> None:
        self.lanes = lanes
        for _ in range(processes):
            self.begin()

    @rule()
    @precondition(lambda self: len(self.processes) < 4 and (self.witnessed or not self.off))
    def begin(self) -> None:
        lanes = Lanes(self.backend, Writing(self.clock), self.clock)
        if self.witnessed:
            lanes.witness = self.witness  # type: ignore[method-assign]
        time = TrustedTime(self.clock, FakeMeter())
        nonces = StoredNonces(lanes, self.lanes, time, self.pause)
        self.processes.append(nonces)
        if not self.witnessed:
            self.order(nonces, SIGNERS[0])  # it believes the clock as it is now

    def witness(self) -> Witness:
        boot = self.clock.monotonic()
        return Witness(boot, self.true / 1000, boot)

    def pause(self, seconds: float) -> None:
        self.clock.pass_time(timedelta(seconds=seconds))

    def order(self, process: StoredNonces, signer: bytes) -> bool:
        try:
            nonce = process.take(signer)
        except REFUSALS:
            return False
        self.given += 1
        assert self.rule.judge(signer, nonce), self.rule.faults
        assert abs(nonce - self.true) < 2_100 or self.off
        return True

    @rule(data=st.data(), signer=st.sampled_from(SIGNERS), most=st.integers(1, 70))
    @precondition(lambda self: self.processes)
    def orders(self, data: st.DataObject, signer: bytes, most: int) -> None:
        process = data.draw(st.sampled_from(self.processes))
        for _ in range(most):
            if not self.order(process, signer):
                break

    @rule(data=st.data(), ahead=st.integers(-1_500, 5_500), own=st.booleans())
    @precondition(lambda self: self.processes)
    def choose(self, data: st.DataObject, ahead: int, own: bool) -> None:
        process = data.draw(st.sampled_from(self.processes))
        wanted = self.true + ahead if own else 0
        with suppress(NonceOutOfWindow, *REFUSALS):
            nonce = process.take(CHOSEN, wanted)
            assert nonce == wanted or not wanted
            assert self.rule.judge(CHOSEN, nonce), self.rule.faults
            assert nonce <= self.true + 6_000 or self.off

    @rule(data=st.data(), signer=st.sampled_from((*SIGNERS, CHOSEN)))
    @precondition(lambda self: self.processes and self.given)
    def choose_again(self, data: st.DataObject, signer: bytes) -> None:
        """A caller chooses what somebody was given lately."""
        process = data.draw(st.sampled_from(self.processes))
        given = self.rule.seen(signer)
        for wanted in sorted(given)[-data.draw(st.integers(1, 70)) :]:
            with suppress(NonceOutOfWindow, *REFUSALS):
                assert process.take(signer, wanted) not in given

    @rule(milliseconds=st.integers(1, 1_500))
    def wait(self, milliseconds: int) -> None:
        self.clock.pass_time(timedelta(milliseconds=milliseconds))

    @rule(data=st.data())
    @precondition(lambda self: self.processes)
    def renew(self, data: st.DataObject) -> None:
        data.draw(st.sampled_from(self.processes)).renew()

    @rule(data=st.data(), in_order=st.booleans())
    @precondition(lambda self: self.processes)
    def end(self, data: st.DataObject, in_order: bool) -> None:
        process = data.draw(st.sampled_from(self.processes))
        self.processes.remove(process)
        if in_order:
            process.close()

    @property
    def anchored(self) -> bool:
        """Whether no process may still take the wall clock for right, whatever it shows."""
        return self.witnessed or all(each._holding.used for each in self.processes)

    @rule(by=st.sampled_from([-3_600.0, -5.0, -1.2, -0.8, -0.1, 0.1, 0.8, 1.2, 5.0, 1e6]))
    @precondition(lambda self: not self.off and self.anchored)
    def step(self, by: float) -> None:
        self.off = timedelta(seconds=by)
        self.clock.step_wall(self.off)

    @rule()
    @precondition(lambda self: self.off)
    def put_right(self) -> None:
        self.clock.step_wall(-self.off)
        self.off = timedelta(0)

    @rule(lanes=st.sampled_from([1, 2, 4, 8]))
    def count_differently(self, lanes: int) -> None:
        """From the next start on."""
        self.lanes = lanes

    @rule()
    @precondition(lambda self: not self.off)
    def adopt(self) -> None:
        with self.backend.durable.begin() as connection:
            skip_ahead(connection, self.true)

    @invariant()
    def nothing_was_refused(self) -> None:
        assert self.rule.faults == {}

    def teardown(self) -> None:
        self.backend.close()
        shutil.rmtree(self.folder)


class Replicas(Processes):
    """Up to four processes that share a database, whose clock is right."""

    witnessed = True


TestProcesses = Processes.TestCase
TestReplicas = Replicas.TestCase
# Making what fails smaller takes minutes, beyond the time that a test has.
BOUNDED = settings(
    max_examples=25,
    stateful_step_count=40,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
TestProcesses.settings = BOUNDED
TestReplicas.settings = BOUNDED
