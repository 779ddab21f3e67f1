"""What a process that serves is given besides its settings."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from signward_server.core.clock import SystemClock
from signward_server.core.ports import Clock
from signward_server.core.workers import ALONE, Worker
from signward_server.home.kek_access import KekAccess
from signward_server.wiring.everywhere import Others

__all__ = ["Process"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One process of a home.

    Attributes:
        home: Folder of the home.
        api_key: A secret that callers may show while this process lives; empty for none.
        kek: How it comes to its KEK.
        worker: Which of the processes of the home it is.
        others: All others, for what a call has to reach everywhere; ``None``: there are none.
        clock: Time.
    """

    home: Path
    api_key: str = field(default="", repr=False)
    kek: KekAccess = field(default_factory=KekAccess)
    worker: Worker = ALONE
    others: Others | None = None
    clock: Clock = field(default_factory=SystemClock)
