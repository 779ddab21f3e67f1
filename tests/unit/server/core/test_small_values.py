from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from signward_server.core.clock import SystemClock
from signward_server.core.identity import Identity, IdentityKind
from signward_server.core.signing import Intent, ResultMismatch


def test_s01_identities_are_typed() -> None:
    names = {str(Identity(kind, "bot")) for kind in IdentityKind}
    assert names == {"spiffe:bot", "dns:bot", "cn:bot", "apikey:bot"}
    assert len({Identity(kind, "bot") for kind in IdentityKind}) == len(IdentityKind)


def test_the_system_clock_counts_suspended_time_and_knows_utc() -> None:
    clock = SystemClock()
    assert clock.now().tzinfo is UTC
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)
    assert clock.time() == pytest.approx(time.time(), abs=5)
    assert clock.monotonic() == pytest.approx(time.clock_gettime(time.CLOCK_BOOTTIME), abs=5)
    assert clock.monotonic() <= clock.monotonic()


def test_values_are_slotted_and_compare_by_content() -> None:
    assert Intent("SignRaw", {"size": 1}) == Intent("SignRaw", {"size": 1})
    with pytest.raises(AttributeError):
        Intent("SignRaw", {}).other = 1  # type: ignore[attr-defined]


def test_a_mismatch_keeps_its_reason() -> None:
    assert ResultMismatch("The DER form differs.").reason == "The DER form differs."
