"""Durations and sizes."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from signward_server.config.quantities import Duration, Size, format_duration, format_size

DURATION = TypeAdapter(Duration)
SIZE = TypeAdapter(Size)


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("250ms", 0.25),
        ("30s", 30),
        ("1.5s", 1.5),
        ("15m", 900),
        ("24h", 86400),
        ("2d", 172800),
        ("0s", 0),
        (0, 0),
        (90, 90),
        (0.5, 0.5),
    ],
)
def test_durations_are_read(written, seconds):
    assert DURATION.validate_python(written) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "written",
    [
        "", "15", "m", "-1s", "1e3s", "15 m", "15m ", "1h30m", "P1D", "\u0661s", "9" * 40 + "s",
        "999999d", True, None, [], -1, 10**400, -(10**400), float("nan"), float("inf"), 1e300,
    ],
)  # fmt: skip
def test_what_is_no_duration_is_refused_with_the_fix(written):
    with pytest.raises(ValidationError) as caught:
        DURATION.validate_python(written)
    (error,) = caught.value.errors()
    assert error["msg"] == "is not a duration"
    assert error["ctx"]["fix"] == 'write it like "250ms", "30s", "15m" or "24h"'


@pytest.mark.parametrize(
    ("written", "size"),
    [("64KiB", 65536), ("1MiB", 2**20), ("1 GiB", 2**30), ("17", 17), ("17B", 17), (4096, 4096)],
)
def test_sizes_are_read(written, size):
    assert SIZE.validate_python(written) == size


@pytest.mark.parametrize(
    "written", ["", "64KB", "64kib", "-1", "1.5MiB", "9" * 20, True, None, 1.5, -1, 2**53 + 1]
)
def test_what_is_no_size_is_refused_with_the_fix(written):
    with pytest.raises(ValidationError) as caught:
        SIZE.validate_python(written)
    (error,) = caught.value.errors()
    assert error["msg"] == "is not a size"
    assert error["ctx"]["fix"] == 'write it like 4096, "64KiB" or "1MiB"'


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (0.25, "250ms"), (90, "90s"), (900, "15m"), (86400, "24h"), (2 * 86400, "2d")],
)
def test_durations_are_written_as_people_do(seconds, text):
    assert format_duration(timedelta(seconds=seconds)) == text


@given(st.integers(min_value=0, max_value=10**11))
def test_a_written_duration_reads_back(milliseconds):
    value = timedelta(milliseconds=milliseconds)
    assert DURATION.validate_python(format_duration(value)) == value


@given(st.integers(min_value=0, max_value=2**53))
def test_a_written_size_reads_back(size):
    assert SIZE.validate_python(format_size(size)) == size
