"""What the daemon measures: names, texts and labels, for whoever shows the numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from signward_server.core.ports import Event, Level

__all__ = [
    "CALLS",
    "EVENTS",
    "ITEMS",
    "LEVELS",
    "SIGNATURES",
    "Distribution",
    "Family",
    "Kind",
    "Packed",
]

Kind = Literal["counter", "gauge", "histogram"]

Distribution: TypeAlias = tuple[tuple[float, ...], tuple[int, ...], float]
"""Upper bounds; how many lie in each range, those above the last bound included; their sum."""


@dataclass(frozen=True, slots=True)
class Family:
    """Numbers of one name, each with the values of its labels.

    Attributes:
        name: Without a prefix, and without a counter's ``_total``.
        kind: What the numbers are.
        text: What it is, a sentence.
        labels: Names of the labels.
        samples: Values of the labels, and the number.
    """

    name: str
    kind: Kind
    text: str
    labels: tuple[str, ...] = ()
    samples: tuple[tuple[tuple[str, ...], float | Distribution], ...] = ()

    def packed(self) -> Packed:
        """Return it in types that ``marshal`` knows."""
        return self.name, self.kind, self.text, self.labels, self.samples


Packed: TypeAlias = tuple[
    str, Kind, str, tuple[str, ...], tuple[tuple[tuple[str, ...], float | Distribution], ...]
]

_CALL_LABELS = ("method", "status")

CALLS: Final = Family(
    "request_duration_seconds",
    "histogram",
    "How long calls took, streams as a whole.",
    _CALL_LABELS,
)
ITEMS: Final = Family(
    "item_duration_seconds",
    "histogram",
    "How long items of batches and streams took.",
    _CALL_LABELS,
)
SIGNATURES: Final = Family(
    "signatures", "counter", "Signatures that were made.", ("purpose", "custody")
)

# What each event is, and the label of its detail.
EVENTS: Final[Mapping[Event, tuple[str, str]]] = {
    Event.REFUSED: ("Calls and items that ended in an error.", "reason"),
    Event.AUTHENTICATION_FAILED: ("Callers that could not show who they are.", "reason"),
    Event.POLICY_DENIED: ("Requests that no policy allows.", "action"),
    Event.POLICY_ERROR: ("Requests denied because a policy could not be evaluated.", "action"),
    Event.RATE_LIMITED: ("Calls and items refused by a rate limit.", "method_class"),
    Event.CAP_COUNTED: ("Payloads that a cap has counted before they were judged.", "cap"),
    Event.CAP_RETURNED: ("Payloads that a cap counts no more, since they were not signed.", "cap"),
    Event.LIMIT_STORAGE_FAILED: ("Failed attempts to reach the storage of rate limits.", ""),
    Event.RELOADED: ("Parts read again and put into force.", "part"),
    Event.RELOAD_REFUSED: ("Parts read again and refused, so that the old ones stay.", "part"),
    Event.HANDSHAKE: ("TLS handshakes begun.", "listener"),
    Event.CONNECTION_CLOSED: ("Connections closed because their address had too many.", ""),
    Event.KEK_FAILED: ("Sealed keys that could not be opened.", "reason"),
    Event.STORE_FAILED: ("Failed reads and writes of the store.", "reason"),
    Event.CUSTODY_FAILED: ("What a custody could not do.", "reason"),
    Event.AUDIT_FAILED: ("Failures of the audit log.", "step"),
    Event.CLOCK_STEPPED: ("Steps of the wall clock by more than a few seconds.", ""),
    Event.STEP_DONE: ("Keys with versions that time has ended, destroyed or rotated.", "step"),
    Event.STEP_FAILED: ("Failures of what the daemon does to keys by itself.", "reason"),
    Event.SPAN_DROPPED: ("Spans that never reached the collector.", "place"),
    Event.SPAN_EXPORTED: ("Spans that the collector took.", ""),
    Event.EXPORTER_STARTED: ("Starts of the process that exports spans and metrics.", ""),
    Event.LOG_DROPPED: ("Log records dropped because nobody read the log.", ""),
}

# What each level is, and the label of its detail.
LEVELS: Final[Mapping[Level, tuple[str, str]]] = {
    Level.READY: ("Whether a signature could be made now, 1 or 0.", ""),
    Level.LIMIT_STORAGE_UP: ("Whether the storage of rate limits works, 1 or 0.", ""),
    Level.POLICIES: ("Policies in force.", ""),
    Level.POLICY_INFO: ("The policies in force by the SHA-256 of the set; always 1.", "version"),
    Level.QUEUED: ("Calls that wait for a thread.", ""),
    Level.STREAMS: ("Streams that are open.", ""),
    Level.KEYS: ("Keys in the catalogue.", ""),
    Level.KEYS_QUARANTINED: ("Keys that are refused because their rows were tampered with.", ""),
    Level.UNLOCKED_KEYS: ("Key versions whose private half is in locked memory.", ""),
    Level.LOCKED_MEMORY: ("Locked memory in use.", ""),
    Level.LOCKED_MEMORY_LIMIT: ("Locked memory that may be used.", ""),
    Level.AUDIT_UP: ("Whether the audit log can be written, 1 or 0.", ""),
    Level.AUDIT_SIZE: ("Records in the audit log, removed ones included.", ""),
    Level.AUDIT_UNSYNCED: ("Records that a loss of power would lose.", ""),
    Level.AUDIT_UNSIGNED: ("Records that no checkpoint covers yet.", ""),
    Level.CHECKPOINT_AGE: ("Age of the newest checkpoint while records wait for one, else 0.", ""),
    Level.CERTIFICATE_EXPIRY: (
        "When a certificate ends, as Unix time: the daemon's own, and each client CA.",
        "certificate",
    ),
    Level.CRLS_OVERDUE: ("Revocation lists that should have been replaced; they still count.", ""),
    Level.STEP_NEXT: (
        "When a version is retired, destroyed or rotated next, as Unix time.",
        "step",
    ),
    Level.STEPS_AHEAD: ("Keys of which a version will be retired, destroyed or rotated.", "step"),
    Level.NONCE_CLOCK: ("Whether the clock is one to number signatures by, 1 or 0.", ""),
    Level.NONCE_LANE: ("Whether there was a lane of nonces when one was needed, 1 or 0.", ""),
    Level.REFERENCES: ("Reference prices that are not too old, where there is a file of them.", ""),
    Level.REFERENCE_AGE: ("How long ago the reference prices in force were written.", ""),
}
