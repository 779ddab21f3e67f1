"""Where a server for shared counters is. Apart from the client, which takes long to import."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["RedisPlace"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisPlace:
    """Where a server is, and how long to wait for it.

    Attributes:
        url: ``redis://``, ``rediss://`` (TLS), ``redis+unix://`` or the same with ``valkey``;
            nothing secret.
        username: For ACLs; empty for the default user.
        password: Empty for none.
        ca: PEM bundle for TLS; ``None`` for the system's.
        connect_timeout: Seconds.
        timeout: Seconds for an answer.
    """

    url: str
    username: str = ""
    password: str = field(default="", repr=False)
    ca: Path | None = None
    connect_timeout: float = 0.1
    timeout: float = 0.25

    @property
    def patience(self) -> float:
        """Seconds that an attempt may take."""
        return self.connect_timeout + self.timeout
