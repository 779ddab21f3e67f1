from __future__ import annotations

from collections.abc import Callable

import pytest
from signward_server.core.errors import CustodyUnavailable
from signward_server.custody.envelope.unlocked import UnlockedKeys
from signward_server.custody.memory import LockedMemory, Slot
from signward_server.custody.native import Native

from tests.fakes.clock import FakeClock

Peek = Callable[[Slot], bytes]
Poke = Callable[[Slot, bytes], None]
A1, A2, B1 = ("a", 1), ("a", 2), ("b", 1)
FILLED = b"\xff" * 64
SLOTS = 64


@pytest.fixture
def memory(native: Native) -> LockedMemory:
    return LockedMemory(native.sodium, 4096)


@pytest.fixture
def unlocked(memory: LockedMemory, clock: FakeClock) -> UnlockedKeys:
    return UnlockedKeys(memory, clock)


@pytest.fixture
def keep(unlocked: UnlockedKeys, poke: Poke) -> Callable[..., Slot]:
    """Unlock a name and end its first lease."""

    def keep(name: tuple[str, int], ttl: float = 10.0) -> Slot:
        slot = unlocked.take()
        poke(slot, FILLED)
        assert unlocked.keep(name, slot, ttl, unlocked.generation) is slot
        assert slot.leased
        slot.release()
        return slot

    return keep


Keep = Callable[..., Slot]


def test_what_is_not_unlocked_has_no_lease(unlocked: UnlockedKeys, keep: Keep) -> None:
    keep(A1)
    assert unlocked.lease(A2, 10.0) is None
    assert unlocked.lease(B1, 10.0) is None


def test_a_lease_is_of_the_kept_slot(unlocked: UnlockedKeys, keep: Keep) -> None:
    slot = keep(A1)
    assert unlocked.lease(A1, 10.0) is slot
    assert slot.leased


def test_a_name_is_held_until_it_expires(
    unlocked: UnlockedKeys, keep: Keep, clock: FakeClock
) -> None:
    assert not unlocked.holds(A1)
    keep(A1, 10.0)
    assert unlocked.holds(A1)
    assert not unlocked.holds(A2)
    clock.advance(10.0)
    assert not unlocked.holds(A1)


def test_each_use_extends_the_unlock(
    unlocked: UnlockedKeys, keep: Keep, clock: FakeClock, peek: Peek
) -> None:
    slot = keep(A1)
    for _ in range(3):
        clock.advance(9.9)
        leased = unlocked.lease(A1, 10.0)
        assert leased is slot
        leased.release()
    clock.advance(10.0)
    assert unlocked.lease(A1, 10.0) is None
    assert peek(slot) == bytes(64)


def test_s18_an_expired_key_is_wiped_after_its_lease(
    unlocked: UnlockedKeys, keep: Keep, clock: FakeClock, peek: Peek
) -> None:
    slot = keep(A1)
    assert unlocked.lease(A1, 10.0) is slot
    clock.advance(10.0)
    assert unlocked.sweep() is None
    assert peek(slot) == FILLED
    slot.release()
    assert peek(slot) == bytes(64)


def test_no_ttl_wipes_with_the_lease(
    unlocked: UnlockedKeys, keep: Keep, peek: Peek, poke: Poke
) -> None:
    fresh = unlocked.take()
    poke(fresh, FILLED)
    assert unlocked.keep(A1, fresh, 0.0, unlocked.generation) is fresh
    assert unlocked.lease(A1, 10.0) is None
    assert peek(fresh) == FILLED
    fresh.release()
    assert peek(fresh) == bytes(64)
    slot = keep(A1)
    assert unlocked.lease(A1, 0.0) is slot
    assert peek(slot) == FILLED
    slot.release()
    assert peek(slot) == bytes(64)
    assert unlocked.lease(A1, 10.0) is None


def test_a_ttl_below_a_second_counts(unlocked: UnlockedKeys, keep: Keep, clock: FakeClock) -> None:
    slot = keep(A1, 0.5)
    for _ in range(2):
        clock.advance(0.4)
        assert unlocked.lease(A1, 0.5) is slot
    clock.advance(0.5)
    assert unlocked.lease(A1, 0.5) is None


def test_the_sweep_wipes_what_has_expired_and_says_what_is_next(
    unlocked: UnlockedKeys, keep: Keep, clock: FakeClock, peek: Peek
) -> None:
    assert unlocked.sweep() is None
    short, long, middle = keep(A1, 5.0), keep(A2, 20.0), keep(B1, 12.0)
    assert unlocked.sweep() == 5.0
    clock.advance(4.0)
    assert unlocked.sweep() == 1.0
    clock.advance(1.0)
    assert unlocked.sweep() == 7.0
    assert [peek(each) for each in (short, long, middle)] == [bytes(64), FILLED, FILLED]
    clock.advance(15.0)
    assert unlocked.sweep() is None
    assert [peek(each) for each in (short, long, middle)] == [bytes(64)] * 3


