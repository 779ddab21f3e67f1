from __future__ import annotations

from signward_server.policy.open import OpenPolicy

from tests.fakes.spine.call import BOT, FakeCall
from tests.fakes.spine.world import World, raw


def test_everything_is_allowed() -> None:
    world = World()
    key = world.key()
    world.signing.sign(FakeCall(), raw())
    for judgement in world.policy.judged:
        allowed = OpenPolicy().authorize(
            BOT, judgement.action, key, judgement.intent, judgement.totals
        )
        assert allowed is None
    assert OpenPolicy().authorize(BOT, "CreateKey", None) is None
