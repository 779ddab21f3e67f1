"""Durations are written as they are read."""

from __future__ import annotations

from datetime import timedelta

import pytest
from signward.cli.durations import read_duration, write_duration


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("0s", timedelta(0)),
        ("90s", timedelta(seconds=90)),
        ("2m", timedelta(minutes=2)),
        ("36h", timedelta(hours=36)),
        ("30d", timedelta(days=30)),
    ],
)
def test_durations_there_and_back(text, duration):
    assert read_duration(text) == duration
    assert write_duration(duration) == text


def test_no_text_is_no_duration():
    assert read_duration(None) is None


def test_the_largest_exact_unit_is_used():
    assert write_duration(timedelta(seconds=86_400)) == "1d"
    assert write_duration(timedelta(seconds=0.25)) == "0.25s"
