"""The client for asyncio against a real daemon."""

from __future__ import annotations

import asyncio
import shutil

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from signward import Algorithm, Purpose, ServingStatus, errors, raw_request
from signward.aio import Client
from signward.profiles import read_profile

from tests.running.keys import unrecorded

pytestmark = pytest.mark.integration

_PATIENCE = 60.0


@pytest.fixture(scope="module")
def key(admin):
    return admin.create_key(
        "aio", algorithm=Algorithm.ALGORITHM_ED25519, purpose=Purpose.PURPOSE_RAW, owner="cn:bot"
    )


@pytest.fixture
def run(daemon, key):
    """Run what a test does with the client of a profile, in a loop of its own."""

    def run(work, profile="bot"):
        async def main():
            async with Client.from_profile(profile, daemon.profiles) as client:
                return await asyncio.wait_for(work(client), _PATIENCE)

        return asyncio.run(main())

    return run


def test_it_agrees_with_its_twin(client, key, run):
    async def work(twin):
        assert await twin.health() is ServingStatus.SERVING
        answers = await asyncio.gather(*[twin.sign_raw("aio", b"%d" % n) for n in range(50)])
        batch = await twin.sign_batch([raw_request("aio", b"0"), raw_request("none", b"0")])
        assert unrecorded(batch[0]) == unrecorded(answers[0])
        assert isinstance(batch[1], errors.NotFound)
        assert "aio" in [found.id async for found in twin.list_keys()]
        return answers

    public = Ed25519PublicKey.from_public_bytes(key.versions[0].public_key.raw)
    for number, answer in enumerate(run(work)):
        public.verify(answer.raw.signature, b"%d" % number)
        assert unrecorded(answer) == unrecorded(client.sign_raw("aio", b"%d" % number))


def test_a_stream_with_hundreds_of_items_in_flight(key, run):
    async def work(client):
        async with client.stream() as stream:
            asked = [asyncio.create_task(stream.send(raw_request("aio", b"%d" % n)))
                     for n in range(800)]  # fmt: skip
            futures = await asyncio.gather(*asked)
            missing = await stream.send(raw_request("none", b"m"))
            with pytest.raises(errors.NotFound):
                await missing
            return await asyncio.gather(*futures)

    public = Ed25519PublicKey.from_public_bytes(key.versions[0].public_key.raw)
    for number, answer in enumerate(run(work)):
        public.verify(answer.raw.signature, b"%d" % number)


def test_cancelled_calls_and_streams_leave_a_client_that_works(run):
    async def work(client):
        tasks = [asyncio.create_task(client.sign_raw("aio", b"%d" % n)) for n in range(100)]
        await asyncio.sleep(0)
        for task in tasks[::2]:
            task.cancel()
        done = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(found, asyncio.CancelledError) for found in done[::2])
        assert all(found.raw.signature for found in done[1::2])
        stream = client.stream()
        futures = [await stream.send(raw_request("aio", b"%d" % n)) for n in range(200)]
        stream.cancel()
        found = await asyncio.gather(*futures, return_exceptions=True)
        assert all(isinstance(f, errors.Cancelled) or f.raw.signature for f in found)
        assert (await client.sign_raw("aio", b"m")).raw.signature

    run(work)


def test_deadlines_hold(run):
    async def work(client):
        with pytest.raises(errors.DeadlineExceeded):
            await client.sign_raw("aio", b"m", timeout=0.000_001)
        await client.sign_raw("aio", b"m")  # connected, and the key unlocked
        async with client.stream(timeout=1.0) as stream:
            await stream.sign(raw_request("aio", b"m"))
            await asyncio.sleep(1.2)
            with pytest.raises(errors.DeadlineExceeded):
                await stream.sign(raw_request("aio", b"m"))

    run(work)


def test_it_connects_anew_under_load(daemon, run):
    async def work(client):
        stop = asyncio.Event()

        async def sign():
            count = 0
            while not stop.is_set():
                await client.sign_raw("aio", b"m")
                count += 1
            return count

        load = [asyncio.create_task(sign()) for _ in range(4)]
        async with client.stream() as stream:
            for _ in range(3):
                futures = [await stream.send(raw_request("aio", b"%d" % n)) for n in range(100)]
                await client.reconnect()
                await asyncio.gather(*futures)
        stop.set()
        assert min(await asyncio.gather(*load)) > 0
        assert client.reconnections == 3

    run(work)


def test_another_identity_is_taken_from_the_same_files(daemon, key, tmp_path):
    """The bot's files become the administrator's; the client notices, and may do something else."""
    profile = read_profile("bot", daemon.profiles)
    other = read_profile("admin", daemon.profiles)
    paths = {name: tmp_path / name for name in ("ca", "cert", "key")}
    for name, path in paths.items():
        shutil.copy(getattr(profile, name), path)
    given = type(profile)(profile.target, paths["ca"], paths["cert"], paths["key"])

    async def main():
        async with Client(given.target, given.credentials()) as client:
            with pytest.raises(errors.PermissionDenied):
                await client.admin.get_checkpoint()
            for name in ("cert", "key"):
                shutil.copy(getattr(other, name), paths[name])
            await asyncio.sleep(2.1)  # silence: the next call waits for the new connection
            assert (await client.admin.get_checkpoint()).size > 0
            assert client.reconnections == 1

    asyncio.run(main())


def test_operators_follow_the_log(run):
    async def work(admin):
        size = (await admin.admin.get_checkpoint()).size
        async with admin.admin.tail_audit_records(size, key="aio") as tail:
            following = asyncio.create_task(anext(tail))
            await admin.update_key("aio", labels={"n": "1"})
            record = await following
        listed = [
            found.sequence async for found in admin.admin.list_audit_records(record.sequence - 1)
        ]
        assert record.sequence in listed
        proof = await admin.admin.prove_inclusion(record.sequence)
        assert proof.tree_size > record.sequence

    run(work, profile="admin")
