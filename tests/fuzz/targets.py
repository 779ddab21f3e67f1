"""Every target, by name."""

from __future__ import annotations

from typing import Final

from tests.fuzz import (
    audit_logs,
    callers,
    configurations,
    hyperliquid,
    imports,
    messages,
    names,
    policies,
)
from tests.fuzz.target import Target

__all__ = ["TARGETS"]

TARGETS: Final[dict[str, Target]] = (
    audit_logs.TARGETS
    | names.TARGETS
    | callers.TARGETS
    | configurations.TARGETS
    | policies.TARGETS
    | messages.TARGETS
    | imports.TARGETS
    | hyperliquid.TARGETS
)
