"""Which of several processes this one is."""

from signward_server.core.workers import ALONE, Worker


def test_one_process_is_alone_and_number_0():
    assert ALONE.alone
    assert (ALONE.number, ALONE.count) == (0, 1)


def test_one_of_several_is_not():
    assert not Worker(0, 2).alone
