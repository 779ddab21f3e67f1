"""Numbers for Prometheus, and no names (S39)."""

import re
import threading

import pytest
from prometheus_client.parser import text_string_to_metric_families
from signward_server.core.errors import ApiKeyInvalid
from signward_server.core.identity import Identity, IdentityKind
from signward_server.core.method_classes import MethodClass
from signward_server.core.ports import Event, Level
from signward_server.limits.failure_log import FailureLog
from signward_server.limits.failures import Failures
from signward_server.limits.memory_limits import MemoryLimits
from signward_server.limits.rules import Per, Rule
from signward_server.telemetry.metrics import Metrics

from tests.fakes.spine.clock import MovingClock


def samples(metrics: Metrics) -> dict[str, float]:
    families = text_string_to_metric_families(metrics.render().decode())
    return {
        f"{sample.name}{''.join(f'[{value}]' for value in sample.labels.values())}": sample.value
        for family in families
        for sample in family.samples
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
    (line,) = re.findall(
        rf"(?m)^# HELP signward_{event.value}_total (.*)$", metrics.render().decode()
    )
    assert line.endswith(".")
    assert sum(samples(metrics).values()) == 2


@pytest.mark.parametrize("level", Level)
def test_every_level_can_be_set(metrics, level):
    metrics.level(level, 2.5)
    assert samples(metrics)[f"signward_{level.value}"] == 2.5


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
    failures = Failures(limit=1, window=60, clock=clock, meter=metrics, log=log)
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
    for number in range(5000):
        name = "".join(chr(ord("a") + int(digit)) for digit in str(number))
        metrics.count(Event.POLICY_DENIED, name)
    found = samples(metrics)
    assert len(found) < 140
    assert found["signward_policy_denials_total[other]"] == 5000 - 128


def test_threads_lose_no_count(metrics):
    def count() -> None:
        for _ in range(500):
            metrics.count(Event.RATE_LIMITED, "sign")
            metrics.count(Event.LIMIT_STORAGE_FAILED)

    threads = [threading.Thread(target=count) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    found = samples(metrics)
    assert found["signward_rate_limited_total[sign]"] == 3000
    assert found["signward_limit_storage_failures_total"] == 3000
