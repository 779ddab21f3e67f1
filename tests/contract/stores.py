"""The stores that must pass the contract, by name: a new one is a line here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from signward_server.store import Store, StoreAddress, open_store

from tests.fakes.row_authenticator import HmacRows
from tests.fakes.stepped_clock import SteppedClock
from tests.running.postgres import shared_server


@dataclass(slots=True)
class Bench:
    """One store, opened as often as a test wants.

    Attributes:
        open: Opens the store; the same data each time.
    """

    open: Callable[[SteppedClock], Store]
    clock: SteppedClock = field(default_factory=SteppedClock)
    rows: HmacRows = field(default_factory=HmacRows)
    opened: list[Store] = field(default_factory=list)

    def store(self) -> Store:
        """Open the store once more, as another start of the daemon would."""
        store = self.open(self.clock)
        self.opened.append(store)
        return store

    def close(self) -> None:
        for store in self.opened:
            store.close()
        self.opened.clear()


PLACES: dict[str, Callable[[Path], Path | StoreAddress]] = {
    "sqlite": lambda folder: folder / "home" / "signward.db",
    "postgresql": lambda _: StoreAddress(shared_server().new_database()),
}
"""Where a test's own empty store is, given its folder."""


def _bench(name: str, folder: Path) -> Bench:
    place = PLACES[name](folder)
    return Bench(lambda clock: open_store(place, clock))


STORES: dict[str, Callable[[Path], Bench]] = {name: partial(_bench, name) for name in PLACES}
