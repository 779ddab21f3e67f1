"""The part of AdminService about the audit log, without a server."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TypeVar

import pytest
from google.protobuf.message import Message
from hypothesis import given, settings
from hypothesis import strategies as st
from signward.audit.checkpoints import parse_checkpoint
from signward.v1 import audit_pb2 as pb
from signward_server.core.actions import RPC_ACTIONS
from signward_server.core.audit_events import AuditEvent
from signward_server.core.errors import FieldInvalid, PayloadMalformed, SignwardError
from signward_server.core.method_classes import MethodClass
from signward_server.flows import audit_reading, audit_turns
from signward_server.rpc.convert.times import timestamp
from signward_server.rpc.routes import Route

from tests.fakes.spine.audit_log import EPOCH
from tests.fakes.spine.call import BOT, OTHER
from tests.fakes.spine.rpc import audit_service, grpc_call
from tests.fakes.spine.world import World

_M = TypeVar("_M", bound=Message)

UNARY = ("GetCheckpoint", "ListAuditRecords", "GetAuditProof")
ADMIN = "/signward.v1.AdminService/"


class _Auditor:
    """Calls the service's routes by name."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.identity = OTHER
        self.routes: dict[str, Route] = {
            route.name.removeprefix(ADMIN): route for route in audit_service(world).routes()
        }

    def raw(self, name: str, data: bytes) -> bytes:
        unary = self.routes[name].unary
        assert unary is not None
        return unary(data, grpc_call(self.world, ADMIN + name, identity=self.identity))

    def __call__(self, request: Message, answer: type[_M]) -> _M:
        name = request.DESCRIPTOR.name.removesuffix("Request")
        return answer.FromString(self.raw(name, request.SerializeToString()))

    def list(self, **fields: object) -> pb.ListAuditRecordsResponse:
        request = pb.ListAuditRecordsRequest(**fields)  # type: ignore[arg-type]
        return self(request, pb.ListAuditRecordsResponse)

    def tail(self, *data: bytes) -> Iterator[pb.TailAuditRecordsResponse]:
        streaming = self.routes["TailAuditRecords"].streaming
        assert streaming is not None
        call = grpc_call(self.world, ADMIN + "TailAuditRecords")
        for answer in streaming(iter(data), call):
            yield pb.TailAuditRecordsResponse.FromString(answer)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(audit_turns, "_REST", 0.0)
    world = World()
    for number in range(20):
        world.log.append(
            identity=str(BOT if number % 2 else OTHER),
            outcome="OK",
            key="mm-1",
            version=number,
            action="SignRaw",
            method="/signward.v1.SignService/Sign",
        )
    return world


@pytest.fixture
def auditor(world: World) -> _Auditor:
    return _Auditor(world)


def _numbers(answer: pb.ListAuditRecordsResponse) -> list[int]:
    return [record.sequence for record in answer.records]


def test_what_reads_records_is_restricted_and_recorded_and_what_proves_is_neither(
    auditor: _Auditor,
) -> None:
    actions = {kind.name: kind for kind in RPC_ACTIONS}
    found = {
        name: (route.method_class, route.event, actions[name].restricted, route.actions)
        for name, route in auditor.routes.items()
    }
    reading = MethodClass.READ, AuditEvent.FAILURE, False
    recorded = AuditEvent.ADMINISTRATION, True
    assert found == {
        "GetCheckpoint": (*reading, ("GetCheckpoint",)),
        "GetAuditProof": (*reading, ("GetAuditProof",)),
        "ListAuditRecords": (MethodClass.LIST, *recorded, ("ListAuditRecords",)),
        "TailAuditRecords": (MethodClass.ADMINISTRATION, *recorded, ("TailAuditRecords",)),
    }


def test_the_checkpoint(world: World, auditor: _Auditor) -> None:
    world.log.first = 3
    answer = auditor(pb.GetCheckpointRequest(), pb.GetCheckpointResponse)
    assert answer == pb.GetCheckpointResponse(
        log=world.log.name,
        size=20,
        root_hash=world.log.root(20),
        checkpoint=world.log.checkpoint(),
        verifier_key=str(world.log.key),
        first_sequence=3,
    )


def test_a_record_as_a_message(world: World, auditor: _Auditor) -> None:
    (record,) = auditor.list(start=5, page_size=1).records
    assert record == pb.AuditRecord(
        sequence=5,
        time=timestamp(EPOCH + timedelta(seconds=5)),
        event="signature",
        outcome="OK",
        identity="cn:bot",
        method="/signward.v1.SignService/Sign",
        action="SignRaw",
        key="mm-1",
        version=5,
        record=world.log.bodies[5],
        log=world.log.name,
    )


