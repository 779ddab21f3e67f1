"""One at a time, but nobody waits for ever."""

from __future__ import annotations

import threading
import time

import pytest
from signward_server.rpc.turn import Turn


def test_one_at_a_time() -> None:
    turn = Turn(10)
    inside: list[int] = []
    most: list[int] = []

    def work(number: int) -> None:
        with turn.taken():
            inside.append(number)
            most.append(len(inside))
            time.sleep(0.005)
            inside.remove(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert most == [1] * 8


def test_whoever_has_waited_long_goes_on_and_takes_nobodys_turn() -> None:
    turn = Turn(0.01)
    with turn.taken():
        with turn.taken():
            pass
        assert not turn._lock.acquire(blocking=False)  # still the first one's
    assert turn._lock.acquire(blocking=False)


def test_an_error_gives_the_turn_back() -> None:
    turn = Turn(10)
    with pytest.raises(KeyError), turn.taken():
        raise KeyError
    with turn.taken():
        assert not turn._lock.acquire(blocking=False)
