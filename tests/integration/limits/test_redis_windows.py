"""The script in a real server: all counters or none, and the server's own clock."""

import threading
import time

import pytest
from limits import RateLimitItemPerSecond
from signward_server.limits.redis_place import RedisPlace
from signward_server.limits.redis_windows import RedisWindows, StorageFailed

from tests.running.waiting import eventually

pytestmark = pytest.mark.integration

PASSWORD = "s3cret"  # noqa: S105  # of a server of the test's own
TWO = (RateLimitItemPerSecond(2, 60), "two")
TEN = (RateLimitItemPerSecond(10, 60), "ten")
SHORT = (RateLimitItemPerSecond(1, 1), "short")
TEN_THOUSAND = (RateLimitItemPerSecond(10_000, 60), "more")


@pytest.fixture
def server(start):
    return start()


@pytest.fixture
def windows(server):
    made = RedisWindows(RedisPlace(url=server.url))
    yield made
    made.close()


def test_it_counts_in_all_or_in_none(windows):
    assert windows.acquire([TEN, TWO], 2) is None
    for _ in range(5):
        full, wait = windows.acquire([TEN, TWO], 1)
        assert full == 1
        assert 59 < wait <= 60.01
    assert windows.acquire([TEN], 8) is None
    assert windows.acquire([TEN], 1)[0] == 0


def test_the_longest_wait_of_all_that_refuse_is_told(windows):
    assert windows.acquire([SHORT], 1) is None
    assert windows.acquire([TWO], 2) is None
    full, wait = windows.acquire([SHORT, TWO], 1)
    assert full == 1
    assert wait > 50


def test_who_waits_as_long_as_told_gets_through_and_no_sooner(windows):
    for cost in (1, 3):
        item = (RateLimitItemPerSecond(3, 1), f"cost {cost}")
        assert windows.acquire([item], 3) is None
        full, wait = windows.acquire([item], cost)
        assert full == 0
        time.sleep(wait / 2)
        assert windows.acquire([item], cost)[0] == 0
        time.sleep(wait / 2 + 0.001)
        assert windows.acquire([item], cost) is None


def test_a_counter_is_gone_when_its_window_has_ended(windows, server):
    assert windows.acquire([SHORT], 1) is None
    assert "signward:short" in server.ask("KEYS *")
    time.sleep(1.05)
    assert server.ask("KEYS *") == "*0\r\n"


def test_a_counter_that_somebody_made_immortal_gets_its_end_back(windows, server):
    assert windows.acquire([TWO], 2) is None
    server.ask("PERSIST signward:two")
    full, wait = windows.acquire([TWO], 1)
    assert full == 0
    assert 59 < wait <= 60.01
    assert windows.acquire([TWO], 1)[1] <= wait


def test_replicas_that_count_at_once_get_exactly_the_limit(server):
    item, ready = (RateLimitItemPerSecond(200, 60), "many"), threading.Barrier(6)
    replicas = [RedisWindows(RedisPlace(url=server.url, timeout=5)) for _ in range(2)]
    admitted: list[bool] = []

    def call(number: int) -> None:
        ready.wait(10)
        acquire = replicas[number % 2].acquire
        admitted.extend(acquire([item, TEN_THOUSAND], 1) is None for _ in range(60))

    threads = [threading.Thread(target=call, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sum(admitted) == 200
    assert server.ask("GET signward:more") == "$3\r\n200\r\n"
    for replica in replicas:
        replica.close()


def test_a_password_is_needed_where_there_is_one(start):
    server = start("--requirepass", PASSWORD)
    for password, works in ((PASSWORD, True), ("wrong", False), ("", False)):
        windows = RedisWindows(RedisPlace(url=server.url, password=password))
        assert windows.answers() is works
        windows.close()


def test_a_user_of_its_own_works(start):
    server = start()
    rights = "~signward:* +evalsha +script|load +get +incrby +pexpire +pttl"
    assert server.ask(f"ACL SETUSER signward on >{PASSWORD} {rights}") == "+OK\r\n"
    windows = RedisWindows(RedisPlace(url=server.url, username="signward", password=PASSWORD))
    assert windows.answers()
    assert windows.acquire([TWO], 1) is None
    windows.close()


def test_a_server_that_answers_and_takes_nothing_fails(start):
    full = start("--maxmemory", "1")
    windows = RedisWindows(RedisPlace(url=full.url))
    assert not windows.answers()
    windows.close()


def test_what_is_no_number_is_a_failure(windows, server):
    server.ask("LPUSH signward:two x")
    with pytest.raises(StorageFailed):
        windows.acquire([TWO], 1)


def test_scripts_that_the_server_forgot_are_sent_again(windows, server):
    assert windows.answers()
    server.ask("SCRIPT FLUSH")
    assert windows.acquire([TWO], 1) is None


def test_a_connection_that_was_cut_is_made_anew(windows, server):
    assert windows.acquire([TEN], 1) is None
    server.ask("CLIENT KILL TYPE normal SKIPME yes")
    assert windows.acquire([TEN], 1) is None
    server.stop()
    with pytest.raises(StorageFailed):
        windows.acquire([TEN], 1)
    server.start()
    assert windows.acquire([TEN], 10) is None, "it has forgotten everything, by its settings"


def test_a_server_that_does_not_answer_is_waited_for_this_long(windows, server):
    assert windows.answers()
    with server.frozen():
        for _ in range(2):
            begun = time.monotonic()
            assert not windows.answers()
            assert 0.2 < time.monotonic() - begun < 3
    assert eventually(windows.answers)
