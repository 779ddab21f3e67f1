"""Numbers for Prometheus, and no names (S39)."""

import re
import threading
from collections.abc import Iterator

import pytest
from prometheus_client.parser import text_string_to_metric_families
from signward_server.core.errors import ApiKeyInvalid
from signward_server.core.identity import Identity, IdentityKind
from signward_server.core.keys import CustodyKind, Purpose
from signward_server.core.method_classes import MethodClass
from signward_server.core.ports import Event, Level, ReloadPart
from signward_server.limits.failure_log import FailureLog
from signward_server.limits.failures import Failures
from signward_server.limits.memory_limits import MemoryLimits
from signward_server.limits.rules import Per, Rule
from signward_server.telemetry.durations import BOUNDS
from signward_server.telemetry.metrics import Metrics

from tests.fakes.spine.audit import FakeAudit
from tests.fakes.spine.clock import MovingClock


def samples(metrics: Metrics) -> dict[str, float]:
    """Return what is shown and not 0."""
    families = text_string_to_metric_families(metrics.render().decode())
    return {
        f"{sample.name}{''.join(f'[{value}]' for value in sample.labels.values())}": sample.value
        for family in families
        for sample in family.samples
        if sample.value
    }


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


def test_what_happened_is_counted_by_its_detail(metrics):
    metrics.count(Event.AUTHENTICATION_FAILED, "API_KEY_INVALID")
    metrics.count(Event.AUTHENTICATION_FAILED, "API_KEY_INVALID")
    metrics.count(Event.AUTHENTICATION_FAILED, "CERTIFICATE_REVOKED")
    metrics.count(Event.RATE_LIMITED, MethodClass.KEY_CREATION)
    metrics.count(Event.LIMIT_STORAGE_FAILED)
    metrics.level(Level.LIMIT_STORAGE_UP, 1)
    metrics.level(Level.POLICIES, 20)
    assert samples(metrics) == {
        "signward_authentication_failures_total[API_KEY_INVALID]": 2,
        "signward_authentication_failures_total[CERTIFICATE_REVOKED]": 1,
        "signward_rate_limited_total[key_creation]": 1,
        "signward_limit_storage_failures_total": 1,
        "signward_limit_storage_up": 1,
        "signward_policies": 20,
    }


@pytest.mark.parametrize("event", Event)
def test_every_event_can_be_counted_and_says_what_it_is(metrics, event):
    metrics.count(event, "Detail")
    metrics.count(event)
    assert sum(samples(metrics).values()) == 2
    (line,) = re.findall(
        rf"(?m)^# HELP signward_{event.value}_total (.*)$", metrics.render().decode()
    )
    assert line.endswith(".")


@pytest.mark.parametrize("level", Level)
def test_every_level_can_be_set(metrics, level):
    metrics.level(level, 2.5)
    assert list(samples(metrics).values()) == [2.5]
    assert f"# TYPE signward_{level.value} gauge" in metrics.render().decode()


@pytest.mark.parametrize(
    "detail", ["cn:bot", "spiffe://prod/x", "key-1", "", "a b", 'a"b', "a\n", "1", "x" * 65, "ä"]
)
def test_s39_what_may_be_a_name_is_not_shown(metrics, detail):
    metrics.count(Event.POLICY_DENIED, detail)
    assert samples(metrics)["signward_policy_denials_total[other]"] == 1


def test_s39_refused_callers_and_their_keys_are_not_named(metrics):
    clock, log = MovingClock(), FailureLog(3600)
    who = Identity(IdentityKind.DNS, "trader")
    rules = [Rule(MethodClass.SIGN, per, 1, 60) for per in Per]
    limits = MemoryLimits(rules, clock, metrics)
    failures = Failures(limit=1, window=60, clock=clock, meter=metrics, log=log, audit=FakeAudit())
    limits.admit(who, MethodClass.SIGN, "treasury")
    for _ in range(3):
        with pytest.raises(Exception, match="Too many"):
            limits.admit(who, MethodClass.SIGN, "treasury")
        failures.answer("192.0.2.1", ApiKeyInvalid())
    text = metrics.render().decode()
    assert samples(metrics)["signward_rate_limited_total[sign]"] == 3
    assert not any(name in text for name in ("trader", "dns", "treasury", "192.0.2"))
    failures.close()


def test_details_are_bounded(metrics):
    for name in many_names():
        metrics.count(Event.POLICY_DENIED, name)
    found = samples(metrics)
    assert len(found) < 140
    assert found["signward_policy_denials_total[other]"] == 5000 - 128


def test_methods_are_bounded(metrics):
    for name in many_names():
        metrics.observe(f"/a.B/{name}", "OK", 0.001)
    ends = [name for name in samples(metrics) if "_count" in name]
    assert len(ends) == 1025
    assert samples(metrics)["signward_request_duration_seconds_count[other][other]"] == 5000 - 1024


def many_names() -> Iterator[str]:
    for number in range(5000):
        yield "".join(chr(ord("a") + int(digit)) for digit in str(number))


