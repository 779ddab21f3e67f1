from __future__ import annotations

from collections.abc import Callable

import pytest
from signward_server.core.errors import CustodyUnavailable, Internal
from signward_server.custody.memory import (
    LockedMemory,
    LockedMemoryError,
    Slot,
)
from signward_server.custody.native import Native
from signward_server.custody.pages import PAGE_SIZE, SLOT_SIZE

PER_PAGE = PAGE_SIZE // SLOT_SIZE
TAG = bytes(range(32))
Take = Callable[[], Slot]
Peek = Callable[[Slot], bytes]
Poke = Callable[[Slot, bytes], None]


def pages_of(memory: LockedMemory) -> int:
    return len(memory._pages)


def test_slots_are_zero_and_apart(taken: Take, peek: Peek) -> None:
    slots = [taken() for _ in range(2 * PER_PAGE)]
    assert {peek(slot) for slot in slots} == {bytes(64)}
    assert len({slot.address for slot in slots}) == 2 * PER_PAGE
    assert all(slot.address % SLOT_SIZE == 0 for slot in slots)
    assert all(slot.tag_address == slot.address + 32 for slot in slots)


def test_s19_many_slots_share_a_page(taken: Take, memory: LockedMemory) -> None:
    for expected, count in ((1, PER_PAGE), (2, 1)):
        slots = [taken() for _ in range(count)]
        assert slots
        assert pages_of(memory) == expected


def test_s19_the_budget_is_kept(taken: Take, memory: LockedMemory) -> None:
    slots = [taken() for _ in range(4 * PER_PAGE)]
    assert memory.take() is None
    slots[7].retire()
    assert memory.take() is not None
    assert memory.take() is None


@pytest.mark.parametrize(("budget", "slots"), [(PAGE_SIZE - 1, 0), (2 * PAGE_SIZE - 1, PER_PAGE)])
def test_whole_pages_count(native: Native, budget: int, slots: int) -> None:
    memory = LockedMemory(native.sodium, budget)
    kept = [memory.take() for _ in range(slots + 1)]
    assert [slot is None for slot in kept] == [False] * slots + [True]


def test_retiring_wipes(taken: Take, peek: Peek, poke: Poke) -> None:
    keeper, slot = taken(), taken()
    poke(slot, b"\xff" * 64)
    slot.retire()
    assert peek(slot) == bytes(64)
    slot.retire()
    assert peek(keeper) == bytes(64)


def test_a_slot_in_a_with_statement_is_wiped_at_its_end(
    taken: Take, peek: Peek, poke: Poke
) -> None:
    keeper = taken()
    with pytest.raises(ValueError, match="inside"), taken() as slot:  # noqa: PT012
        poke(slot, b"\xff" * 64)
        raise ValueError("inside")
    assert peek(slot) == bytes(64)
    with pytest.raises(CustodyUnavailable):
        slot.acquire()
    assert keeper.address != slot.address


def test_s18_a_leased_slot_is_wiped_when_the_last_lease_ends(
    taken: Take, peek: Peek, poke: Poke
) -> None:
    keeper, slot = taken(), taken()
    poke(slot, b"\xff" * 32 + TAG)
    slot.acquire()
    slot.acquire()
    assert slot.leased
    slot.retire()
    others = [taken() for _ in range(PER_PAGE)]
    assert slot.address not in {other.address for other in others}
    slot.release()
    assert peek(slot) == b"\xff" * 32 + TAG
    assert slot.carries(TAG)
    slot.release()
    assert peek(slot) == bytes(64)
    assert not slot.leased
    assert slot.address in {taken().address for _ in range(3 * PER_PAGE - 1)}
    assert keeper.generation != slot.generation


def test_s18_a_retired_slot_gives_no_lease(taken: Take) -> None:
    slot = taken()
    slot.acquire()
    slot.retire()
    with pytest.raises(CustodyUnavailable):
        slot.acquire()
    slot.release()
    with pytest.raises(CustodyUnavailable):
        slot.acquire()


def test_a_living_slot_outlives_its_leases(taken: Take, peek: Peek, poke: Poke) -> None:
    slot = taken()
    poke(slot, b"\x01" * 64)
    slot.acquire()
    slot.release()
    assert peek(slot) == b"\x01" * 64
    assert not slot.leased


def test_a_lease_ends_once(taken: Take) -> None:
    slot = taken()
    slot.acquire()
    slot.release()
    with pytest.raises(Internal):
        slot.release()
    slot.acquire()
    assert slot.leased


def test_s18_a_stale_slot_neither_carries_nor_wipes_the_next_life(
    taken: Take, peek: Peek, poke: Poke, memory: LockedMemory
) -> None:
    keeper, old = taken(), taken()
    old.retire()
    new = taken()
    assert new.address == old.address
    assert new.generation > old.generation
    poke(new, bytes(32) + TAG)
    assert new.carries(TAG)
    assert not old.carries(TAG)
    with pytest.raises(Internal):
        memory.reclaim(old)
    assert new.carries(TAG)
    assert not keeper.carries(TAG)


