"""Errors that nobody foresaw: where they come from is logged, what they say never is."""

from __future__ import annotations

import logging
import traceback

from signward_server.core.errors import Internal

__all__ = ["unexpected"]

_log = logging.getLogger(__name__)


def unexpected(error: Exception, trace_id: str = "") -> Internal:
    """Log where an error comes from, but not its text, which may hold secrets.

    Args:
        error: What nobody foresaw.
        trace_id: Of the call that it ended; empty where it was none.

    Returns:
        What the caller is told instead.
    """
    frames = traceback.extract_tb(error.__traceback__)
    where = [f"{frame.name}:{frame.lineno}" for frame in frames]
    told: dict[str, object] = {"kind": type(error).__name__, "where": where}
    if trace_id:
        told["trace_id"] = trace_id
    _log.error("unexpected error", extra=told)
    return Internal()