def test_calls_and_items_are_shown_by_method_and_status_with_how_long_they_took(metrics):
    metrics.observe("/signward.v1.SignService/Sign", "OK", 0.00005)
    metrics.observe("/signward.v1.SignService/Sign", "OK", 0.00006)
    metrics.observe("/signward.v1.SignService/Sign", "OK", 11)
    metrics.observe("/signward.v1.SignService/Sign", "UNAVAILABLE", 0.5)
    metrics.observe("/signward.v1.SignService/SignBatch", "OK", 0.25, item=True)
    found, sign = samples(metrics), "[signward.v1.SignService/Sign]"
    calls = "signward_request_duration_seconds"
    assert found[f"{calls}_bucket[5e-05]{sign}[OK]"] == 1
    assert found[f"{calls}_bucket[0.0001]{sign}[OK]"] == 2
    assert found[f"{calls}_bucket[10.0]{sign}[OK]"] == 2
    assert found[f"{calls}_bucket[+Inf]{sign}[OK]"] == 3
    assert found[f"{calls}_count{sign}[OK]"] == 3
    assert found[f"{calls}_sum{sign}[OK]"] == pytest.approx(11.00011)
    assert found[f"{calls}_count{sign}[UNAVAILABLE]"] == 1
    batch = "[signward.v1.SignService/SignBatch][OK]"
    assert found[f"signward_item_duration_seconds_count{batch}"] == 1
    assert f"{calls}_count{batch}" not in found


def test_buckets_reach_from_50_microseconds_to_10_seconds():
    assert (BOUNDS[0], BOUNDS[-1]) == (0.00005, 10)
    assert list(BOUNDS) == sorted(set(BOUNDS))


def test_signatures_are_counted_by_purpose_and_custody(metrics):
    metrics.signed(Purpose.ORDER, CustodyKind.ENVELOPE)
    metrics.signed(Purpose.ORDER, CustodyKind.ENVELOPE)
    metrics.signed(Purpose.RAW, CustodyKind.AWS_KMS)
    assert samples(metrics) == {
        "signward_signatures_total[envelope][order]": 2,
        "signward_signatures_total[aws_kms][raw]": 1,
    }


def test_what_is_so_is_asked_for_whenever_somebody_looks(metrics):
    open_streams = 3
    metrics.watch(Level.STREAMS, lambda: open_streams)
    assert samples(metrics)["signward_open_streams"] == 3
    open_streams = 4
    metrics.level(Level.STREAMS, 9)
    assert samples(metrics)["signward_open_streams"] == 4


def test_what_is_asked_for_may_be_several_numbers_and_is_forgotten_with_its_cause(metrics):
    ends = {"server": 1.0, "client_ca_0a1b2c3d": 2.0}
    metrics.watch(Level.CERTIFICATE_EXPIRY, lambda: ends)
    metrics.watch(Event.SPAN_DROPPED, lambda: {"queue": 5})
    name = "signward_certificate_expiry_timestamp_seconds"
    assert samples(metrics) == {
        f"{name}[server]": 1,
        f"{name}[client_ca_0a1b2c3d]": 2,
        "signward_spans_dropped_total[queue]": 5,
    }
    del ends["client_ca_0a1b2c3d"]
    assert f"{name}[client_ca_0a1b2c3d]" not in samples(metrics)


def test_what_cannot_be_read_is_left_out_and_logged_once(metrics, caplog):
    def broken() -> float:
        raise KeyError("cn:secret-name")

    metrics.watch(Level.AUDIT_UP, broken)
    metrics.level(Level.POLICIES, 7)
    for _ in range(3):
        assert samples(metrics) == {"signward_policies": 7}
    assert [record.message for record in caplog.records] == ["unexpected error"]
    assert "secret-name" not in caplog.text


@pytest.mark.parametrize("part", ReloadPart)
def test_what_alerts_look_at_is_0_before_it_happens(metrics, part):
    assert f'signward_reload_refusals_total{{part="{part.value}"}} 0.0' in metrics.render().decode()


def test_details_can_be_shown_before_they_occur(metrics):
    metrics.expect(Event.POLICY_ERROR, ["SignOrder"])
    assert 'signward_policy_errors_total{action="SignOrder"} 0.0' in metrics.render().decode()


def test_threads_lose_no_count(metrics):
    def count() -> None:
        for _ in range(500):
            metrics.count(Event.RATE_LIMITED, "sign")
            metrics.count(Event.LIMIT_STORAGE_FAILED)
            metrics.observe("/a.B/C", "OK", 0.001)
            metrics.signed(Purpose.RAW, CustodyKind.ENVELOPE)

    threads = [threading.Thread(target=count) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    found = samples(metrics)
    assert found["signward_rate_limited_total[sign]"] == 3000
    assert found["signward_limit_storage_failures_total"] == 3000
    assert found["signward_request_duration_seconds_count[a.B/C][OK]"] == 3000
    assert found["signward_signatures_total[envelope][raw]"] == 3000
