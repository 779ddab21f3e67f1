"""Counting the items that fail before they are counted with their key."""

from __future__ import annotations

from signward_server.core.errors import SignwardError
from signward_server.core.identity import Identity
from signward_server.core.method_classes import MethodClass
from signward_server.core.ports import Limits
from signward_server.core.unexpected import unexpected

__all__ = ["count_failure"]


def count_failure(limits: Limits, identity: Identity, error: SignwardError) -> SignwardError:
    """Count an item that failed before it could be counted with its key.

    Returns:
        What the caller is told: the error, or that there are too many of them.
    """
    try:
        limits.admit(identity, MethodClass.SIGN)
    except SignwardError as refused:
        return refused.with_traceback(None)
    except Exception as failed:  # noqa: BLE001  # an item's last line: the others go on
        return unexpected(failed)
    return error
