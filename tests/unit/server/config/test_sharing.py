"""What several workers share, and what they cannot."""

import pytest
from signward_server.config import ConfigurationError, load
from signward_server.config.sharing import share


def settings(*flags: str):
    return load(None, environment={}, flags=flags)


def refused(*flags: str) -> list[str]:
    with pytest.raises(ConfigurationError) as raised:
        settings(*flags)
    return [str(problem) for problem in raised.value.problems]


def test_one_worker_has_everything():
    alone = settings()
    assert alone.workers.count == 1
    assert share(alone) is alone


def test_s43_what_is_counted_in_memory_is_divided_and_rounded_down():
    whole = settings(
        "workers.count=3", "limits.streams=20", "limits.streams_per_identity=10",
        "limits.connections_per_address=256", "rate_limits.failures.limit=20",
    )  # fmt: skip
    part = share(whole)
    assert part.limits.streams == 6
    assert part.limits.streams_per_identity == 3
    assert part.limits.connections_per_address == 85
    assert part.rate_limits.failures.limit == 6
    assert part.limits.queue == whole.limits.queue
    assert part.rate_limits.rules == whole.rate_limits.rules  # divided where they are counted


def test_what_has_no_cap_gets_none():
    assert share(settings("workers.count=2", "limits.connections_per_address=0")).limits == (
        settings("limits.connections_per_address=0", "limits.streams=32",
                 "limits.streams_per_identity=8").limits
    )  # fmt: skip


def test_a_unix_socket_cannot_be_shared():
    (problem,) = refused("workers.count=2", "listen.unix=/run/s")
    assert problem == (
        "flag --set listen.unix: listen.unix is one socket, which 2 workers cannot share; "
        'set it to "", or workers.count to 1'
    )


def test_s43_what_is_too_small_to_be_divided_is_refused_all_at_once():
    rule = '{class="sign",per="identity",limit=2,window="1s"}'
    problems = refused(
        "workers.count=3", "limits.streams=2", "limits.streams_per_identity=2",
        "limits.connections_per_address=1", "rate_limits.failures.limit=2",
        f"rate_limits.rules=[{rule}]",
    )  # fmt: skip
    assert [problem.split(" is less than")[0].rsplit(" ", 1)[1] for problem in problems] == [
        "limits.streams",
        "limits.streams_per_identity",
        "limits.connections_per_address",
        "rate_limits.failures.limit",
        "rate_limits.rules[0].limit",
    ]
    assert "Redis" in problems[-1]


def test_s43_rules_that_redis_counts_need_not_be_divided():
    rule = 'rate_limits.rules=[{class="sign",per="identity",limit=2,window="1s"}]'
    storage = "rate_limits.storage=redis://127.0.0.1:1"
    settings("workers.count=3", rule, storage)
    (problem,) = refused("workers.count=3", rule, storage, "rate_limits.when_unavailable=local")
    assert "rules[0].limit" in problem


def test_workers_have_a_lane_of_nonces_each():
    (problem,) = refused("workers.count=3", "hyperliquid.nonce_lanes=2")
    assert problem == (
        "flag --set hyperliquid.nonce_lanes: hyperliquid.nonce_lanes is less than the 3 workers, "
        "which need one each; set it to 3 or more, or to 0"
    )
    for lanes in (0, 3, 64):
        assert settings("workers.count=3", f"hyperliquid.nonce_lanes={lanes}")
    assert settings("hyperliquid.nonce_lanes=1").hyperliquid.nonce_lanes == 1
