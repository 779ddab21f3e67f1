"""All workers of a supervisor, with programs in their place that speak like them."""

import asyncio
import functools
import os
import signal
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from signward_server.core.ports import ReloadPart
from signward_server.supervisor import crew, member
from signward_server.supervisor.crew import Crew, WorkerFailed
from signward_server.supervisor.launching import start_member
from signward_server.supervisor.messages import ReloadAll, ReloadedAll

from tests.fakes import worker as fake
from tests.running.waiting import until

PROGRAM = str(Path(fake.__file__))
PATIENCE = 20


def starting(*behaviours: str):
    """Return what starts workers that behave so, one after the other; the last goes on."""
    rest = list(behaviours)

    def launch(number, asking):
        behaviour = rest.pop(0) if len(rest) > 1 else rest[0]
        return start_member([sys.executable, PROGRAM, behaviour], number, asking)

    return launch


@asynccontextmanager
async def running(*behaviours: str, count: int = 2):
    made = Crew(starting(*behaviours), count, grace=0.5)
    try:
        await made.begin()
        yield made
    finally:
        await made.stop()


def run(test):
    """Run a test that is a coroutine."""

    @functools.wraps(test)
    def within(**fixtures):
        asyncio.run(asyncio.wait_for(test(**fixtures), PATIENCE))

    return within


def pids(made: Crew) -> dict[int, int]:
    return {number: each.pid for number, each in sorted(made._members.items())}


def counted(families) -> float:
    (made,) = [family for family in families if family.name == "made"]
    return made.samples[0][1]


@run
async def test_they_begin_serve_and_end():
    async with running("serve") as made:
        assert made.serving == 2
        assert made.ready
        assert list(pids(made)) == [0, 1]
    assert not made.ready
    assert all(task.done() for task in made._followed.values())


@pytest.mark.parametrize("behaviour", ["refuse", "first"])
def test_one_that_does_not_start_ends_all_with_its_code(behaviour):
    async def begin():
        async with running(behaviour):
            pytest.fail("it began")

    with pytest.raises(WorkerFailed) as raised:
        asyncio.run(asyncio.wait_for(begin(), PATIENCE))
    assert raised.value.code == 4


@run
async def test_one_that_is_killed_is_replaced_by_one_of_its_number():
    async with running("serve") as made:
        before = pids(made)
        os.kill(before[1], signal.SIGKILL)
        await until(lambda: made.restarts == 1)
        await until(lambda: made.serving == 2)
        after = pids(made)
        assert after[0] == before[0]
        assert after[1] != before[1]


@run
async def test_one_that_says_what_it_may_not_is_replaced():
    async with running("serve", "serve", "serve") as made:
        made._launch = starting("babble", "serve")
        os.kill(pids(made)[0], signal.SIGKILL)
        await until(lambda: made.restarts == 2)
        await until(lambda: made.ready and made.serving == 2)


@run
async def test_s20_one_that_is_not_alive_is_replaced(monkeypatch):
    monkeypatch.setattr(member, "_DEATH", 2.0)
    async with running("serve", "dead", "serve") as made:
        await until(lambda: made.restarts == 1)
        await until(lambda: made.ready and made.serving == 2)


@run
async def test_all_that_serve_have_to_be_ready():
    async with running("serve", "ill") as made:
        assert made.serving == 2
        assert not made.ready


@run
async def test_they_count_as_one_and_what_the_ended_have_counted_stays(monkeypatch):
    monkeypatch.setattr(crew, "_COUNTING", 5.0)
    async with running("serve") as made:
        assert counted(await made.count()) == 21
        os.kill(pids(made)[1], signal.SIGKILL)
        await until(lambda: made.restarts == 1)
        await until(lambda: made.serving == 2)
        assert counted(await made.count()) == 32


@run
async def test_one_that_does_not_answer_counts_as_it_last_did(monkeypatch):
    monkeypatch.setattr(crew, "_COUNTING", 2.0)
    monkeypatch.setattr(crew, "_LAST", 0.1)
    async with running("serve", "deaf") as made:
        assert counted(await made.count()) == 10


@run
async def test_all_are_replaced_while_as_many_serve():
    async with running("serve") as made:
        before, fewest = pids(made), []
        made.roll()
        while made._rolling:
            fewest.append(made.serving)
            await asyncio.sleep(0.01)
        assert min(fewest) == 2
        await until(lambda: made.ready)
        after = pids(made)
        assert list(after) == [0, 1]
        assert not {*before.values()} & {*after.values()}
        assert made.restarts == 0


@run
async def test_nothing_is_replaced_by_what_does_not_start():
    async with running("serve") as made:
        before = pids(made)
        made._launch = starting("refuse")
        made.roll()
        made.roll()
        await until(lambda: not made._rolling)
        assert pids(made) == before
        assert made.ready


@run
async def test_a_reload_reaches_the_others_and_their_answers_come_back(monkeypatch):
    monkeypatch.setattr(crew, "_RELOADING", 2.0)
    async with running("serve", "serve", "deaf", count=3) as made:
        asking = made._members[0]
        said = []
        monkeypatch.setattr(asking, "say", said.append)
        made.asked(asking, ReloadAll(asked=5, parts=(ReloadPart.POLICY,)))
        await until(lambda: bool(said))
        (answer,) = said
        assert isinstance(answer, ReloadedAll)
        assert answer.asked == 5
        assert {number: len(found) for number, found in answer.workers.items()} == {1: 1, 2: 0}
        made.reload()
        monkeypatch.setattr(crew, "_LAST", 0.1)


@run
async def test_a_defect_shows():
    async with running("serve") as made:
        made._spawn(broken())
        with pytest.raises(ZeroDivisionError):
            await made.broken


async def broken() -> None:
    raise ZeroDivisionError


@run
async def test_a_kek_reaches_a_worker_by_a_pipe(tmp_path):
    shown = tmp_path / "shown"
    reader, writer = os.pipe()
    os.write(writer, b"secret")
    os.close(writer)
    script = f"import os, sys; open({str(shown)!r}, 'wb').write(os.read(int(sys.argv[-1]), 99))"
    command = [sys.executable, "-c", script]
    started = start_member(command, 0, lambda *_: None, hand=lambda: reader)
    assert await started.follow() == 0
    assert shown.read_bytes() == b"secret"
    with pytest.raises(OSError, match="Bad file"):
        os.fstat(reader)
