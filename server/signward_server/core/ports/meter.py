"""Counting what happens, for whoever watches the daemon."""

from __future__ import annotations

import enum
from typing import Protocol

from signward_server.core.keys import CustodyKind, Purpose

__all__ = ["Event", "Level", "Meter"]


class Event(enum.StrEnum):
    """What is counted; the detail in brackets is one of few, and never a name (S39)."""

    REFUSED = "refusals"  # [reason]
    AUTHENTICATION_FAILED = "authentication_failures"  # [reason]
    POLICY_DENIED = "policy_denials"  # [action]
    POLICY_ERROR = "policy_errors"  # [action]
    RATE_LIMITED = "rate_limited"  # [method class]
    CAP_COUNTED = "cap_reservations"  # [cap]
    CAP_RETURNED = "cap_releases"  # [cap]
    LIMIT_STORAGE_FAILED = "limit_storage_failures"
    RELOADED = "reloads"  # [part]
    RELOAD_REFUSED = "reload_refusals"  # [part]
    HANDSHAKE = "handshakes"  # [kind of listener: tcp, unix, api_keys]
    CONNECTION_CLOSED = "connections_closed"  # those over the cap of an address
    KEK_FAILED = "kek_errors"  # [reason]
    STORE_FAILED = "store_errors"  # [reason, or lease]
    CUSTODY_FAILED = "custody_errors"  # [reason]
    AUDIT_FAILED = "audit_errors"  # [step: write, sync, stall, checkpoint, rotate, upload]
    CLOCK_STEPPED = "clock_steps"
    STEP_DONE = "schedule_steps"  # [step: retirement, destruction, rotation]
    STEP_FAILED = "schedule_errors"  # [reason]
    SPAN_DROPPED = "spans_dropped"  # [place: queue, pipe, exporter, collector]
    SPAN_EXPORTED = "spans_exported"
    EXPORTER_STARTED = "exporter_starts"
    LOG_DROPPED = "log_records_dropped"


class Level(enum.StrEnum):
    """What is so now; the value is a number. The detail in brackets is one of few."""

    READY = "ready"
    LIMIT_STORAGE_UP = "limit_storage_up"
    POLICIES = "policies"
    POLICY_INFO = "policy_info"  # [SHA-256 of the set in force], always 1
    QUEUED = "queued_calls"
    STREAMS = "open_streams"
    KEYS = "keys"
    KEYS_QUARANTINED = "keys_quarantined"
    UNLOCKED_KEYS = "unlocked_keys"
    LOCKED_MEMORY = "locked_memory_bytes"
    LOCKED_MEMORY_LIMIT = "locked_memory_limit_bytes"
    AUDIT_UP = "audit_up"
    AUDIT_SIZE = "audit_sequence"
    AUDIT_UNSYNCED = "audit_unsynced_records"
    AUDIT_UNSIGNED = "audit_records_without_checkpoint"
    CHECKPOINT_AGE = "audit_checkpoint_age_seconds"
    CERTIFICATE_EXPIRY = "certificate_expiry_timestamp_seconds"  # [server, client_ca_HEX]
    CRLS_OVERDUE = "crls_overdue"
    STEP_NEXT = "schedule_next_timestamp_seconds"  # [step]
    STEPS_AHEAD = "schedule_keys"  # [step]
    NONCE_CLOCK = "nonce_clock_trusted"
    NONCE_LANE = "nonce_lane_up"
    REFERENCES = "reference_prices"
    REFERENCE_AGE = "reference_prices_age_seconds"


class Meter(Protocol):
    """Counts; quick, blocks on nothing and fails never."""

    def count(self, event: Event, detail: str = "") -> None:
        """Count one occurrence."""
        ...

    def level(self, level: Level, value: float) -> None:
        """Say how something is now."""
        ...

    def observe(self, method: str, status: str, seconds: float, *, item: bool = False) -> None:
        """Count what has ended, and how long it took.

        Args:
            method: Full name of the RPC, ``/signward.v1.SignService/Sign``.
            status: Name of the gRPC status, ``OK``.
            seconds: How long.
            item: Whether it is an item of a batch or stream, which are counted apart from
                calls, and not a call.
        """
        ...

    def signed(self, purpose: Purpose, custody: CustodyKind) -> None:
        """Count a signature that was made."""
        ...
