"""What time has made of a version, whatever is stored of it so far (S13)."""

from __future__ import annotations

from datetime import datetime

from signward_server.core.keys import KeyVersion, VersionState

__all__ = ["effective"]


def effective(version: KeyVersion, now: datetime) -> VersionState:
    """Return the state that a version is in at a time.

    A version whose grace has ended is retired from that moment on, and stored so a moment
    later. A planned destruction is no matter of time alone: until it is done the version may
    be restored.

    Args:
        version: As it is stored.
        now: Time that never goes back (``core.clock.Onward``).
    """
    if version.state is not VersionState.GRACE:
        return version.state
    end = version.grace_end_time
    # Without an end it would sign for ever: refuse what is missing.
    return VersionState.RETIRED if end is None or end <= now else VersionState.GRACE
