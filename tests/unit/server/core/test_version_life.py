"""What time makes of a version."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from signward_server.core.keys import KeyVersion, VersionState
from signward_server.core.version_life import effective

from tests.fakes.catalogue_keys import catalogue_key

END = datetime(2026, 12, 1, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)


def version(state: VersionState, grace_end: datetime | None = None) -> KeyVersion:
    return KeyVersion(
        version=1,
        state=state,
        public_key=catalogue_key("k").versions[0].public_key,
        create_time=datetime(2026, 1, 1, tzinfo=UTC),
        grace_end_time=grace_end,
        destroy_time=END,
    )


def test_s13_a_grace_ends_at_its_end() -> None:
    grace = version(VersionState.GRACE, END)
    assert effective(grace, END - MOMENT) is VersionState.GRACE
    assert effective(grace, END) is VersionState.RETIRED
    assert effective(grace, END + MOMENT) is VersionState.RETIRED


def test_a_grace_without_an_end_has_ended() -> None:
    assert effective(version(VersionState.GRACE), END) is VersionState.RETIRED


@pytest.mark.parametrize("state", [state for state in VersionState if state != VersionState.GRACE])
@pytest.mark.parametrize("now", [END - MOMENT, END, END + timedelta(days=400)])
def test_time_changes_no_other_state(state: VersionState, now: datetime) -> None:
    assert effective(version(state, END), now) is state
