"""What is signed on the serving thread waits for nothing, the store of caps included."""

from __future__ import annotations

import dataclasses

import pytest
from signward_server.core.keys import Algorithm, Purpose
from signward_server.flows.signing import Signing

from tests.fakes.spine.judges import FakeGeneration
from tests.fakes.spine.world import World


@pytest.fixture
def world() -> World:
    world = World()
    world.custody.unlocked = True
    world.key("raw", purpose=Purpose.RAW)
    world.key("order", purpose=Purpose.ORDER)
    return world


def swift(world: World, *counted: str) -> dict[str, bool]:
    world.caps.actions = frozenset(counted)
    signing = Signing(dataclasses.replace(world.signing._ports))
    return {key: signing.is_swift(key, 0) for key in ("raw", "order", "none")}


def test_without_caps_every_unlocked_key_is_swift(world: World) -> None:
    assert swift(world) == {"raw": True, "order": True, "none": False}


def test_a_key_of_which_something_is_counted_is_not(world: World) -> None:
    assert swift(world, "SignRaw") == {"raw": False, "order": True, "none": False}
    assert swift(world, "SignOrder") == {"raw": False, "order": False, "none": False}
    assert swift(world, "SignOther") == {"raw": True, "order": True, "none": False}


def test_a_key_whose_nonces_may_take_their_time_or_that_signs_digests_is_not(
    world: World,
) -> None:
    world.key("numbered", algorithm=Algorithm.ECDSA_SECP256K1, purpose=Purpose.HYPERLIQUID)
    world.key("digests", algorithm=Algorithm.ECDSA_SECP256K1, allow_digest=True)
    ports = dataclasses.replace(world.signing._ports, restricted=frozenset({"SignRawDigest"}))
    signing = Signing(ports)
    keys = (("raw", 0), ("numbered", 0), ("numbered", 1), ("numbered", 2), ("digests", 0))
    assert [signing.is_swift(*key) for key in keys] == [True, True, True, False, False]
    world.nonces.slow = True
    assert [signing.is_swift(*key) for key in keys] == [True, False, False, False, False]
    world.policy.generation = FakeGeneration("plain", frozenset({"SignRawDigest"}))
    assert [signing.is_swift(*key) for key in keys] == [True, False, False, False, True]
