"""All workers are replaced one by one, and nobody who calls notices."""

from __future__ import annotations

import signal
import time

import pytest

from tests.running.crews import Load, alive, connected, counts, crew, under_load, workers_of
from tests.running.homes import PATIENCE, Home
from tests.running.keys import create, sign_request
from tests.running.process import PATIENT, Daemon
from tests.running.waiting import eventually

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]

SIGNATURES = 'signward_signatures_total{custody="envelope",purpose="raw"}'
MINUTES = 150.0
"""Seconds that three starts may take, under load and beside other tests."""
LONGEST = 10.0
"""Seconds of the slowest call: a second for a connection that is begun anew, on a busy machine."""


def roll(daemon: Daemon) -> None:
    before = workers_of(daemon)
    done = daemon.said.count('"all workers were replaced"')
    daemon.process.send_signal(signal.SIGUSR2)
    end = time.monotonic() + MINUTES
    while daemon.said.count('"all workers were replaced"') == done:
        assert time.monotonic() < end
        time.sleep(0.1)
    after = workers_of(daemon)
    assert len(after) == len(before)
    assert not {*before} & {*after}


def expect_nothing_failed(load: Load) -> None:
    assert set(load.outcomes) == {"signed", "signed over a new connection"}
    assert load.longest < LONGEST


def test_no_call_fails_and_none_is_counted_twice_or_lost(home: Home) -> None:
    with crew(home, 2, *PATIENT) as daemon, daemon.client() as client:
        create(client, "k")
        with connected(daemon) as clients:
            for each in clients:
                assert eventually(lambda: each.get_public_key("k") is not None)  # noqa: B023
        with under_load(daemon, "k") as load:
            roll(daemon)
        expect_nothing_failed(load)
        assert load.outcomes.total() > 100
        assert counts(daemon, SIGNATURES, load.outcomes.total())
        assert daemon.metric("signward_worker_restarts_total") == 0
        assert daemon.probe("/readyz") == 200
        for word in ('"critical"', "Traceback", "accept4"):
            assert word not in daemon.said


def test_where_a_new_worker_does_not_start_nothing_is_replaced(home: Home) -> None:
    with crew(home, 2, *PATIENT) as daemon, daemon.client() as client:
        create(client, "k")
        before = workers_of(daemon)
        home.kek.chmod(0o644)
        daemon.process.send_signal(signal.SIGUSR2)
        assert eventually(lambda: "no worker was replaced" in daemon.said)
        home.kek.chmod(0o600)
        assert workers_of(daemon) == before
        assert all(map(alive, before))
        client.sign(sign_request("k"), timeout=PATIENCE)
        roll(daemon)
