"""Counters in fixed windows: each lasts for its window, and none for much longer."""

import tracemalloc

from hypothesis import given
from hypothesis import strategies as st
from signward_server.limits.windows import Windows


def test_a_window_begins_with_what_is_counted_first_and_ends_after_its_length():
    windows = Windows(10, 100)
    assert windows.find("a", 1000) is None
    windows.begin("a", 1003, 1)
    assert windows.find("a", 1003).count == 1
    assert windows.find("a", 1012.999).ends == 1013
    assert windows.find("a", 1013) is None


@given(st.lists(st.tuples(st.floats(0, 25), st.sampled_from("abc")), max_size=60))
def test_it_counts_like_a_plain_dictionary(steps):
    windows, model, now = Windows(10, 100), {}, 500.0
    for passed, name in steps:
        now += passed
        window = windows.find(name, now)
        ends, count = model.get(name, (0, 0))
        if ends <= now:
            assert window is None
            windows.begin(name, now, 1)
            model[name] = (now + 10, 1)
        else:
            assert (window.ends, window.count) == (ends, count)
            window.count += 1
            model[name] = (ends, count + 1)


def test_what_has_ended_is_forgotten_within_a_further_window():
    windows = Windows(10, 1_000_000)
    for second in range(100):
        for number in range(50):
            name = (second, number)
            assert windows.find(name, second) is None
            windows.begin(name, second, 1)
    assert len(windows) <= 50 * 20
    windows.find("another", 200)
    assert len(windows) == 0


def test_names_beyond_the_most_share_a_counter():
    windows = Windows(10, 3)
    for name in "abc":
        assert windows.find(name, 0) is None
        windows.begin(name, 0, 1)
    assert windows.find("d", 0) is None
    windows.begin("d", 0, 1)
    shared = windows.find("d", 0)
    assert shared is not None
    assert windows.find("e", 0) is shared
    assert windows.find("a", 0).count == 1
    assert len(windows) == 3
    assert windows.find("d", 10) is None
    assert windows.find("d", 20) is None
    windows.begin("d", 20, 1)
    assert windows.find("e", 20) is None, "there is room again"


def test_many_names_take_no_more_memory_than_the_most():
    windows = Windows(3600, 10_000)
    tracemalloc.start()
    try:
        for number in range(200_000):
            if windows.find(number, 1.0) is None:
                windows.begin(number, 1.0, 1)
        assert tracemalloc.get_traced_memory()[0] < 5 * 2**20
    finally:
        tracemalloc.stop()
    assert len(windows) == 10_000
