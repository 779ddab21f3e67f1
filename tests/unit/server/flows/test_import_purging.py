"""Imports that nobody uses are forgotten, without looking all the time."""

from __future__ import annotations

from datetime import timedelta

from signward_server.core.errors import StoreUnavailable
from signward_server.core.imports import OpenImport, WrappingKey
from signward_server.core.ports import RequestScope
from signward_server.flows.import_purging import ImportPurging

from tests.fakes.spine.clock import MovingClock
from tests.fakes.spine.imports import FakeImports


class Counting(FakeImports):
    """Counts looks, and fails some."""

    def __init__(self, clock: MovingClock) -> None:
        super().__init__(clock)
        self.looks = 0
        self.fails = False

    def purge(self) -> float | None:
        self.looks += 1
        if self.fails:
            raise StoreUnavailable
        return super().purge()


def _add(imports: FakeImports, clock: MovingClock, seconds: float) -> None:
    scope: RequestScope | None = None
    new = OpenImport(
        id=f"im_{seconds}",
        identity="cn:bot",
        content=b"c" * 32,
        wrapping=WrappingKey(b"p" * 32, b"s"),
        expire_time=clock.now() + timedelta(seconds=seconds),
    )
    imports.add(new, scope)


def _pass(purging: ImportPurging, clock: MovingClock, seconds: int) -> None:
    for _ in range(seconds):
        clock.advance(1)
        purging.look()


def test_s23_what_has_ended_is_deleted_within_a_minute() -> None:
    clock = MovingClock()
    imports = Counting(clock)
    purging = ImportPurging(imports, clock)
    purging.look()
    _add(imports, clock, 70)
    _pass(purging, clock, 69)
    assert len(imports.open) == 1
    assert imports.looks == 2
    _pass(purging, clock, 2)
    assert imports.open == {}


def test_without_any_it_looks_once_a_minute() -> None:
    clock = MovingClock()
    imports = Counting(clock)
    _pass(ImportPurging(imports, clock), clock, 600)
    assert imports.looks == 10


def test_a_store_that_is_away_is_asked_again() -> None:
    clock = MovingClock()
    imports = Counting(clock)
    purging = ImportPurging(imports, clock)
    _add(imports, clock, 1)
    imports.fails = True
    _pass(purging, clock, 30)
    imports.fails = False
    _pass(purging, clock, 61)
    assert imports.open == {}