def test_pages(world: World, auditor: _Auditor) -> None:
    first = auditor.list(start=1, page_size=7)
    assert (_numbers(first), first.next_sequence) == (list(range(1, 8)), 8)
    world.log.append()
    token = first.next_page_token
    second = auditor.list(start=1, page_size=500, page_token=token)
    assert (_numbers(second), second.next_page_token) == (list(range(8, 20)), "")
    assert second.next_sequence == 20
    assert _numbers(auditor.list(start=1, page_size=2, page_token=token)) == [8, 9]


def test_a_page_with_nothing_in_it_may_not_be_the_last(
    world: World, auditor: _Auditor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_reading, "_LOOKS", 15)
    wanted = pb.AuditFilter(since=timestamp(EPOCH + timedelta(seconds=18)))
    first = auditor.list(filter=wanted)
    assert (_numbers(first), first.next_sequence) == ([], 15)
    second = auditor.list(filter=wanted, page_token=first.next_page_token)
    assert (_numbers(second), second.next_page_token) == ([18, 19], "")


def test_a_token_is_good_for_its_list_and_its_caller_alone(auditor: _Auditor) -> None:
    token = auditor.list(page_size=1).next_page_token
    others = (
        {"start": 1},
        {"filter": pb.AuditFilter(key="mm-1")},
        {"page_token": ("A" if token[0] != "A" else "B") + token[1:]},
        {"page_token": "garbage"},
    )
    for fields in others:
        with pytest.raises(FieldInvalid) as refused:
            auditor.list(**({"page_token": token} | fields))
        assert [violation.field for violation in refused.value.violations] == ["page_token"]
    auditor.identity = BOT
    with pytest.raises(FieldInvalid):
        auditor.list(page_token=token)


def test_an_answer_that_is_full_goes_on_with_the_next_record(
    world: World, auditor: _Auditor
) -> None:
    for _ in range(40):
        world.log.append(note="x" * 16_000)
    first = auditor.list(start=20)
    assert 0 < len(first.records) < 20
    assert first.next_sequence == first.records[-1].sequence + 1
    second = auditor.list(start=20, page_token=first.next_page_token)
    assert second.records[0].sequence == first.next_sequence


def test_a_filter(world: World, auditor: _Auditor) -> None:
    wanted = pb.AuditFilter(
        identity="cn:bot",
        key="mm-1",
        outcome="OK",
        event="signature",
        since=timestamp(EPOCH + timedelta(seconds=4)),
        until=timestamp(EPOCH + timedelta(seconds=9)),
    )
    assert _numbers(auditor.list(filter=wanted)) == [5, 7]


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        (pb.AuditFilter(identity="bot"), "filter.identity"),
        (pb.AuditFilter(key="MM 1"), "filter.key"),
        (pb.AuditFilter(outcome="ok"), "filter.outcome"),
        (pb.AuditFilter(event="signatures"), "filter.event"),
        (pb.AuditFilter(since={"nanos": -1}), "filter.since"),
        (pb.AuditFilter(until={"seconds": 1 << 62}), "filter.until"),
        (pb.AuditFilter(since={"seconds": 5}, until={"seconds": 5}), "filter.until"),
    ],
)
def test_a_filter_that_cannot_be_meant_is_refused(
    world: World, auditor: _Auditor, wanted: pb.AuditFilter, field: str
) -> None:
    request = pb.TailAuditRecordsRequest(filter=wanted).SerializeToString()
    for ask in (lambda: auditor.list(filter=wanted), lambda: next(auditor.tail(request))):
        with pytest.raises(FieldInvalid) as refused:
            ask()
        assert [violation.field for violation in refused.value.violations] == [field]
    assert world.policy.judged == []


def test_following(world: World, auditor: _Auditor) -> None:
    request = pb.TailAuditRecordsRequest(start=18, filter=pb.AuditFilter(identity="cn:bot"))
    steps = auditor.tail(request.SerializeToString())
    assert next(steps) == pb.TailAuditRecordsResponse(next_sequence=18, log=world.log.name)
    step = next(steps)
    assert (step.record.sequence, step.next_sequence) == (19, 20)
    assert step.record.record == world.log.bodies[19]
    steps.close()
    from_the_end = auditor.tail(b"")
    assert next(from_the_end) == pb.TailAuditRecordsResponse(next_sequence=20, log=world.log.name)
    from_the_start = auditor.tail(pb.TailAuditRecordsRequest(start=0).SerializeToString())
    assert next(from_the_start) == pb.TailAuditRecordsResponse(log=world.log.name)


def test_proofs(world: World, auditor: _Auditor) -> None:
    wanted = pb.AuditInclusion(sequence=4, tree_size=9)
    answer = auditor(pb.GetAuditProofRequest(inclusion=wanted), pb.GetAuditProofResponse)
    assert list(answer.hashes) == world.log.inclusion(4, 9)
    assert answer.tree_size == 9
    assert parse_checkpoint(answer.checkpoint).size == 20
    assert answer.record.record == world.log.bodies[4]  # the caller's own
    others = pb.GetAuditProofRequest(inclusion=pb.AuditInclusion(sequence=5))
    assert not auditor(others, pb.GetAuditProofResponse).HasField("record")
    trees = pb.AuditConsistency(first_size=3)
    answer = auditor(pb.GetAuditProofRequest(consistency=trees), pb.GetAuditProofResponse)
    assert (list(answer.hashes), answer.tree_size) == (world.log.consistency(3, 20), 20)


