"""A reload that has to reach all workers."""

from dataclasses import replace

from signward_server.core.ports import Reloaded, ReloadPart
from signward_server.wiring.everywhere import ReloadsEverywhere

HERE = Reloaded(ReloadPart.POLICY, "v", changed=True)


class Here:
    """One process; remembers what it was asked."""

    def __init__(self, *results: Reloaded) -> None:
        self.results = results
        self.asked = []

    def reload(self, parts, *, wait=True):
        self.asked.append((tuple(parts), wait))
        return self.results


class Others:
    """All others, with what they answer."""

    def __init__(self, answer) -> None:
        self.answer = answer
        self.asked = []

    def reload(self, parts):
        self.asked.append(tuple(parts))
        if self.answer is None:
            raise TimeoutError
        return self.answer


def problem(answer, here: Reloaded = HERE) -> str:
    (result,) = ReloadsEverywhere(Here(here), Others(answer)).reload([ReloadPart.POLICY])
    assert result.version == here.version
    assert result.changed == here.changed
    return result.problem


def test_it_happens_here_and_everywhere_else():
    here, others = Here(HERE), Others({1: [HERE]})
    parts = iter([ReloadPart.POLICY])
    assert ReloadsEverywhere(here, others).reload(parts, wait=False) == [HERE]
    assert here.asked == [((ReloadPart.POLICY,), False)]
    assert others.asked == [(ReloadPart.POLICY,)]


def test_what_another_worker_says_is_said():
    bad = replace(HERE, problem="bad")
    assert problem({1: [bad], 2: [bad]}) == "bad"
    assert problem({1: [bad]}, bad) == "bad"
    assert problem({1: [replace(HERE, problem="worse")]}, bad) == "bad\nworse"


def test_who_has_not_answered_or_has_something_else_is_named():
    assert problem({1: [], 2: [HERE]}) == "worker 1 has not answered"
    assert problem({3: [replace(HERE, version="w")]}) == "worker 3 has found another version"
    assert problem(None) == "the other workers have not answered"
    assert problem(None, replace(HERE, problem="bad")).startswith("bad\n")
