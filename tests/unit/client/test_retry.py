"""Retries happen where they are safe, wait as they should, and end."""

from __future__ import annotations

import pytest
from signward import Client, RetryPolicy, errors, raw_request

from tests.fakes.statuses import status


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 100.0
        self.naps: list[float] = []

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.now += seconds


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def patient(daemon, credentials, time):
    daemon.add_key("k")
    policy = RetryPolicy(clock=time.clock, sleep=time.sleep, jitter=lambda: 1.0)
    with Client(daemon.target, credentials, retries=policy, timeout=10.0) as client:
        yield client


def unavailable(count: int, **details):
    return [status("UNAVAILABLE", "STORE_UNAVAILABLE", **details)] * count


def test_unavailable_with_a_request_id_is_tried_again(daemon, patient, time):
    daemon.plan("Sign", *unavailable(2))
    assert patient.sign_raw("k", b"m", request_id="r").raw.signature
    assert [request.request_id for request in daemon.calls("Sign")] == ["r"] * 3
    assert time.naps == [0.1, 0.2]


def test_the_remaining_time_shrinks_with_each_attempt(daemon, patient):
    daemon.plan("Sign", *unavailable(1, retry_after=4.0))
    patient.sign_raw("k", b"m", request_id="r")
    first, second = (seen.time_remaining for seen in daemon.seen)
    assert first == pytest.approx(10.0, abs=1.0)
    assert second == pytest.approx(6.0, abs=1.0)


def test_without_a_request_id_there_is_one_attempt(daemon, patient, time):
    daemon.plan("Sign", *unavailable(1))
    with pytest.raises(errors.Unavailable, match="STORE_UNAVAILABLE"):
        patient.sign_raw("k", b"m")
    assert len(daemon.calls("Sign")) == 1
    assert time.naps == []


@pytest.mark.parametrize("code", ["RESOURCE_EXHAUSTED", "ABORTED", "INTERNAL", "DATA_LOSS"])
def test_other_failures_are_final(daemon, patient, code):
    daemon.plan("Sign", status(code, "ANY", retry_after=0.1))
    with pytest.raises(errors.class_of(errors.grpc.StatusCode[code])):
        patient.sign_raw("k", b"m", request_id="r")
    assert len(daemon.calls("Sign")) == 1


def test_a_final_failure_after_a_retry_is_raised(daemon, patient):
    daemon.plan("Sign", *unavailable(1), status("NOT_FOUND", "KEY_NOT_FOUND"))
    with pytest.raises(errors.NotFound):
        patient.sign_raw("k", b"m", request_id="r")
    assert len(daemon.calls("Sign")) == 2


def test_attempts_are_bounded(daemon, patient, time):
    daemon.plan("Sign", *unavailable(9))
    with pytest.raises(errors.Unavailable):
        patient.sign_raw("k", b"m", request_id="r")
    assert len(daemon.calls("Sign")) == 4
    assert time.naps == [0.1, 0.2, 0.4]


def test_the_daemon_says_how_long_to_wait(daemon, patient, time):
    daemon.plan("Sign", *unavailable(1, retry_after=3.0))
    patient.sign_raw("k", b"m", request_id="r")
    assert time.naps == [3.0]


def test_a_wait_beyond_the_deadline_is_not_begun(daemon, patient, time):
    daemon.plan("Sign", *unavailable(1, retry_after=11.0))
    with pytest.raises(errors.Unavailable) as caught:
        patient.sign_raw("k", b"m", request_id="r")
    assert caught.value.retry_after == 11.0
    assert time.naps == []


def test_creating_a_key_is_safe_to_repeat_by_default(daemon, patient):
    daemon.plan("CreateKey", *unavailable(1))
    patient.create_key("new", algorithm=1, purpose=1)
    first, second = daemon.calls("CreateKey")
    assert first.request_id == second.request_id != ""


def test_creating_a_key_without_request_id_is_not(daemon, patient):
    daemon.plan("CreateKey", *unavailable(1))
    with pytest.raises(errors.Unavailable):
        patient.create_key("new", algorithm=1, purpose=1, request_id="")


@pytest.mark.parametrize(("ids", "calls"), [(("a", "b"), 2), (("a", ""), 1)])
def test_a_batch_is_repeated_only_when_every_item_may_be(daemon, patient, ids, calls):
    daemon.plan("SignBatch", *unavailable(1))
    requests = [raw_request("k", b"m", request_id=name) for name in ids]
    if calls == 2:
        assert len(patient.sign_batch(requests)) == 2
    else:
        with pytest.raises(errors.Unavailable):
            patient.sign_batch(requests)
    assert len(daemon.calls("SignBatch")) == calls


def test_what_changes_or_reads_without_request_id_is_called_once(daemon, patient):
    for method, call in {
        "GetKey": lambda: patient.get_key("k"),
        "DisableKey": lambda: patient.disable_key("k"),
        "UpdateKey": lambda: patient.update_key("k", owner="dns:x"),
    }.items():
        daemon.plan(method, *unavailable(1))
        with pytest.raises(errors.Unavailable):
            call()
        assert len(daemon.calls(method)) == 1


def test_retries_can_be_turned_off(daemon, credentials):
    daemon.add_key("k")
    daemon.plan("Sign", *unavailable(1))
    with (
        Client(daemon.target, credentials, retries=RetryPolicy(attempts=1)) as client,
        pytest.raises(errors.Unavailable),
    ):
        client.sign_raw("k", b"m", request_id="r")


def test_waits_double_up_to_the_cap_and_are_jittered():
    policy = RetryPolicy(base=0.1, cap=0.5, jitter=lambda: 0.5)
    assert [policy.delay(n, None) for n in (1, 2, 3, 4, 9)] == [0.05, 0.1, 0.2, 0.25, 0.25]
    assert policy.delay(1, 2.0) == 2.0
