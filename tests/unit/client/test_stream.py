"""The signing stream: answers in any order, bounds, closing and breaking."""

from __future__ import annotations

import threading
import time

import pytest
from signward import SignStream, errors, raw_request
from signward.v1 import sign_service_pb2 as pb
from signward.v1.sign_service_pb2_grpc import SignServiceStub

from tests.fakes.daemon_state import abort
from tests.fakes.statuses import status
from tests.unit.client.renewing import soon

WAIT = 5.0


@pytest.fixture
def key(daemon):
    daemon.add_key("k")
    return daemon


def ask(number: int = 0) -> pb.SignRequest:
    return raw_request("k", b"%d" % number)


def narrow(client, limit: int) -> SignStream:
    return SignStream(
        SignServiceStub(client.channel).SignStream,
        timeout=None,
        item_timeout=WAIT,
        max_in_flight=limit,
        generation=client._renewal.generation,
    )


def test_a_stream_signs_like_single_calls(key, client):
    with client.stream() as stream:
        assert stream.sign(ask(1)) == client.sign(ask(1))


def test_a_thousand_items_from_four_threads(key, client):
    answers = {}

    def work(start: int) -> None:
        futures = [(n, stream.send(ask(n))) for n in range(start, start + 250)]
        answers.update((n, future.result(WAIT)) for n, future in futures)

    with client.stream() as stream:
        threads = [threading.Thread(target=work, args=(n * 250,)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(answers) == 1000
    public = client.get_public_key("k")
    assert public.version == 1
    for number in (0, 499, 999):
        assert answers[number] == client.sign(ask(number))


def test_answers_out_of_order_find_their_items(key, client):
    def backwards(items, context):
        held = list(items)
        yield from (key.answer(item) for item in reversed(held))

    key.on_stream = backwards
    answered = []
    with client.stream() as stream:
        futures = [stream.send(ask(n)) for n in range(10)]
        for future in futures:
            future.add_done_callback(lambda future: answered.append(future.id))
        stream.half_close()
        results = [future.result(WAIT) for future in futures]
    assert [future.id for future in futures] == list(range(1, 11))
    assert soon(lambda: answered == list(range(10, 0, -1)))
    assert results == [client.sign(ask(n)) for n in range(10)]


def test_a_bad_item_fails_alone(key, client):
    with client.stream() as stream:
        bad = stream.send(raw_request("missing", b"m"))
        good = stream.send(ask())
        with pytest.raises(errors.NotFound) as caught:
            bad.result(WAIT)
        assert caught.value.reason == "KEY_NOT_FOUND"
        assert good.result(WAIT).raw.signature
        with pytest.raises(errors.NotFound):
            stream.sign(raw_request("missing", b"m"))


def test_timeout_and_traceparent_travel_with_the_item(key, client):
    seen = []

    def record(items, context):
        for item in items:
            seen.append(item)
            yield key.answer(item)

    key.on_stream = record
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    with client.stream() as stream:
        stream.send(ask(), timeout=1.5, traceparent=trace).result(WAIT)
        stream.send(ask()).result(WAIT)
    first, second = seen
    assert first.timeout.ToNanoseconds() == 1_500_000_000
    assert first.traceparent == trace
    assert not second.HasField("timeout")


def test_send_waits_while_the_stream_is_full(key, client):
    key.gate = threading.Event()
    sent = threading.Event()
    with narrow(client, 2) as stream:
        futures = [stream.send(ask(n)) for n in range(2)]

        def third() -> None:
            futures.append(stream.send(ask(2)))
            sent.set()

        thread = threading.Thread(target=third)
        thread.start()
        assert not sent.wait(0.2)
        key.gate.set()
        assert sent.wait(WAIT)
        thread.join()
    assert all(future.result(WAIT) for future in futures)


@pytest.mark.parametrize("limit", [0, 257])
def test_the_bound_lies_within_the_daemons(client, limit):
    with pytest.raises(ValueError, match="between 1 and 256"):
        narrow(client, limit)


def test_half_close_lets_answers_arrive_and_nothing_more_be_sent(key, client):
    key.gate = threading.Event()
    stream = client.stream()
    future = stream.send(ask())
    stream.half_close()
    stream.half_close()
    with pytest.raises(errors.Cancelled, match="closed on this side"):
        stream.send(ask())
    key.gate.set()
    assert future.result(WAIT).raw.signature
    stream.close()


def test_leaving_the_context_waits_for_answers(key, client):
    with client.stream() as stream:
        futures = [stream.send(ask(n)) for n in range(20)]
    assert all(future.done() for future in futures)
    assert all(future.exception() is None for future in futures)


def test_leaving_the_context_by_an_error_cancels(key, client):
    key.gate = threading.Event()
    stream = client.stream()
    future = stream.send(ask())
    with pytest.raises(ZeroDivisionError), stream:
        raise ZeroDivisionError
    with pytest.raises(errors.Cancelled):
        future.result(WAIT)
    key.gate.set()


def test_close_gives_up_after_its_timeout(key, client):
    key.gate = threading.Event()
    stream = client.stream()
    future = stream.send(ask())
    stream.close(timeout=0.1)
    with pytest.raises(errors.DeadlineExceeded):
        future.result(WAIT)
    key.gate.set()


def test_sign_gives_up_when_the_daemon_stays_silent(key, client):
    key.gate = threading.Event()
    stream = client.stream()
    with pytest.raises(errors.DeadlineExceeded, match="did not answer the item in time"):
        stream.sign(ask(), timeout=-0.9)
    stream.cancel()
    key.gate.set()


def test_what_was_sent_cannot_be_cancelled(key, client):
    key.gate = threading.Event()
    with client.stream() as stream:
        future = stream.send(ask())
        assert not future.cancel()
        key.gate.set()


def test_a_broken_stream_fails_all_that_is_outstanding(key, client):
    sent = threading.Event()

    def breaks(items, context):
        first = next(items)
        yield key.answer(first)
        sent.wait(WAIT)
        details = status("UNAVAILABLE", "SHUTTING_DOWN", "The daemon is shutting down.")
        context.set_trailing_metadata((("grpc-status-details-bin", details.SerializeToString()),))
        context.abort(errors.grpc.StatusCode.UNAVAILABLE, details.message)

    key.on_stream = breaks
    stream = client.stream()
    futures = [stream.send(ask(n)) for n in range(5)]
    sent.set()
    assert futures[0].result(WAIT).raw.signature
    caught = [future.exception(WAIT) for future in futures[1:]]
    assert {type(error) for error in caught} == {errors.Unavailable}
    assert {error.reason for error in caught} == {"SHUTTING_DOWN"}
    assert len({id(error) for error in caught}) == 4
    with pytest.raises(errors.Unavailable, match="SHUTTING_DOWN"):
        stream.send(ask())
    stream.close()


def test_a_blocked_sender_wakes_when_the_stream_breaks(key, client):
    key.gate = threading.Event()
    stream = narrow(client, 1)
    stream.send(ask())
    caught = []

    def second() -> None:
        try:
            stream.send(ask())
        except errors.SignwardError as error:
            caught.append(error)

    thread = threading.Thread(target=second, daemon=True)
    thread.start()
    thread.join(0.1)
    assert thread.is_alive()
    stream.cancel()
    thread.join(WAIT)
    assert [type(error) for error in caught] == [errors.Cancelled]
    key.gate.set()


def test_a_daemon_that_ends_early_leaves_nothing_hanging(key, client):
    key.on_stream = lambda items, context: iter(())
    stream = client.stream()
    with pytest.raises(errors.Unavailable, match="ended the stream"):
        stream.send(ask()).result(WAIT)
    stream.close()


@pytest.mark.parametrize("wrong_id", [1, 99])
def test_an_answer_to_nothing_in_flight_breaks_the_stream(key, client, wrong_id):
    def confused(items, context):
        answer = key.answer(next(items))
        yield answer
        yield pb.SignStreamResponse(id=wrong_id, response=answer.response)
        list(items)

    key.on_stream = confused
    stream = client.stream()
    call = stream._newest
    assert stream.sign(ask()).raw.signature
    assert call.join(WAIT)
    with pytest.raises(errors.Internal, match="not in flight"):
        stream.sign(ask())


def test_an_answer_without_outcome_is_internal(key, client):
    key.on_stream = lambda items, context: (pb.SignStreamResponse(id=item.id) for item in items)
    with client.stream() as stream, pytest.raises(errors.Internal):
        stream.sign(ask())


def test_the_streams_own_deadline_ends_it(key, client):
    key.gate = threading.Event()
    stream = client.stream(timeout=0.2)
    with pytest.raises(errors.DeadlineExceeded):
        stream.send(ask()).result(WAIT)
    key.gate.set()


def test_no_thread_is_left_behind(key, client):
    with client.stream() as stream:
        stream.sign(ask())
        call = stream._newest
    assert call.join(WAIT)


def test_closing_the_client_fails_its_streams(key, client):
    key.gate = threading.Event()
    stream = client.stream()
    future = stream.send(ask())
    client.close()
    with pytest.raises(errors.Cancelled):
        future.result(WAIT)
    key.gate.set()


def peers(daemon) -> list[str]:
    return [seen.peer for seen in daemon.seen if seen.method == "SignStream"]


def test_a_stream_goes_on_over_a_new_connection(key, client):
    with client.stream() as stream:
        assert stream.sign(ask(1)).raw.signature
        for number in range(3):
            client.reconnect()
            future = stream.send(ask(number))
            assert future.id == number + 2
            assert future.result(WAIT) == client.sign(ask(number))
        assert soon(lambda: len(stream._running) == 1)
    assert len(set(peers(key))) == 4


def test_what_is_in_flight_is_answered_over_the_old_connection(key, client):
    key.gate = threading.Event()
    with narrow(client, 3) as stream:
        before = [stream.send(ask(n)) for n in range(2)]
        client.reconnect()
        after = stream.send(ask(2))
        assert len(stream._running) == 2
        full = threading.Thread(target=stream.send, args=(ask(3),), daemon=True)
        full.start()
        full.join(0.1)
        assert full.is_alive()  # both calls count
        key.gate.set()
        assert [future.result(WAIT) for future in (*before, after)] == [
            client.sign(ask(n)) for n in range(3)
        ]
        full.join(WAIT)


def test_leaving_the_context_waits_for_both_connections(key, client):
    key.gate = threading.Event()
    with client.stream() as stream:
        futures = [stream.send(ask(0))]
        client.reconnect()
        futures.append(stream.send(ask(1)))
        threading.Timer(0.1, key.gate.set).start()
    assert all(future.done() and future.exception() is None for future in futures)


def test_cancelling_ends_both_connections(key, client):
    key.gate = threading.Event()
    stream = client.stream()
    futures = [stream.send(ask(0))]
    client.reconnect()
    futures.append(stream.send(ask(1)))
    stream.cancel()
    assert {type(future.exception(WAIT)) for future in futures} == {errors.Cancelled}
    key.gate.set()


def test_a_silent_stream_that_the_daemon_has_ended_goes_on_if_there_is_a_new_connection(
    key, client
):
    refused = status("UNAUTHENTICATED", "CERTIFICATE_INVALID", "The certificate has expired.")
    ended = threading.Event()

    def expires(items, context):
        yield key.answer(next(items))
        ended.wait(WAIT)
        abort(context, refused)

    key.on_stream = expires
    with client.stream() as stream:
        first = stream._newest
        assert stream.sign(ask()).raw.signature
        client.reconnect()
        ended.set()
        assert first.join(WAIT)
        key.on_stream = None
        assert stream.sign(ask(1)).raw.signature
        assert stream.sign(ask(2)).raw.signature
    assert len(peers(key)) == 2


def test_an_item_that_the_old_connection_fails_leaves_the_stream_whole(key, client):
    ended = threading.Event()

    def breaks(items, context):
        next(items)
        ended.wait(WAIT)
        abort(context, status("UNAVAILABLE", "SHUTTING_DOWN", "The daemon is shutting down."))

    key.on_stream = breaks
    with client.stream() as stream:
        future = stream.send(ask())
        client.reconnect()
        ended.set()
        with pytest.raises(errors.Unavailable):
            future.result(WAIT)
        key.on_stream = None
        assert stream.sign(ask(1)).raw.signature


def test_the_streams_deadline_counts_over_all_connections(key, client):
    begun = time.monotonic()
    with client.stream(timeout=3) as stream:
        assert stream.sign(ask()).raw.signature
        time.sleep(1)
        client.reconnect()
        assert stream.sign(ask()).raw.signature
        time.sleep(max(0, begun + 3.3 - time.monotonic()))
        with pytest.raises(errors.DeadlineExceeded):
            stream.sign(ask())
