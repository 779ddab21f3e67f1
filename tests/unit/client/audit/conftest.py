"""A small log, as a daemon leaves it behind when it was stopped in order."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.audit_log import LogWriter


@pytest.fixture
def log(tmp_path: Path) -> LogWriter:
    """Three segments, 5 + 4 + 3 records, all of them covered by checkpoints."""
    writer = LogWriter(tmp_path / "log")
    for segment, sizes in enumerate(((3, 2), (4,), (1, 2))):
        if segment:
            writer.rotate()
        for size in sizes:
            writer.add(size)
            writer.checkpoint()
    return writer
