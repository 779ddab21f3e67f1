from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from hypothesis import given
from hypothesis import strategies as st
from signward_server.rpc.recent import Recent


@given(st.lists(st.tuples(st.integers(0, 9), st.integers())))
def test_it_has_the_values_that_were_put_last(puts: list[tuple[int, int]]) -> None:
    recent: Recent[int, int] = Recent(4)
    expected: dict[int, int] = {}
    for key, value in puts:
        recent.put(key, value)
        expected.pop(key, None)
        expected[key] = value
        expected = dict(list(expected.items())[-4:])
        assert {k: recent.get(k) for k in range(10)} == {k: expected.get(k) for k in range(10)}
        assert len(recent) == len(expected)


def test_many_threads_may_put() -> None:
    recent: Recent[int, int] = Recent(8)

    def fill(start: int) -> None:
        for number in range(start, start + 5000):
            recent.put(number % 97, number)
            recent.get(number % 97)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(fill, range(4)))
    assert len(recent) == 8
