"""Whatever is done to a key in whatever order, the lives of its versions keep their rules."""

from __future__ import annotations

import contextlib
from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from signward_server.core.clock import Onward
from signward_server.core.errors import SignwardError
from signward_server.core.keys import Key, KeyState, Purpose, VersionState
from signward_server.core.version_life import effective
from signward_server.flows.key_requests import RotateKey, UpdateKey

from tests.fakes.spine.call import FakeCall
from tests.fakes.spine.clock import MovingClock
from tests.fakes.spine.world import World, raw

PENDING, PRIMARY, GRACE, RETIRED, SCHEDULED, DESTROYED = VersionState
SIGNING = {PRIMARY, GRACE}
GRACES = st.sampled_from([None, timedelta(0), timedelta(hours=1), timedelta(days=30)])
STEPS = st.sampled_from([-400 * 86400.0, -3600.0, 60.0, 3600.0, 8 * 86400.0, 31 * 86400.0])
NUMBERS = st.integers(1, 8)
WAITS = st.sampled_from([timedelta(days=7), timedelta(days=30)])


class Lives(RuleBasedStateMachine):
    """One key, everything that can be done to its versions, and time."""

    @initialize(purpose=st.sampled_from([Purpose.RAW, Purpose.HEDERA]))
    def begin(self, purpose: Purpose) -> None:
        clock = MovingClock()
        self.world = World(clock, onward=Onward(clock, for_good=True))
        self.world.key(purpose=purpose)
        self.seen: dict[int, VersionState] = {}
        self.revision = 1

    @property
    def key(self) -> Key:
        key = self.world.catalogue.get("bot-key")
        assert key is not None
        return key

    @property
    def states(self) -> dict[int, VersionState]:
        now = self.world.onward.now()
        return {version.version: effective(version, now) for version in self.key.versions}

    @rule(grace=GRACES)
    def rotate(self, grace: timedelta | None) -> None:
        bound = self.key.purpose is Purpose.HEDERA
        request = RotateKey(key_id="bot-key", grace_period=None if bound else grace)
        primary = self.key.primary_version
        rotation = self.world.rotation.rotate(FakeCall(), request)
        assert rotation.version.version == len(self.key.versions)
        assert rotation.version.state is (PENDING if bound else PRIMARY)
        assert rotation.previous.version == primary

    @rule(number=NUMBERS, grace=GRACES)
    def activate(self, number: int, grace: timedelta | None) -> None:
        expected = self.states.get(number) is PENDING
        with _refused() as outcome:
            self.world.rotation.activate(FakeCall(), "bot-key", number, grace)
        assert outcome.ok == expected

    @rule(number=NUMBERS, after=GRACES)
    def end_grace(self, number: int, after: timedelta | None) -> None:
        end = None if after is None else self.world.onward.now() + after
        request = UpdateKey(key_id="bot-key", grace_version=number, grace_end_time=end)
        before = self.key.version(number)
        with _refused() as outcome:
            self.world.changes.update(FakeCall(), request)
        after_all = self.key.version(number)
        if outcome.ok and before and before.grace_end_time:
            assert after_all is not None
            assert after_all.grace_end_time is not None
            assert after_all.grace_end_time <= before.grace_end_time

    @rule(number=NUMBERS, wait=WAITS)
    def schedule(self, number: int, wait: timedelta) -> None:
        states = self.states
        spared = PRIMARY if self.key.state is KeyState.ENABLED else None
        with _refused() as outcome:
            self.world.versions.schedule(FakeCall(), "bot-key", number, wait)
        assert outcome.ok == (number in states and states[number] not in {spared, DESTROYED})

    @rule(number=NUMBERS)
    def restore(self, number: int) -> None:
        expected = self.states.get(number) is SCHEDULED
        with _refused() as outcome:
            self.world.versions.restore(FakeCall(), "bot-key", number)
        assert outcome.ok == expected

    @rule(state=st.sampled_from(KeyState))
    def set_state(self, state: KeyState) -> None:
        with _refused() as outcome:
            self.world.changes.set_state(FakeCall(), "bot-key", state)
        assert outcome.ok or (state is KeyState.ENABLED and PRIMARY not in self.states.values())

    @rule(seconds=STEPS)
    def move_the_wall_clock(self, seconds: float) -> None:
        self.world.clock.wall += seconds

    @rule(seconds=STEPS.filter(lambda seconds: seconds > 0))
    def pass_time(self, seconds: float) -> None:
        self.world.clock.advance(seconds)

    @invariant()
    def an_enabled_key_has_exactly_one_primary_version(self) -> None:
        states = self.states
        primary = [number for number, state in states.items() if state is PRIMARY]
        assert len(primary) <= 1
        assert list(states.values()).count(PENDING) <= 1
        if primary or self.key.state is KeyState.ENABLED:
            assert primary == [self.key.primary_version]

    @invariant()
    def states_go_one_way(self) -> None:
        states = self.states
        for number, before in self.seen.items():
            restored = (before, states[number]) == (SCHEDULED, RETIRED)
            assert states[number] >= before or restored
        assert list(states) == list(range(len(states), 0, -1))
        self.seen = states

    @invariant()
    def no_public_key_occurs_twice(self) -> None:
        fingerprints = {version.public_key.fingerprint for version in self.key.versions}
        assert len(fingerprints) == len(self.key.versions)

    @invariant()
    def exactly_those_versions_sign_that_may(self) -> None:
        if self.key.purpose is not Purpose.RAW:
            return  # nothing here decodes a ledger's payloads
        states, enabled = self.states, self.key.state is KeyState.ENABLED
        states[0] = states[self.key.primary_version]
        for number, state in states.items():
            with _refused() as outcome:
                answer = self.world.signing.sign(FakeCall(), raw(version=number))
                assert answer.version == (number or self.key.primary_version)
            assert outcome.ok == (enabled and state in SIGNING)


class _Outcome(contextlib.AbstractContextManager["_Outcome"]):
    """Whether a block was refused."""

    ok = False

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        self.ok = kind is None
        return kind is not None and issubclass(kind, SignwardError)


def _refused() -> _Outcome:
    return _Outcome()


TestLives = Lives.TestCase
TestLives.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