def test_the_first_of_two_unlocks_stays(
    unlocked: UnlockedKeys, keep: Keep, peek: Peek, poke: Poke
) -> None:
    first, second = keep(A1), unlocked.take()
    poke(second, FILLED)
    assert unlocked.keep(A1, second, 10.0, unlocked.generation) is first
    assert first.leased
    assert peek(second) == bytes(64)
    assert peek(first) == FILLED


def test_forget_concerns_all_versions_of_one_key(
    unlocked: UnlockedKeys, keep: Keep, peek: Peek
) -> None:
    slots = [keep(name) for name in (A1, A2, B1)]
    unlocked.forget("a")
    assert [peek(slot) for slot in slots] == [bytes(64), bytes(64), FILLED]
    assert unlocked.lease(A1, 10.0) is None
    assert unlocked.lease(A2, 10.0) is None
    assert unlocked.lease(B1, 10.0) is slots[2]


def test_what_is_forgotten_while_it_opens_serves_once(
    unlocked: UnlockedKeys, peek: Peek, poke: Poke
) -> None:
    unlocked.forget("a")
    before = unlocked.generation
    slot = unlocked.take()
    poke(slot, FILLED)
    unlocked.forget("a")
    assert unlocked.keep(A1, slot, 10.0, before) is slot
    assert peek(slot) == FILLED
    assert unlocked.lease(A1, 10.0) is None
    slot.release()
    assert peek(slot) == bytes(64)


def test_s19_the_least_recently_used_makes_room(
    unlocked: UnlockedKeys, keep: Keep, peek: Peek
) -> None:
    slots = {number: keep(("k", number)) for number in range(SLOTS)}
    used = unlocked.lease(("k", 0), 10.0)
    assert used is slots[0]
    used.release()
    new = unlocked.take()
    assert new.address == slots[1].address
    assert peek(slots[1]) == bytes(64)
    assert unlocked.lease(("k", 1), 10.0) is None
    assert unlocked.lease(("k", 0), 10.0) is slots[0]


def test_s19_what_is_signing_is_not_evicted(unlocked: UnlockedKeys, keep: Keep) -> None:
    slots = {number: keep(("k", number)) for number in range(SLOTS)}
    for number in range(SLOTS - 1):
        assert unlocked.lease(("k", number), 10.0) is slots[number]
    assert unlocked.take().address == slots[SLOTS - 1].address
    with pytest.raises(CustodyUnavailable):
        unlocked.take()
    slots[40].release()
    assert unlocked.take().address == slots[40].address


def test_s19_room_is_what_can_be_evicted(
    unlocked: UnlockedKeys, keep: Keep, memory: LockedMemory
) -> None:
    assert unlocked.has_room()
    assert repr(memory).startswith("LockedMemory(0 slots")
    held = [unlocked.take() for _ in range(SLOTS)]
    assert not unlocked.has_room()
    held.pop().retire()
    assert not unlocked.has_room()
    keep(A1)
    assert not unlocked.has_room()
    held.pop().retire()
    assert unlocked.has_room()
    keep(B1)
    assert unlocked.has_room()
    assert unlocked.lease(A1, 10.0) is not None
    assert unlocked.lease(B1, 10.0) is not None


def test_s19_a_refused_lock_leaves_no_room(
    native: Native, unlocked: UnlockedKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(native.sodium, "mlock", lambda *_: -1)
    assert not unlocked.has_room()
    with pytest.raises(CustodyUnavailable):
        unlocked.take()


def test_close_wipes_everything_and_keeps_nothing(
    unlocked: UnlockedKeys, keep: Keep, peek: Peek, poke: Poke
) -> None:
    slots = [keep(name) for name in (A1, B1)]
    unlocked.forget("nobody")
    late, before = unlocked.take(), unlocked.generation
    poke(late, FILLED)
    unlocked.close()
    assert [peek(slot) for slot in slots] == [bytes(64)] * 2
    assert unlocked.keep(A1, late, 10.0, before) is late
    late.release()
    assert peek(late) == bytes(64)
    assert unlocked.lease(A1, 10.0) is None
    assert not unlocked.has_room()
    with pytest.raises(CustodyUnavailable):
        unlocked.take()
