"""What callers ask of the agent flows, already well formed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime

__all__ = ["ApproveAgent", "RotateAgent"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApproveAgent:
    """An agent to approve.

    Attributes:
        key_id: The master's key.
        agent_key: The agent's.
        agent_version: Its version; 0 for the newest one that is primary or pending.
        name: Name on the exchange, empty for none.
        network: That of both keys.
        expire_time: When the exchange shall end it, in whole milliseconds; ``None`` for no wish.
        request_id: The caller's name for the request.
    """

    key_id: str
    agent_key: str
    agent_version: int = 0
    name: str = ""
    network: str
    expire_time: datetime | None = None
    request_id: str

    def content(self) -> bytes:
        """Return the SHA-256 of everything that the answer depends on (S33)."""
        asked = self.key_id, self.agent_key, self.agent_version, self.name, self.network
        return _digest(*asked, _text(self.expire_time))


@dataclass(frozen=True, slots=True, kw_only=True)
class RotateAgent:
    """An agent to give a new key pair.

    Attributes:
        key_id: The master's key.
        agent_key: The agent's.
        expire_time: See ``ApproveAgent``.
        request_id: The caller's name for the request.
    """

    key_id: str
    agent_key: str
    expire_time: datetime | None = None
    request_id: str

    def content(self) -> bytes:
        """Return the SHA-256 of everything that the answer depends on (S33)."""
        return _digest(self.key_id, self.agent_key, _text(self.expire_time))


def _text(moment: datetime | None) -> str:
    return "" if moment is None else moment.isoformat()


def _digest(*parts: str | int) -> bytes:
    return hashlib.sha256(json.dumps(parts).encode()).digest()
