from __future__ import annotations

import logging

import pytest
from signward_server.core.errors import Internal
from signward_server.core.unexpected import unexpected


def _fails() -> None:
    raise RuntimeError("SECRET-IN-THE-TEXT")


def test_the_log_says_where_but_not_what(caplog: pytest.LogCaptureFixture) -> None:
    try:
        _fails()
    except RuntimeError as error:
        told = unexpected(error)
    assert type(told) is Internal
    assert "SECRET" not in str(told)
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert record.kind == "RuntimeError"  # type: ignore[attr-defined]
    assert record.where[-1].startswith("_fails:")  # type: ignore[attr-defined]
    assert record.exc_info is None
    assert "SECRET" not in repr(vars(record))
