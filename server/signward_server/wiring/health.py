"""Whether a daemon works, and whether a signature could be made (``docs/operations.md``)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence

from signward_server.core.ports import Audit, Custody, Lease
from signward_server.rpc.tls import Certificates

__all__ = ["Liveness", "Readiness"]

_log = logging.getLogger(__name__)


class Liveness:
    """Whether every thread does its work that nothing but a restart brings back."""

    def __init__(self) -> None:
        self._parts: dict[str, Callable[[], bool]] = {}
        self._told: set[str] = set()
        self._ended = False

    def watch(self, name: str, alive: Callable[[], bool]) -> None:
        """Ask this part as well; the log names it once when it is dead."""
        self._parts[name] = alive

    def end(self) -> None:
        """Ask no more: while a daemon stops its threads end one by one, and it is alive."""
        self._ended = True

    def __call__(self) -> bool:
        """Return whether all parts are alive."""
        if self._ended:
            return True
        dead = [name for name, alive in self._parts.items() if not alive()]
        for name in dead:
            if name not in self._told:
                self._told.add(name)
                _log.critical("a thread is dead; restart the daemon", extra={"part": name})
        return not dead


class Readiness:
    """Whether a signature could be made now, and reach a caller (promise 10).

    There is always a set of policies: a daemon without one does not start, and a bad new one
    keeps the last.

    Args:
        lease: On what memory says of the store.
        audit: Where signatures are recorded.
        custodies: All that are configured.
        certificates: Without one that is valid nobody connects.
        alive: Whether the threads work that a call passes through.
    """

    def __init__(
        self,
        lease: Lease,
        audit: Audit,
        custodies: Sequence[Custody],
        certificates: Certificates,
        alive: Callable[[], bool],
    ) -> None:
        self._ended = False
        self._lease = lease
        self._audit = audit
        self._custodies = custodies
        self._certificates = certificates
        self._alive = alive
        self._told: tuple[str, ...] = ()

    def __call__(self) -> bool:
        """Return whether every part that a signature takes is well; the log names what is not."""
        ill = tuple(self._ill())
        if ill != self._told:
            self._told = ill
            _log.warning("not ready" if ill else "ready", extra={"parts": ill})
        return not ill

    def end(self) -> None:
        """Say no from now on."""
        self._ended = True

    def _ill(self) -> Iterator[str]:
        """Yield the names of the parts that are not well."""
        if self._ended:
            yield "stopping"
        if not self._lease.held:
            yield "store"
        if not self._audit.healthy():
            yield "audit"
        if not self._certificates.current:
            yield "certificate"
        if not self._alive():
            yield "threads"
        for custody in self._custodies:
            if not custody.healthy():
                yield f"custody {custody.kind.name.lower()}"
