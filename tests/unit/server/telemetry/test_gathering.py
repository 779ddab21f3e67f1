"""The metrics of several processes as those of one."""

from signward_server.core.ports import Event, Level
from signward_server.telemetry.exposition import exposed
from signward_server.telemetry.families import Family
from signward_server.telemetry.gathering import gathered, lasting
from signward_server.telemetry.metrics import Metrics


def gauge(level: Level, number: float, *labels: str) -> Family:
    return Family(level.value, "gauge", "", tuple("l" for _ in labels), ((labels, number),))


def numbers(families, name: str) -> dict:
    (family,) = [each for each in families if each.name == name]
    return dict(family.samples)


def test_what_is_counted_adds_up_by_its_labels():
    one, other = Metrics(), Metrics()
    one.count(Event.REFUSED, "KEY_NOT_FOUND")
    other.count(Event.REFUSED, "KEY_NOT_FOUND")
    other.count(Event.REFUSED, "KEY_DISABLED")
    found = numbers(gathered([one.snapshot(), other.snapshot()]), "refusals")
    assert found == {("KEY_NOT_FOUND",): 2, ("KEY_DISABLED",): 1}


def test_durations_add_up_bucket_by_bucket():
    one, other, both = Metrics(), Metrics(), Metrics()
    for metrics, seconds in ((one, 0.001), (other, 0.4), (other, 0.001)):
        for each in (metrics, both):
            each.observe("/s/M", "OK", seconds)
    found = gathered([one.snapshot(), other.snapshot()])
    assert exposed(found) == exposed(both.snapshot())


def test_a_level_is_the_least_the_highest_or_the_sum():
    pairs = {
        Level.READY: 0,
        Level.AUDIT_UP: 0,
        Level.CERTIFICATE_EXPIRY: 0,
        Level.KEYS: 3,
        Level.CHECKPOINT_AGE: 3,
        Level.STREAMS: 3,
        Level.LOCKED_MEMORY: 3,
    }
    found = gathered([[gauge(level, 0) for level in pairs], [gauge(level, 3) for level in pairs]])
    assert {Level(each.name): each.samples[0][1] for each in found} == pairs


def test_levels_that_add_up_do():
    found = gathered([[gauge(Level.STREAMS, 2)], [gauge(Level.STREAMS, 3)]])
    assert numbers(found, "open_streams") == {(): 5}


def test_two_sets_of_policies_are_both_shown():
    found = gathered([[gauge(Level.POLICY_INFO, 1, "a")], [gauge(Level.POLICY_INFO, 1, "b")]])
    assert numbers(found, "policy_info") == {("a",): 1, ("b",): 1}


def test_what_another_version_counts_otherwise_stays_out():
    new = Family("signatures", "counter", "", ("purpose",), ((("raw",), 1.0),))
    old = Family("signatures", "counter", "", (), (((), 5.0),))
    assert gathered([[new], [old]]) == (new,)
    histograms = [
        Family("d", "histogram", "", (), (((), (bounds, (1,) * (len(bounds) + 1), 1.0)),))
        for bounds in ((1.0,), (1.0, 2.0))
    ]
    assert gathered([[histograms[0]], [histograms[1]]]) == (histograms[0],)


def test_of_those_that_have_ended_only_levels_go():
    metrics = Metrics()
    metrics.level(Level.KEYS, 3)
    metrics.observe("/s/M", "OK", 1)
    kinds = {family.kind for family in lasting(metrics.snapshot())}
    assert kinds == {"counter", "histogram"}
