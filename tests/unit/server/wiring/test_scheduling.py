"""A thread that does something once a second."""

from __future__ import annotations

import threading

import pytest
from signward_server.wiring import scheduling
from signward_server.wiring.scheduling import EachSecond


def test_it_goes_on_after_a_defect_and_ends_when_it_is_stopped(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(scheduling, "_INTERVAL", 0.01)
    third, looks = threading.Event(), []

    def look() -> None:
        looks.append(None)
        if len(looks) == 3:
            third.set()
        if len(looks) == 1:
            raise ZeroDivisionError

    ticking = EachSecond([look], "ticking")
    assert not ticking.alive
    ticking.start()
    assert third.wait(10)
    assert ticking.alive
    ticking.stop()
    assert not ticking.alive
    assert [record.levelname for record in caplog.records] == ["ERROR"]


def test_one_that_never_began_is_stopped_at_once() -> None:
    EachSecond([lambda: None], "idle").stop()
