"""The section of workers."""

from __future__ import annotations

from pydantic import Field

from signward_server.config.section import Section

__all__ = ["Workers"]


class Workers(Section):
    """Processes that serve, so that more than one core signs.

    What is limited in the memory of a process is divided among them, rounded down: rate limits
    without a storage, failures, streams, connections of one address.
    """

    count: int = Field(
        1,
        ge=1,
        le=64,
        description="How many. With 1 the daemon is one process; with more a supervisor starts "
        "them, and they share the TCP ports. `signward serve --workers` says the same.",
    )
