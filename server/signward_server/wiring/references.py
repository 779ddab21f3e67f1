"""Reference prices as a part of the daemon that is read again while it runs."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from signward_server.core.ports import Clock, Level
from signward_server.core.startup import StartupFailed
from signward_server.home.reference_prices import ReferencePrices
from signward_server.telemetry.metrics import Metrics

__all__ = ["ReferencesPart", "open_references"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ReferencesPart:
    """The file of reference prices; which file it is takes a restart."""

    references: ReferencePrices

    @property
    def version(self) -> str:
        """See ``Part``."""
        return self.references.version

    def watched(self) -> Iterable[Path]:
        """See ``Part``."""
        return () if self.references.file is None else (self.references.file,)

    def load(self) -> None:
        """See ``Part``."""
        self.references.load()


def open_references(
    file: Path | None, max_age: timedelta, clock: Clock, metrics: Metrics
) -> ReferencePrices:
    """Return the reference prices, and show how old they are.

    A bad file stops nothing: without reference prices orders are refused where a policy asks
    for them, and everything else is signed.

    Args:
        file: Where they are; ``None``: nowhere.
        max_age: How long they count after their time.
        clock: Time.
        metrics: Shows their number and age.
    """
    references = ReferencePrices(file, max_age, clock)
    if file is None:
        return references
    try:
        references.load()
    except StartupFailed as refused:
        _log.error("no reference prices", extra={"problem": str(refused)})
    metrics.watch(Level.REFERENCES, lambda: float(references.count))
    metrics.watch(Level.REFERENCE_AGE, lambda: _shown(references.age))
    return references


def _shown(age: float | None) -> dict[str, float]:
    return {} if age is None else {"": age}
