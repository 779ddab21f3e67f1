"""Where spans and metrics go, as the process that sends them is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Destination"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """A collector, and what it is told of this daemon.

    Attributes:
        target: ``HOST:PORT``.
        encrypted: Whether to use TLS.
        ca: PEM file that the collector's certificate comes from; empty: the system's.
        certificate: PEM file to show to it; empty for none.
        private_key: Its key; empty for none.
        headers: File of ``name: value`` lines; empty for none.
        timeout: Seconds that the collector has to take what was sent.
        resource: What is said of this daemon, by name.
    """

    target: str
    encrypted: bool
    ca: str = ""
    certificate: str = ""
    private_key: str = ""
    headers: str = ""
    timeout: float = 10.0
    resource: Mapping[str, str]