def test_a_slot_carries_exactly_its_tag(taken: Take, poke: Poke) -> None:
    slot = taken()
    poke(slot, bytes(32) + TAG)
    assert slot.carries(TAG)
    assert not slot.carries(TAG[:31])
    assert not slot.carries(TAG + b"\x00")
    assert not slot.carries(TAG[:31] + b"\x00")
    assert not slot.carries(b"\x01" + TAG[1:])


def test_s19_empty_pages_are_given_back_but_for_one(taken: Take, memory: LockedMemory) -> None:
    slots = [taken() for _ in range(3 * PER_PAGE)]
    assert pages_of(memory) == 3
    for slot in slots[: PER_PAGE - 1] + slots[PER_PAGE : 2 * PER_PAGE - 1]:
        slot.retire()
    assert pages_of(memory) == 3
    slots[PER_PAGE - 1].retire()
    assert pages_of(memory) == 3
    slots[2 * PER_PAGE - 1].retire()
    assert pages_of(memory) == 2
    for slot in slots[2 * PER_PAGE :]:
        slot.retire()
    assert pages_of(memory) == 1


def test_a_page_with_room_is_used_first(taken: Take, memory: LockedMemory) -> None:
    slots = [taken() for _ in range(2 * PER_PAGE)]
    slots[3].retire()
    slots[PER_PAGE + 3].retire()
    assert {taken().address, taken().address} == {slots[3].address, slots[PER_PAGE + 3].address}
    assert pages_of(memory) == 2


def test_nothing_is_handed_out_after_close(taken: Take, memory: LockedMemory, peek: Peek) -> None:
    slot = taken()
    memory.close()
    with pytest.raises(CustodyUnavailable):
        memory.take()
    assert pages_of(memory) == 1
    assert peek(slot) == bytes(64)
    slot.retire()
    assert pages_of(memory) == 0
    memory.close()


def test_an_unused_page_goes_at_close(taken: Take, memory: LockedMemory) -> None:
    taken().retire()
    assert pages_of(memory) == 1
    memory.close()
    assert pages_of(memory) == 0


def test_closing_wipes_with_the_last_slot(
    native: Native, memory: LockedMemory, taken: Take, monkeypatch: pytest.MonkeyPatch
) -> None:
    slot = taken()
    closed = []
    monkeypatch.setattr(native.sodium, "munlock", lambda *page: closed.append(page))
    memory.close()
    assert closed == []
    slot.retire()
    assert closed == [(slot.address - slot.address % PAGE_SIZE, PAGE_SIZE)]


def test_s19_a_refused_lock_refuses_the_slot(
    native: Native, memory: LockedMemory, taken: Take, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = [taken() for _ in range(PER_PAGE)]
    monkeypatch.setattr(native.sodium, "mlock", lambda *_: -1)
    with pytest.raises(CustodyUnavailable):
        memory.take()
    kept[0].retire()
    assert memory.take() is not None
    monkeypatch.undo()
    assert memory.take() is not None


def test_s19_a_budget_that_cannot_be_locked_is_refused_at_start(
    native: Native, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = []

    def refuse(address: int, size: int) -> int:
        sizes.append(size)
        return -1

    monkeypatch.setattr(native.sodium, "mlock", refuse)
    with pytest.raises(LockedMemoryError) as raised:
        LockedMemory(native.sodium, 5 * PAGE_SIZE + 1)
    assert sizes == [5 * PAGE_SIZE]
    text = str(raised.value)
    assert text.startswith(f"{5 * PAGE_SIZE} bytes of memory cannot be locked")
    assert "LimitMEMLOCK=" in text
    assert "custody.envelope.locked_memory" in text


def test_proving_the_budget_locks_nothing_for_good(
    native: Native, monkeypatch: pytest.MonkeyPatch
) -> None:
    unlocked = []
    real = native.sodium.munlock

    def munlock(address: int, size: int) -> int:
        unlocked.append(size)
        result: int = real(address, size)
        return result

    monkeypatch.setattr(native.sodium, "munlock", munlock)
    memory = LockedMemory(native.sodium, 3 * PAGE_SIZE)
    assert unlocked == [3 * PAGE_SIZE]
    assert pages_of(memory) == 0


def test_no_representation_shows_content(taken: Take, memory: LockedMemory, poke: Poke) -> None:
    slot = taken()
    poke(slot, b"secret" * 10)
    assert repr(slot) == f"Slot(generation={slot.generation})"
    assert repr(memory) == "LockedMemory(1 slots taken, 1 pages)"
