"""The reference prices in force: the last good file, until it is too old (S32)."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Final

from signward_server.config import ConfigurationError, Problem
from signward_server.core.plain_files import FileRefused, read_plain
from signward_server.core.ports import Clock
from signward_server.home.price_list import LARGEST_LIST, BadPriceList, PriceList, Prices, parsed

__all__ = ["ListedPrices", "ReferencePrices"]

_AHEAD: Final = 5.0  # seconds that the clock of whoever writes the file may go before ours
_KEY: Final = "hyperliquid.reference_prices"


@dataclass(frozen=True, slots=True)
class _InForce:
    """A list that was good.

    Attributes:
        content: SHA-256 of its file, in hex.
        listed: What it says.
        ends: Seconds of the monotonic clock at which it is too old.
    """

    content: str
    listed: PriceList
    ends: float


@dataclass(frozen=True, slots=True)
class ListedPrices:
    """Implements ``core.ports.References`` with prices that never change: those of a table."""

    prices: Prices

    def price(self, network: str, asset: int) -> int:
        """Return a price; see ``core.ports.References``."""
        return self.prices.get((network, asset), 0)


class ReferencePrices:
    """Implements ``core.ports.References`` with a file that somebody keeps up to date.

    How old a list is, is told by its own time when it is read, and from then on by the clock
    that is never set, so that no step of the wall clock makes an old one count again. Safe for
    threads: what is in force is exchanged whole.

    Args:
        file: Where the list is; ``None``: there are no reference prices.
        max_age: How long a list counts after its time.
        clock: Time.
    """

    def __init__(self, file: Path | None, max_age: timedelta, clock: Clock) -> None:
        self.file = file
        self._max_age = max_age.total_seconds()
        self._clock = clock
        self._in_force: _InForce | None = None

    @property
    def version(self) -> str:
        """SHA-256 of the list in force, in hex; of nothing if there is none."""
        found = self._in_force
        return found.content if found else sha256(b"").hexdigest()

    @property
    def age(self) -> float | None:
        """Seconds since the time of the list in force; ``None`` if there was never any."""
        found = self._in_force
        if found is None:
            return None
        return max(0.0, self._clock.monotonic() - found.ends + self._max_age)

    @property
    def count(self) -> int:
        """How many prices there are that are not too old."""
        found = self._current()
        return len(found.listed.prices) if found else 0

    def price(self, network: str, asset: int) -> int:
        """Return a price; see ``core.ports.References``."""
        found = self._current()
        return found.listed.prices.get((network, asset), 0) if found else 0

    def load(self) -> None:
        """Read the file, and put it into force; a bad one keeps what is in force.

        Raises:
            ConfigurationError: It cannot be read, is no list, is older than the one in force,
                too old, or from a time to come.
        """
        if self.file is None:
            return
        content = self._content(self.file)
        digest = sha256(content).hexdigest()
        if (known := self._in_force) and known.content == digest:
            return
        try:
            listed = parsed(content)
        except BadPriceList as exc:
            raise self._refused(exc.text, "have it written anew; the last good one counts") from exc
        age = self._clock.time() - listed.time / 1000
        if age < -_AHEAD:
            raise self._refused("is from a time to come", "compare the clocks")
        if age >= self._max_age:
            raise self._refused("is too old", "see that whatever writes it still runs")
        if known and listed.time < known.listed.time:
            raise self._refused("is older than the one in force", "let one writer keep it")
        ends = self._clock.monotonic() + self._max_age - max(0.0, age)
        self._in_force = _InForce(digest, listed, ends)

    def _current(self) -> _InForce | None:
        found = self._in_force
        return found if found and self._clock.monotonic() < found.ends else None

    def _content(self, file: Path) -> bytes:
        try:
            return read_plain(file, LARGEST_LIST, guarded=True)
        except FileRefused as exc:
            raise self._refused(exc.text, exc.fix) from exc
        except OSError as exc:
            text = f"cannot be read ({os.strerror(exc.errno or 0)})"
            raise self._refused(text, "have it written, as a file of this user or root") from exc

    def _refused(self, text: str, fix: str) -> ConfigurationError:
        return ConfigurationError([Problem(str(self.file), _KEY, text, fix)])
