"""What the audit log tells of, and which RPC is told of how."""

from __future__ import annotations

import enum

__all__ = ["AuditEvent", "Decision"]


class AuditEvent(enum.StrEnum):
    """The kinds of records; the value stands in the log."""

    SIGNATURE = "signature"
    """An item that was to be signed, whatever came of it."""
    AUTHORISED = "authorised"
    """Something is about to leave the process (S35)."""
    ADMINISTRATION = "administration"
    """A call that changes something or reads the log, whatever came of it."""
    FAILURE = "failure"
    """Any other call that failed."""
    FAILURES = "failures"
    """Failures of one peer or caller within a second, counted (S38)."""
    STARTED = "started"
    ADOPTED = "adopted"
    """The home was said to be the one that signs, after it was copied or restored (S41)."""
    STOPPED = "stopped"
    LISTED = "listed"
    """Which logs the home has, and how far the others have come (docs/audit.md)."""
    RECOVERED = "recovered"
    """What a crash had left unfinished was cut."""
    RETAINED = "retained"
    """Old records are about to be removed; says with which one the log begins then."""
    RELOADED = "reloaded"
    """Something of the daemon's own was read again and is in force."""
    KEK_ROTATION = "kek_rotation"
    """Keys go from one key-encryption key to another, or have gone."""
    CLOCK_STEPPED = "clock_stepped"
    SCHEDULED = "scheduled"
    """The daemon will retire, destroy or rotate something by itself; says what and when."""
    RETIRED = "retired"
    """A version's grace has ended."""
    DESTROYED = "destroyed"
    """A version is destroyed, its material deleted."""
    ROTATED = "rotated"
    """The daemon has rotated a key by itself."""
    SUPPRESSED = "suppressed"
    """Failures were not written, for lack of space; counted."""


class Decision(enum.StrEnum):
    """What the policies said."""

    UNASKED = ""
    ALLOW = "allow"
    DENY = "deny"
    ERROR = "error"
