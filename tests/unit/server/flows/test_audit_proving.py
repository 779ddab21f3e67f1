from __future__ import annotations

from collections.abc import Callable

import pytest
from signward.audit.checkpoints import parse_checkpoint, verify_checkpoint
from signward.audit.merkle import leaf_hash
from signward.audit.proofs import check_consistency, check_inclusion
from signward_server.core.errors import AuditUnavailable, Cancelled, FieldInvalid, PolicyDenied

from tests.fakes.spine.call import BOT, OTHER, FakeCall
from tests.fakes.spine.world import World

SIZE = 11


@pytest.fixture
def world() -> World:
    world = World()
    for number in range(SIZE):
        world.log.append(identity=str(BOT if number % 2 else OTHER))
    return world


def test_a_checkpoint_covers_all_and_is_signed(world: World) -> None:
    shown = world.audit_proving.checkpoint(FakeCall())
    head, first = shown.head, shown.first
    note = parse_checkpoint(head.note)
    verify_checkpoint(note, world.log.key)
    assert (head.log, head.size, head.root, first) == (
        world.log.name,
        SIZE,
        world.log.root(SIZE),
        0,
    )
    assert (note.origin, note.size, note.root) == (head.log, head.size, head.root)
    assert (shown.verifier_key, shown.listing) == (str(world.log.key), b"")


def test_a_checkpoint_comes_with_the_oldest_record_that_is_kept(world: World) -> None:
    world.log.first = 4
    assert world.audit_proving.checkpoint(FakeCall()).first == 4


@pytest.mark.parametrize("sequence", range(SIZE))
@pytest.mark.parametrize("size", [0, SIZE, SIZE - 3])
def test_an_inclusion_holds(world: World, sequence: int, size: int) -> None:
    if size and sequence >= size:
        with pytest.raises(FieldInvalid):
            world.audit_proving.inclusion(FakeCall(), sequence, size)
        return
    proof = world.audit_proving.inclusion(FakeCall(), sequence, size)
    assert proof.tree_size == (size or SIZE)
    root = world.log.root(proof.tree_size)
    check_inclusion(
        sequence, proof.tree_size, leaf_hash(world.log.bodies[sequence]), root, proof.hashes
    )
    assert proof.head.size == SIZE


@pytest.mark.parametrize("second", [0, 9])
def test_a_consistency_holds(world: World, second: int) -> None:
    for first in range(1, (second or SIZE) + 1):
        proof = world.audit_proving.consistency(FakeCall(), first, second)
        assert proof.tree_size == (second or SIZE)
        assert proof.record is None
        roots = world.log.root(first), world.log.root(proof.tree_size)
        check_consistency(first, proof.tree_size, *roots, proof.hashes)


def test_a_proof_shows_a_record_to_whom_it_is_about_and_to_nobody_else(world: World) -> None:
    own = world.audit_proving.inclusion(FakeCall(), 3, 0).record
    assert own is not None
    assert own.body == world.log.bodies[3]
    assert world.audit_proving.inclusion(FakeCall(), 4, 0).record is None
    assert world.audit_proving.inclusion(FakeCall(OTHER), 4, 0).record is not None


@pytest.mark.parametrize(
    ("ask", "field"),
    [
        (lambda proving: proving.inclusion(FakeCall(), SIZE, 0), "inclusion.sequence"),
        (lambda proving: proving.inclusion(FakeCall(), 1, 0), "inclusion.sequence"),
        (lambda proving: proving.inclusion(FakeCall(), 3, SIZE + 1), "inclusion.tree_size"),
        (lambda proving: proving.inclusion(FakeCall(), 2**64 - 1, 0), "inclusion.sequence"),
        (lambda proving: proving.consistency(FakeCall(), 0, 5), "consistency.first_size"),
        (lambda proving: proving.consistency(FakeCall(), 6, 5), "consistency.first_size"),
        (lambda proving: proving.consistency(FakeCall(), 5, SIZE + 1), "consistency.second_size"),
    ],
)
def test_what_cannot_be_proved_names_the_field(
    world: World, ask: Callable[..., object], field: str
) -> None:
    world.log.first = 2
    with pytest.raises(FieldInvalid) as refused:
        ask(world.audit_proving)
    assert [violation.field for violation in refused.value.violations] == [field]


ASKING: list[Callable[..., object]] = [
    lambda proving, call: proving.checkpoint(call),
    lambda proving, call: proving.inclusion(call, 99, 0),
    lambda proving, call: proving.consistency(call, 99, 0),
]


@pytest.mark.parametrize("ask", ASKING)
def test_s40_the_policy_is_asked_before_anything_is_looked_at(
    world: World, ask: Callable[..., object]
) -> None:
    world.policy.rule = lambda judgement: False
    with pytest.raises(PolicyDenied):
        ask(world.audit_proving, FakeCall())
    assert len(world.policy.judged) == 1
    assert world.policy.judged[0].key is None
    world.policy.rule = lambda judgement: True
    with pytest.raises(Cancelled):
        ask(world.audit_proving, FakeCall(end=Cancelled()))


@pytest.mark.parametrize("ask", ASKING)
def test_without_a_checkpoint_there_is_no_answer(world: World, ask: Callable[..., object]) -> None:
    world.log.failing = True
    with pytest.raises(AuditUnavailable):
        ask(world.audit_proving, FakeCall())


def test_nothing_of_it_is_recorded(world: World) -> None:
    world.audit_proving.checkpoint(FakeCall())
    world.audit_proving.inclusion(FakeCall(), 1, 0)
    assert world.audit.entries == []
