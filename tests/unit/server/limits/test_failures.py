"""Failed authentications: counted by peer, answered with their reason only so often."""

import threading

import pytest
import structlog
from signward_server.core.errors import ApiKeyInvalid, CertificateRevoked, RateLimited
from signward_server.core.ports import Event
from signward_server.limits.failure_log import FailureLog
from signward_server.limits.failures import Failures

from tests.fakes.meter import FakeMeter
from tests.fakes.spine.audit import FakeAudit
from tests.fakes.spine.clock import MovingClock

WRONG = ApiKeyInvalid()


class World:
    def __init__(self, limit: int = 3, window: float = 60) -> None:
        self.clock, self.meter, self.log = MovingClock(), FakeMeter(), FailureLog(3600)
        self.audit = FakeAudit()
        self.failures = Failures(
            limit=limit,
            window=window,
            clock=self.clock,
            meter=self.meter,
            log=self.log,
            audit=self.audit,
        )

    def reasons(self, peer: str, times: int) -> list[str]:
        return [self.failures.answer(peer, WRONG).reason for _ in range(times)]


@pytest.fixture
def world():
    made = World()
    yield made
    made.failures.close()


def test_s43_a_peer_is_told_its_reason_up_to_the_limit(world):
    answer = world.failures.answer("192.0.2.1", WRONG)
    assert answer is WRONG
    assert world.reasons("192.0.2.1", 3) == ["API_KEY_INVALID"] * 2 + ["RATE_LIMITED"]
    assert world.reasons("192.0.2.2", 1) == ["API_KEY_INVALID"]
    assert [peer for peer, _ in world.audit.strangers] == ["192.0.2.1"] * 4 + ["192.0.2.2"]
    assert {reason for _, reason in world.audit.strangers} == {"API_KEY_INVALID"}


@pytest.mark.parametrize("step", [0, -3600, 3600])
def test_the_time_to_wait_is_true_whatever_the_wall_clock_does(world, step):
    world.reasons("", 3)
    world.clock.advance(10)
    world.clock.wall += step
    answer = world.failures.answer("", WRONG)
    assert isinstance(answer, RateLimited)
    assert answer.retry_after == pytest.approx(50, abs=0.01)
    world.clock.boot += int(answer.retry_after * 1e9) / 1e9
    assert world.failures.answer("", WRONG) is WRONG


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.3", False),
        ("2001:db8::1", "2001:db8::2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("fe80::1%eth0", "fe80::1%eth1", True),
        ("", "", True),
        ("", "nonsense", True),
        ("", "192.0.2.1", False),
    ],
)
def test_peers_are_counted_by_their_address(world, one, other, same):
    world.reasons(one, 3)
    assert (world.reasons(other, 1) == ["RATE_LIMITED"]) is same


def test_every_failure_is_counted_by_its_reason_even_where_it_is_refused(world):
    world.reasons("", 5)
    world.failures.answer("", CertificateRevoked())
    assert world.meter.counted == [(Event.AUTHENTICATION_FAILED, "API_KEY_INVALID")] * 5 + [
        (Event.AUTHENTICATION_FAILED, "CERTIFICATE_REVOKED")
    ]


def test_s38_a_hundred_thousand_peers_take_bounded_memory_and_few_lines(world):
    with structlog.testing.capture_logs() as lines:
        for number in range(100_000):
            a, b, c = number >> 16, number >> 8 & 255, number & 255
            world.failures.answer(f"10.{a}.{b}.{c}", WRONG)
        world.log.flush()
    assert len(world.failures._windows) == 10_000
    assert len(lines) == 17
    assert sum(line["failures"]["API_KEY_INVALID"] for line in lines) == 100_000


def test_threads_count_exactly(world, restless):
    answers: list[object] = []

    def fail() -> None:
        answers.extend(world.failures.answer("", WRONG) for _ in range(200))

    threads = [threading.Thread(target=fail) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sum(answer is WRONG for answer in answers) == 3
    assert len(answers) == len(world.meter.counted) == 1600
