"""SignService without a server: batches and streams against single calls."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest
from google.protobuf.duration_pb2 import Duration
from google.rpc import error_details_pb2, status_pb2
from hypothesis import given, settings
from hypothesis import strategies as st
from signward.v1 import sign_service_pb2 as pb
from signward_server.core.errors import (
    ApiKeyRevoked,
    Cancelled,
    CertificateInvalid,
    CertificateRevoked,
    EnvelopeCorrupt,
    FieldInvalid,
    MessageTooLarge,
    PayloadMalformed,
    RateLimited,
    SignwardError,
)
from signward_server.core.identity import Authentication
from signward_server.core.keys import KeyState
from signward_server.core.method_classes import MethodClass
from signward_server.rpc.peer import address_of
from signward_server.rpc.status import status_of

from tests.fakes.spine.call import BOT
from tests.fakes.spine.context import FakeContext
from tests.fakes.spine.rpc import grpc_call, routes, sign_service
from tests.fakes.spine.standing import FakeStanding
from tests.fakes.spine.world import World

UNKNOWN = b"\xf8\x7f\x01"


@pytest.fixture
def world() -> World:
    return _world()


def _world() -> World:
    world = World()
    world.key()
    world.key("disabled", state=KeyState.DISABLED)
    return world


def _raw(message: bytes = b"hello", key: str = "bot-key", **fields: object) -> pb.SignRequest:
    return pb.SignRequest(key=key, raw=pb.RawMessage(message=message), **fields)  # type: ignore[arg-type]


def _sign(world: World, data: bytes) -> pb.SignResponse:
    unary = routes(world)["Sign"].unary
    assert unary is not None
    return pb.SignResponse.FromString(unary(data, grpc_call(world)))


def _batch(world: World, data: bytes) -> pb.SignBatchResponse:
    unary = routes(world)["SignBatch"].unary
    assert unary is not None
    return pb.SignBatchResponse.FromString(unary(data, grpc_call(world)))


def _stream(
    world: World,
    items: Iterable[bytes],
    context: FakeContext | None = None,
    standing: FakeStanding | None = None,
) -> Iterator[pb.SignStreamResponse]:
    streaming = routes(world)["SignStream"].streaming
    assert streaming is not None
    call = grpc_call(world, context=context)
    call.standing = standing or call.standing
    for answer in streaming(iter(items), call):
        yield pb.SignStreamResponse.FromString(answer)


def _item(number: int, request: pb.SignRequest, **fields: object) -> bytes:
    item = pb.SignStreamRequest(id=number, request=request, **fields)  # type: ignore[arg-type]
    return item.SerializeToString()


def _reason(status: status_pb2.Status) -> str:
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    return info.reason


def _outcome(result: pb.SignBatchResult | pb.SignStreamResponse) -> object:
    """Return what became of an item, without its place in the log."""
    if result.WhichOneof("outcome") == "error":
        return result.error
    return _placeless(result.response)


def _placeless(response: pb.SignResponse) -> pb.SignResponse:
    assert response.audit_sequence > 0
    response.ClearField("audit_sequence")
    return response


def _alone(world: World, data: bytes) -> object:
    try:
        return _placeless(_sign(world, data))
    except SignwardError as error:
        return status_of(error)


def test_sign(world: World) -> None:
    response = _sign(world, _raw().SerializeToString())
    assert (response.key, response.version, response.audit_log) == ("bot-key", 1, "fake")
    assert len(response.raw.signature) == 64


def test_the_request_travels_with_the_item_for_holders_to_judge(world: World) -> None:
    _sign(world, _raw().SerializeToString())
    assert world.custody.asked[0][1].source == _raw()


requests = st.builds(
    _raw,
    message=st.binary(max_size=8),
    key=st.sampled_from(["bot-key", "disabled", "missing", ""]),
    version=st.integers(0, 2),
    request_id=st.sampled_from(["", "", "r1", "bad id"]),
)
encoded = st.tuples(requests, st.sampled_from([b"", b"", b"", UNKNOWN])).map(
    lambda pair: pair[0].SerializeToString() + pair[1]
)


def _batch_of(items: list[bytes]) -> bytes:
    return b"".join(b"\x0a" + bytes([len(item)]) + item for item in items)


@settings(max_examples=60)
@given(st.lists(encoded, min_size=1, max_size=10))
def test_a_batch_equals_single_calls(items: list[bytes]) -> None:
    results = _batch(_world_like(items), _batch_of(items)).results
    world = _world_like(items)
    assert [_outcome(result) for result in results] == [_alone(world, item) for item in items]


@settings(max_examples=60)
@given(st.lists(encoded, max_size=10))
def test_a_stream_equals_single_calls(items: list[bytes]) -> None:
    numbered = [
        pb.SignStreamRequest(id=number).SerializeToString() + b"\x22" + bytes([len(item)]) + item
        for number, item in enumerate(items)
    ]
    answers = list(_stream(_world_like(items), numbered))
    world = _world_like(items)
    assert [answer.id for answer in answers] == list(range(len(items)))
    assert [_outcome(answer) for answer in answers] == [_alone(world, item) for item in items]


_SHARED = _world()


def _world_like(items: list[bytes]) -> World:
    """Return a world with the keys of all others, but with no request remembered."""
    _SHARED.requests.known.clear()
    return _SHARED


@pytest.mark.parametrize("count", [0, 257])
def test_a_batch_has_1_to_256_items(world: World, count: int) -> None:
    message = pb.SignBatchRequest(requests=[_raw()] * count)
    with pytest.raises(FieldInvalid) as raised:
        _batch(world, message.SerializeToString())
    assert [violation.field for violation in raised.value.violations] == ["requests"]
    assert world.custody.asked == []


def test_a_batch_of_256_items(world: World) -> None:
    message = pb.SignBatchRequest(requests=[_raw(bytes([n])) for n in range(256)])
    results = _batch(world, message.SerializeToString()).results
    digests = {result.response.signed_bytes_digest for result in results}
    assert len(results) == len(digests) == 256


def test_s42_an_item_of_a_stream_is_bounded(world: World) -> None:
    message = pb.SignStreamRequest(id=1, request=_raw(bytes(100)))
    data = message.SerializeToString()
    streaming = sign_service(world, max_item_bytes=len(data)).routes()[2].streaming
    assert streaming is not None
    answers = list(streaming(iter([data, data + bytes(2)]), grpc_call(world)))
    outcomes = [pb.SignStreamResponse.FromString(answer) for answer in answers]
    assert outcomes[0].HasField("response")
    assert outcomes[1].error.code == MessageTooLarge.status


def test_unknown_fields_of_the_batch_itself_refuse_it_as_a_whole(world: World) -> None:
    data = pb.SignBatchRequest(requests=[_raw()]).SerializeToString()
    with pytest.raises(FieldInvalid):
        _batch(world, data + UNKNOWN)
    with pytest.raises(PayloadMalformed):
        _batch(world, data[:-1])
    assert world.custody.asked == []


def test_a_bad_item_does_not_end_a_stream(world: World) -> None:
    items = [_item(1, _raw()), b"garbage", _item(3, _raw(b"")), _item(4, _raw())]
    answers = list(_stream(world, items))
    assert [answer.id for answer in answers] == [1, 0, 3, 4]
    reasons = [_reason(a.error) if a.HasField("error") else "OK" for a in answers]
    assert reasons == ["OK", "PAYLOAD_MALFORMED", "FIELD_INVALID", "OK"]


def test_an_item_that_cannot_be_read_is_told_of_as_an_item_and_not_as_its_stream(
    world: World,
) -> None:
    streaming = routes(world)["SignStream"].streaming
    assert streaming is not None
    call = grpc_call(world)
    assert len(list(streaming(iter([b"garbage", _item(2, _raw())]), call))) == 2
    assert call.entry is None  # so that the stream's own failure would still be recorded
    items = [(span.is_item, span.reason) for span in world.spans.finished]
    assert items == [(True, "PAYLOAD_MALFORMED"), (True, "")]
    world.endings.ended(call, RateLimited(retry_after=1.0))
    assert world.audit.outcomes == ["PAYLOAD_MALFORMED", "OK", "RATE_LIMITED"]


def test_an_item_with_unknown_fields_is_answered_under_its_id(world: World) -> None:
    (answer,) = _stream(world, [_item(7, _raw()) + UNKNOWN])
    assert (answer.id, _reason(answer.error)) == (7, "FIELD_INVALID")


def test_an_id_must_not_repeat_while_it_is_remembered(world: World) -> None:
    numbers = [0, 0, *range(1, 257), 0]
    answers = list(_stream(world, [_item(number, _raw()) for number in numbers]))
    failed = [place for place, answer in enumerate(answers) if answer.HasField("error")]
    assert failed == [1]  # the last 0 comes when 256 others have come since
    assert answers[1].error.code == 3


def test_an_item_without_a_request_is_answered(world: World) -> None:
    (answer,) = _stream(world, [pb.SignStreamRequest(id=1).SerializeToString()])
    assert _reason(answer.error) == "FIELD_INVALID"


@pytest.mark.parametrize("timeout", [Duration(), Duration(seconds=-1), Duration(nanos=-1)])
def test_a_timeout_is_above_zero(world: World, timeout: Duration) -> None:
    (answer,) = _stream(world, [_item(1, _raw(), timeout=timeout)])
    assert _reason(answer.error) == "FIELD_INVALID"
    assert world.custody.asked == []


def test_nothing_is_signed_after_an_items_timeout_and_the_next_item_goes_on(
    world: World,
) -> None:
    first = True

    def slow(judgement: object) -> bool:
        nonlocal first
        if first:
            world.clock.boot += 2
        first = False
        return True

    world.policy.rule = slow
    second = Duration(seconds=1)
    items = [_item(1, _raw(), timeout=second), _item(2, _raw(), timeout=second)]
    late, good = _stream(world, items)
    assert _reason(late.error) == "DEADLINE_EXCEEDED"
    assert good.HasField("response")
    assert len(world.custody.asked) == 1


def test_the_next_item_is_read_only_when_the_answer_has_been_taken(world: World) -> None:
    read: list[int] = []

    def items() -> Iterator[bytes]:
        for number in range(1000):
            read.append(number)
            yield _item(number, _raw())

    stream = _stream(world, items())
    for taken in range(1, 4):
        next(stream)
        assert len(read) == taken


def test_a_stream_whose_caller_has_gone_signs_nothing_more(world: World) -> None:
    context = FakeContext()
    stream = _stream(world, [_item(1, _raw()), _item(2, _raw())], context)
    next(stream)
    context.active = False
    with pytest.raises(Cancelled):
        next(stream)
    assert len(world.custody.asked) == 1


@pytest.mark.parametrize("end", [CertificateInvalid(), CertificateRevoked(), ApiKeyRevoked()])
def test_s04_a_caller_who_is_not_valid_any_more_ends_its_stream(
    world: World, end: SignwardError
) -> None:
    standing = FakeStanding(BOT)
    stream = _stream(world, [_item(1, _raw()), _item(2, _raw())], standing=standing)
    next(stream)
    standing.end = end
    with pytest.raises(type(end)):
        next(stream)
    assert len(world.custody.asked) == 1


def _reasons(answers: Iterable[pb.SignStreamResponse]) -> list[str]:
    return [_reason(a.error) if a.HasField("error") else "OK" for a in answers]


def test_s04_a_right_that_is_withdrawn_ends_with_the_next_item(world: World) -> None:
    stream = _stream(world, [_item(number, _raw()) for number in range(4)])
    told = _reasons([next(stream)])
    world.policy.replace("SignRaw")
    told += _reasons([next(stream)])
    world.policy.replace("ViewKey")
    told += _reasons([next(stream)])
    world.policy.replace()
    told += _reasons(stream)
    assert told == ["OK", "POLICY_DENIED", "KEY_NOT_FOUND", "OK"]
    assert len(world.custody.asked) == 2


def test_s04_each_item_of_a_stream_is_counted_whether_it_can_be_read_or_not(world: World) -> None:
    items = [
        _item(1, _raw()),
        b"garbage",
        _item(1, _raw()),  # repeats its id
        _item(4, _raw(key="missing")),
        _item(5, _raw()),
        b"garbage",
    ]
    world.limits.room = 4
    told = _reasons(_stream(world, items))
    failures = ["PAYLOAD_MALFORMED", "FIELD_INVALID", "KEY_NOT_FOUND"]
    assert told == ["OK", *failures, "RATE_LIMITED", "RATE_LIMITED"]
    counted = [(what, key, cost) for _, what, key, cost in world.limits.admitted]
    sign = MethodClass.SIGN
    assert counted == [(sign, "bot-key", 1), (sign, "", 1), (sign, "", 1), (sign, "", 1)]


def test_s04_a_batch_counts_each_item_and_itself_only_if_it_cannot_be_read(world: World) -> None:
    items = [_raw(), pb.SignRequest(key="bot-key"), _raw(key="missing")]
    _batch(world, pb.SignBatchRequest(requests=items).SerializeToString())
    assert [key for _, _, key, _ in world.limits.admitted] == ["bot-key", "", ""]
    with pytest.raises(FieldInvalid):
        _batch(world, b"")
    assert len(world.limits.admitted) == 4
    world.limits.room = 0
    for data in (b"", b"garbage"):
        with pytest.raises(RateLimited):
            _batch(world, data)
        with pytest.raises(RateLimited):
            _sign(world, data)


def test_s04_an_item_is_judged_as_its_own_caller_not_once_for_its_stream(world: World) -> None:
    list(_stream(world, [_item(number, _raw()) for number in range(3)]))
    asked = [j.action for j in world.policy.judged]
    assert asked == ["ViewKey", "SignRaw"] * 3
    assert {j.identity for j in world.policy.judged} == {BOT}
    assert {j.address for j in world.policy.judged} == {address_of(FakeContext().peer())}
    assert {j.authentication for j in world.policy.judged} == {Authentication.CERTIFICATE}


def test_verify(world: World) -> None:
    unary = routes(world)["Verify"].unary
    assert unary is not None
    signature = _sign(world, _raw().SerializeToString()).raw
    question = pb.VerifyRequest(key="bot-key", raw=_raw().raw, raw_signature=signature)
    answer = pb.VerifyResponse.FromString(unary(question.SerializeToString(), grpc_call(world)))
    assert (answer.valid, answer.version, answer.reason) == (True, 1, "")
    question.raw.message = b"other"
    answer = pb.VerifyResponse.FromString(unary(question.SerializeToString(), grpc_call(world)))
    assert (answer.valid, answer.version) == (False, 0)
    assert answer.reason


def test_a_quarantined_key_is_not_swift(world: World) -> None:
    def corrupt(key_id: str) -> None:
        raise EnvelopeCorrupt

    swift = routes(world)["Sign"].swift
    assert swift is not None
    world.custody.unlocked = True
    assert swift(_raw().SerializeToString())
    world.catalogue.get = corrupt  # type: ignore[method-assign]
    assert not swift(_raw().SerializeToString())
