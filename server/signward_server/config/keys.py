"""The section of keys: what the daemon does to them by itself."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field

from signward_server.config.quantities import Duration
from signward_server.config.section import Section

__all__ = ["Keys"]


class Keys(Section):
    """What the daemon does to keys by itself.

    Graces end, planned destructions are carried out, keys with a rotation period are rotated.
    """

    announce: Duration = Field(
        timedelta(hours=24),
        le=timedelta(days=30),
        description="How long ahead of that a record in the audit log announces it.",
    )