def test_a_proof_of_nothing_is_refused(auditor: _Auditor) -> None:
    with pytest.raises(FieldInvalid) as refused:
        auditor(pb.GetAuditProofRequest(), pb.GetAuditProofResponse)
    assert [violation.field for violation in refused.value.violations] == ["proof"]


@pytest.mark.parametrize("name", UNARY)
def test_every_rpc_refuses_garbage_and_unknown_fields(auditor: _Auditor, name: str) -> None:
    with pytest.raises(PayloadMalformed):
        auditor.raw(name, b"garbage")
    with pytest.raises(FieldInvalid):
        auditor.raw(name, b"\xfa\x3e\x01x")
    assert auditor.world.policy.judged == []


@pytest.mark.parametrize("data", [[], [b"garbage"], [b"\xfa\x3e\x01x"]])
def test_following_refuses_garbage_and_nothing(auditor: _Auditor, data: list[bytes]) -> None:
    with pytest.raises((PayloadMalformed, FieldInvalid)):
        next(auditor.tail(*data))
    assert auditor.world.policy.judged == []


@given(st.sampled_from(UNARY), st.binary(max_size=200))
@settings(max_examples=200)
def test_no_bytes_crash_anything(name: str, data: bytes) -> None:
    try:
        _Auditor(World()).raw(name, data)
    except SignwardError:
        return


@pytest.fixture
def other(world: World) -> str:
    """The log of another worker, with seven records; its name."""
    for _ in range(7):
        world.other_log.append(identity=str(BOT), outcome="OK", key="mm-1")
    return world.other_log.name


def test_the_logs_of_other_workers_are_read_by_their_names(
    world: World, auditor: _Auditor, other: str
) -> None:
    world.logs.note = b"the list"
    answer = auditor(pb.GetCheckpointRequest(log=other), pb.GetCheckpointResponse)
    assert (answer.log, answer.size, answer.log_list) == (other, 7, b"the list")
    assert answer.verifier_key == str(world.other_log.key)
    listed = auditor.list(log=other)
    assert (_numbers(listed), listed.log) == (list(range(7)), other)
    assert {record.log for record in listed.records} == {other}
    request = pb.TailAuditRecordsRequest(start=6, log=other)
    tail = auditor.tail(request.SerializeToString())
    assert next(tail) == pb.TailAuditRecordsResponse(next_sequence=6, log=other)
    assert next(tail).record.log == other
    tail.close()
    wanted = pb.GetAuditProofRequest(inclusion=pb.AuditInclusion(sequence=2), log=other)
    proof = auditor(wanted, pb.GetAuditProofResponse)
    assert list(proof.hashes) == world.other_log.inclusion(2, 7)
    trees = pb.GetAuditProofRequest(consistency=pb.AuditConsistency(first_size=3), log=other)
    proof = auditor(trees, pb.GetAuditProofResponse)
    assert list(proof.hashes) == world.other_log.consistency(3, 7)


def test_a_list_stays_in_the_log_of_its_first_page(auditor: _Auditor, other: str) -> None:
    first = auditor.list(log=other, page_size=5)
    token = first.next_page_token
    for log in (other, ""):
        second = auditor.list(log=log, page_size=5, page_token=token)
        assert (_numbers(second), second.log) == ([5, 6], other)
    with pytest.raises(FieldInvalid) as refused:
        auditor.list(log=auditor.world.log.name, page_token=token)
    assert [violation.field for violation in refused.value.violations] == ["log"]


@pytest.mark.parametrize(
    "request_",
    [
        pb.GetCheckpointRequest(log="elsewhere"),
        pb.ListAuditRecordsRequest(log="elsewhere"),
        pb.GetAuditProofRequest(log="elsewhere", inclusion=pb.AuditInclusion()),
    ],
)
def test_a_log_that_is_not_there_is_refused(auditor: _Auditor, request_: Message) -> None:
    name = request_.DESCRIPTOR.name.removesuffix("Request")
    with pytest.raises(FieldInvalid) as refused:
        auditor.raw(name, request_.SerializeToString())
    assert [violation.field for violation in refused.value.violations] == ["log"]
    with pytest.raises(FieldInvalid):
        next(auditor.tail(pb.TailAuditRecordsRequest(log="elsewhere").SerializeToString()))


def test_which_log_was_read_is_recorded(world: World, auditor: _Auditor, other: str) -> None:
    auditor.list(log=other, start=2, filter=pb.AuditFilter(key="mm-1"))
    assert world.audit.entries[-1].note.startswith(f"log={other} start=2 ")
