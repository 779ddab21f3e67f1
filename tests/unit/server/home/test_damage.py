"""Whoever reads the log learns of damaged keys, whatever callers are told."""

import logging

import pytest
from signward_server.home.damage import log_damage


def test_s39_damaged_keys_are_named_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    log_damage({f"key-{number:03}" for number in range(100)})
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert record.__dict__["count"] == 100
    assert record.__dict__["keys"] == [f"key-{number:03}" for number in range(20)]


def test_nothing_is_said_of_a_store_that_is_whole(caplog: pytest.LogCaptureFixture) -> None:
    log_damage(frozenset())
    assert caplog.records == []
