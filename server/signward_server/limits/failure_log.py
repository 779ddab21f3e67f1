"""Writes down who fails to authenticate, as little of it as a flood leaves room for (S38)."""

from __future__ import annotations

import threading
from collections import Counter

import structlog

__all__ = ["FailureLog"]

_PEERS = 1024  # told apart within an interval
_LINES = 16  # written for an interval, besides one for all others: some 8 KiB


class FailureLog:
    """Writes one line for each peer and interval at most, with counts by reason.

    The peers that failed most have lines of their own, all others one together. A thread
    writes them; it runs while there is something to write.

    Args:
        interval: Seconds.
    """

    def __init__(self, interval: float = 1.0) -> None:
        self._interval = interval
        self._log = structlog.get_logger(__name__)
        self._lock = threading.Lock()
        self._peers: dict[str, Counter[str]] = {}
        self._others: Counter[str] = Counter()
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()

    def add(self, peer: str, reason: str) -> None:
        """Note a failure.

        Args:
            peer: Its address, at most 64 characters.
            reason: Of the error; one of few.
        """
        with self._lock:
            counts = self._peers.get(peer)
            if counts is None and len(self._peers) < _PEERS:
                counts = self._peers[peer] = Counter()
            (self._others if counts is None else counts)[reason] += 1
            if self._thread is None and not self._stopping.is_set():
                self._thread = threading.Thread(target=self._run, name="failures", daemon=True)
                self._thread.start()

    def flush(self) -> bool:
        """Write what was noted; return whether there was anything."""
        with self._lock:
            peers, self._peers = self._peers, {}
            others, self._others = self._others, Counter()
        ranked = sorted(peers.items(), key=lambda item: item[1].total(), reverse=True)
        for peer, counts in ranked[:_LINES]:
            self._log.warning("authentication failed", peer=peer, failures=dict(counts))
        for _, counts in ranked[_LINES:]:
            others += counts
        if others:
            self._log.warning("authentication failed", peer="others", failures=dict(others))
        return bool(peers)

    def close(self) -> None:
        """Write what is left, and no more after it."""
        self._stopping.set()
        with self._lock:
            thread = self._thread
        if thread is not None:
            thread.join()
        self.flush()

    def _run(self) -> None:
        while not self._stopping.wait(self._interval):
            if self.flush():
                continue
            with self._lock:
                if not self._peers:
                    self._thread = None
                    return
