"""Back-off of workers that end by themselves."""

from signward_server.supervisor.backoff import Backoff


def test_it_doubles_up_to_half_a_minute():
    backoff = Backoff()
    delays = [backoff.after(0) for _ in range(12)]
    assert delays[:4] == [0.1, 0.2, 0.4, 0.8]
    assert delays[-2:] == [30.0, 30.0]


def test_a_minute_of_health_forgets_what_was_before():
    backoff = Backoff()
    for _ in range(5):
        backoff.after(59.9)
    assert backoff.after(60) == 0.1
    assert backoff.after(0) == 0.2
