"""Every target, by name."""

from __future__ import annotations

from typing import Final

from tests.fuzz import callers, configurations, messages, names, policies
from tests.fuzz.target import Target

__all__ = ["TARGETS"]

TARGETS: Final[dict[str, Target]] = (
    names.TARGETS | callers.TARGETS | configurations.TARGETS | policies.TARGETS | messages.TARGETS
)
