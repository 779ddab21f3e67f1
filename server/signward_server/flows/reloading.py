"""Putting into force what has changed on disk."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from signward_server.core.ports import Audit, Call, Policy, Reloaded, ReloadPart, Reloads
from signward_server.flows.recording import Recorded

__all__ = ["Reloading"]

_RELOAD = "Reload"


class Reloading:
    """Reads again what the daemon was started with, for those who may say so."""

    def __init__(self, *, reloads: Reloads, policy: Policy, audit: Audit) -> None:
        self._reloads = reloads
        self._policy = policy
        self._audit = audit

    def reload(self, call: Call, parts: Collection[ReloadPart]) -> Sequence[Reloaded]:
        """Look at parts again.

        Args:
            call: Who asks.
            parts: Which; empty for all.

        Returns:
            What is in force of each, in the order of ``ReloadPart``.

        Raises:
            PolicyDenied, PolicyError: The caller may not; nothing was looked at.
            RateLimited: Another reload is under way.
        """
        wanted = [part for part in ReloadPart if part in parts]
        with Recorded(self._audit, call, _RELOAD, "", " ".join(wanted)):
            self._policy.authorize(call, _RELOAD, None)
            call.ensure_live()
            return self._reloads.reload(wanted, wait=False)
