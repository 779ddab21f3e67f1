from __future__ import annotations

import ctypes
import mmap
import re
from pathlib import Path

import pytest
from signward_server.core.errors import CustodyUnavailable
from signward_server.custody import pages
from signward_server.custody.native import Native
from signward_server.custody.pages import PAGE_SIZE, SLOT_SIZE, LockedPage


def flags(address: int) -> set[str]:
    """Return VmFlags of the mapping at an address (proc(5), smaps); empty if there is none."""
    for mapping in re.split(r"(?m)^(?=[0-9a-f]+-[0-9a-f]+ )", Path("/proc/self/smaps").read_text()):
        bounds = re.match(r"([0-9a-f]+)-([0-9a-f]+) ", mapping)
        if bounds and int(bounds[1], 16) <= address < int(bounds[2], 16):
            return set(re.search(r"VmFlags: (.*)", mapping)[1].split())  # type: ignore[index]
    return set()


def test_s19_a_page_is_locked_undumpable_and_wiped_on_fork(native: Native) -> None:
    page = LockedPage(native.sodium)
    assert flags(page.address) >= {"lo", "dd", "wf"}
    page.close()


def test_a_page_is_cut_into_slots(native: Native) -> None:
    page = LockedPage(native.sodium)
    assert page.address % PAGE_SIZE == 0
    assert page.free[0] == page.address
    assert page.free[-1] == page.address + PAGE_SIZE - SLOT_SIZE
    assert len(set(page.free)) == PAGE_SIZE // SLOT_SIZE
    assert page.empty
    page.free.pop()
    assert not page.empty
    assert repr(page) == f"LockedPage({PAGE_SIZE // SLOT_SIZE - 1} slots free)"
    page.close()


def test_closing_wipes_before_it_unmaps(native: Native, monkeypatch: pytest.MonkeyPatch) -> None:
    page = LockedPage(native.sodium)
    address = page.address
    ctypes.memset(address, 0x5A, PAGE_SIZE)
    seen = []
    real = native.sodium.munlock

    def munlock(start: int, size: int) -> int:
        result: int = real(start, size)
        seen.append((start, size, ctypes.string_at(start, size)))
        return result

    monkeypatch.setattr(native.sodium, "munlock", munlock)
    page.close()
    assert seen == [(address, PAGE_SIZE, bytes(PAGE_SIZE))]
    assert "lo" not in flags(address)


def test_s19_a_refused_lock_refuses_the_page(
    native: Native, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked = []

    def refuse(address: int, size: int) -> int:
        locked.append((address, size))
        return -1

    monkeypatch.setattr(native.sodium, "mlock", refuse)
    with pytest.raises(CustodyUnavailable):
        LockedPage(native.sodium)
    ((address, size),) = locked
    assert size == PAGE_SIZE
    assert "wf" not in flags(address)


@pytest.mark.parametrize("refused", [mmap.MADV_DONTDUMP, 18])
def test_s19_a_refused_protection_refuses_the_page(
    native: Native, monkeypatch: pytest.MonkeyPatch, refused: int
) -> None:
    class Mapping(mmap.mmap):
        def madvise(self, advice: int) -> None:  # type: ignore[override]
            if advice == refused:
                raise OSError(22, "Invalid argument")
            super().madvise(advice)

    monkeypatch.setattr(pages.mmap, "mmap", Mapping)
    with pytest.raises(CustodyUnavailable):
        LockedPage(native.sodium)


def test_no_memory_at_all_refuses_the_page(native: Native, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object, **more: object) -> None:
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr(pages.mmap, "mmap", refuse)
    with pytest.raises(CustodyUnavailable):
        LockedPage(native.sodium)
