"""The engine says what Cedar says when it is asked anew, with everything there is (S9)."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from signward_server.core.errors import PolicyDenied, PolicyError
from signward_server.policy.compiled import Policies, PolicySource, compile_policies
from signward_server.policy.engine import CedarPolicy
from signward_server.policy.groups import Groups
from signward_server.policy.question import Question

from tests.fakes.clock import FakeClock
from tests.fakes.meter import FakeMeter
from tests.unit.server.policy.desk import KINDS, windowed
from tests.unit.server.policy.worlds import (
    WINDOWS,
    Asked,
    Fresh,
    Said,
    World,
    casts,
    changed,
    worlds,
)

_EXAMPLES = 100
_FURTHER = 4
_CHANGES = 2
_QUESTIONS = 36 * (_CHANGES + 1)  # of each example


def in_force(world: World) -> Policies:
    source = PolicySource("p", "\n".join(world.texts))
    return compile_policies([source], windowed(KINDS, WINDOWS))


def say(engine: CedarPolicy, asked: Asked) -> Said:
    try:
        engine.authorize(
            asked.caller,
            asked.action,
            asked.key,
            asked.version,
            asked.intent,
            asked.totals,
            approved=asked.approved,
        )
    except PolicyError:
        return Said("error")
    except PolicyDenied as denied:
        ids = [name for name in denied.metadata["policies"].split(",") if name]
        return Said("denied", tuple(sorted(int(name.removeprefix("p#")) - 1 for name in ids)))
    return Said("allowed")


def explained(engine: CedarPolicy, asked: Asked) -> str:
    question = Question(
        asked.caller,
        asked.action,
        asked.key,
        asked.version,
        asked.intent,
        asked.totals,
        asked.approved,
    )
    explanation = engine.explain(question)
    return "error" if explanation.errors else "allowed" if explanation.allowed else "denied"


def compare(data: st.DataObject, seen: Counter[str]) -> None:
    """Ask everything twice, change one thing, and ask again."""
    world, cast = data.draw(worlds()), data.draw(casts)
    engine = CedarPolicy(in_force(world), Groups(world.members), FakeClock(), FakeMeter())
    for _ in range(_CHANGES + 1):
        fresh = Fresh(world)
        asked = list(cast.questions(world))
        for question in asked:
            expected = fresh.say(question)
            seen[expected.outcome] += 1
            assert say(engine, question) == expected
            assert say(engine, question) == expected
        chosen = data.draw(st.sampled_from(asked))
        assert explained(engine, chosen) == fresh.say(chosen).outcome
        after = data.draw(changed(world))
        if after.texts is not world.texts or after.members is not world.members:
            engine.replace(in_force(after), Groups(after.members))
        world = after


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Log no errors: there are thousands, on purpose."""
    logger = logging.getLogger("signward_server.policy.engine")
    logger.disabled = True
    yield
    logger.disabled = False


@pytest.mark.timeout(600)
def test_s09_decisions_equal_fresh_ones() -> None:
    seen: Counter[str] = Counter()

    @settings(max_examples=_EXAMPLES, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def run(data: st.DataObject) -> None:
        compare(data, seen)

    def is_mixed() -> bool:
        each = (seen["allowed"], seen["denied"], seen["error"])
        return min(each) > seen.total() // 500

    run()
    assert seen.total() >= _EXAMPLES * _QUESTIONS >= 10_000
    for _ in range(_FURTHER):  # chance may leave one of the three out
        if is_mixed():
            break
        run()
    assert is_mixed()


@pytest.mark.soak
@settings(max_examples=5000, suppress_health_check=list(HealthCheck))
@given(st.data())
@pytest.mark.timeout(600)
def test_s09_decisions_equal_fresh_ones_for_long(data: st.DataObject) -> None:
    compare(data, Counter())
