from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from signward.audit.checkpoints import parse_checkpoint, verify_checkpoint
from signward.audit.cosignatures import verify_cosignature
from signward.audit.errors import UnprovableError
from signward.audit.findings import Kind
from signward.audit.notes import Note, NoteSignature, parse_note
from signward.audit.witness_keys import make_witness_key
from signward.audit.witness_state import WitnessState
from signward.audit.witnessing import ContradictionError, Witness, judge

from tests.fakes.spine.audit_log import FakeAuditLog

OWN = make_witness_key("witness.example.org")
NOW = 1_800_000_000.9


class _Shown:
    """A log, shown as a test wants it."""

    def __init__(self, log: FakeAuditLog) -> None:
        self.log = log
        self.note: bytes | None = None
        self.proof: Sequence[bytes] | None = None
        self.asked: list[tuple[int, int]] = []

    def checkpoint(self) -> bytes:
        return self.log.checkpoint() if self.note is None else self.note

    def consistency(self, first: int, second: int) -> Sequence[bytes]:
        self.asked.append((first, second))
        return self.log.consistency(first, second) if self.proof is None else self.proof


def _log(size: int, word: str = "", **given: str) -> FakeAuditLog:
    """Return a log of so many records, in which each is of the others' word."""
    log = FakeAuditLog(**given)
    for _ in range(size):
        log.append(note=word)
    return log


@pytest.fixture
def shown() -> _Shown:
    return _Shown(_log(5))


@pytest.fixture
def state(tmp_path: Path) -> WitnessState:
    return WitnessState(tmp_path / "state")


def _witness(state: WitnessState, log: FakeAuditLog) -> Witness:
    return Witness(log.key, OWN, state, lambda: NOW)


@pytest.fixture
def witness(shown: _Shown, state: WitnessState) -> Witness:
    """A witness that has cosigned five records."""
    found = _witness(state, shown.log)
    assert found.look(shown)
    return found


def test_a_cosignature_is_of_what_the_log_signed(shown: _Shown, witness: Witness) -> None:
    assert witness.known is not None
    verify_checkpoint(witness.known, shown.log.key)
    assert verify_cosignature(witness.known, OWN.verifier) == 1_800_000_000
    assert (witness.known.size, witness.known.root) == (5, shown.log.root(5))


def test_a_log_that_grows_is_cosigned_again(shown: _Shown, witness: Witness) -> None:
    assert not witness.look(shown)
    for _ in range(4):
        shown.log.append()
    assert witness.look(shown)
    assert shown.asked == [(5, 9)]
    assert witness.known is not None
    assert witness.known.size == 9


def test_a_witness_begins_where_it_ended(
    shown: _Shown, witness: Witness, state: WitnessState
) -> None:
    again = _witness(state, shown.log)
    assert again.known == witness.known
    shown.log.append()
    assert again.look(shown)
    assert shown.asked == [(5, 6)]


@pytest.mark.parametrize("size", [0, 1, 3])
def test_an_empty_log_may_grow(state: WitnessState, size: int) -> None:
    log = _log(0)
    witness, shown = _witness(state, log), _Shown(log)
    assert witness.look(shown)
    for _ in range(size):
        log.append()
    assert witness.look(shown) == (size > 0)
    assert shown.asked == []


def _refused(witness: Witness, shown: _Shown, state: WitnessState) -> ContradictionError:
    before = witness.known, state.path.read_bytes()
    with pytest.raises(ContradictionError) as refused:
        witness.look(shown)
    assert (witness.known, state.path.read_bytes()) == before
    return refused.value


@pytest.mark.parametrize("size", [0, 1, 4])
def test_a_log_that_goes_back_is_named(
    shown: _Shown, witness: Witness, state: WitnessState, size: int
) -> None:
    shown.note = shown.log.checkpoint_of(size)
    error = _refused(witness, shown, state)
    assert error.kind is Kind.ROLLED_BACK
    assert f"from 5 records to {size}" in str(error)
    assert witness.known is not None
    assert error.notes == (bytes(witness.known.note), shown.note)


def test_another_log_of_the_same_size_is_named(
    shown: _Shown, witness: Witness, state: WitnessState
) -> None:
    shown.note = _log(5, "forged").checkpoint()
    assert _refused(witness, shown, state).kind is Kind.FORKED


@pytest.mark.parametrize("size", [6, 8, 9, 40])
def test_s36_a_log_rewritten_with_the_stolen_checkpoint_key_is_named(
    shown: _Shown, witness: Witness, state: WitnessState, size: int
) -> None:
    forged = _Shown(_log(size, "forged"))
    error = _refused(witness, forged, state)
    assert error.kind is Kind.REWRITTEN
    assert f"the log of {size} records does not begin with the 5 that it had" in str(error)
    assert [parse_checkpoint(note).size for note in error.notes] == [5, size]


def test_a_log_that_shows_no_proof_is_named(
    shown: _Shown, witness: Witness, state: WitnessState
) -> None:
    def refusing(first: int, second: int) -> Sequence[bytes]:
        raise UnprovableError("the daemon shows no proof")

    shown.log.append()
    shown.consistency = refusing  # type: ignore[method-assign]
    error = _refused(witness, shown, state)
    assert error.kind is Kind.UNDECIDED
    assert "cannot be proved any more" in str(error)


@given(st.lists(st.binary(max_size=33), max_size=5))
def test_no_made_up_proof_holds(proof: list[bytes]) -> None:
    honest, forged = _log(5), _Shown(_log(9, "forged"))
    known = parse_checkpoint(honest.checkpoint())
    forged.proof = proof
    with pytest.raises(ContradictionError):
        judge(forged, honest.key, known)


def _resigned(note: bytes) -> bytes:
    """Return a note whose signature is of the right key, and does not verify."""
    read = parse_note(note)
    [signature] = read.signatures
    bent = NoteSignature(signature.name, signature.key_id, bytes(64))
    return bytes(Note(read.text, (bent,)))


@pytest.mark.parametrize(
    ("note", "kind"),
    [
        (b"", Kind.CHECKPOINT),
        (b"<html>", Kind.CHECKPOINT),
        (_log(9, origin="signward/other").checkpoint(), Kind.ORIGIN),
        (_resigned(_log(9).checkpoint()), Kind.SIGNATURE),
        (_log(9).checkpoint().replace(b"\n9\n", b"\n8\n"), Kind.SIGNATURE),
    ],
)
def test_what_is_not_the_logs_checkpoint_is_named(
    shown: _Shown, witness: Witness, state: WitnessState, note: bytes, kind: Kind
) -> None:
    shown.note = note
    error = _refused(witness, shown, state)
    assert error.kind is kind
    assert error.notes[1:] == (note,)
    assert shown.asked == []


def test_nothing_is_believed_at_first_that_is_not_signed(state: WitnessState) -> None:
    shown = _Shown(_log(3))
    shown.note = _resigned(shown.log.checkpoint())
    with pytest.raises(ContradictionError) as refused:
        _witness(state, shown.log).look(shown)
    assert refused.value.notes == (shown.note,)
    assert not state.path.exists()


def test_what_cannot_be_remembered_is_not_shown(
    shown: _Shown, witness: Witness, state: WitnessState, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(note: bytes) -> None:
        raise OSError(28, "No space left on device")

    shown.log.append()
    before = witness.known
    monkeypatch.setattr(state, "store", failing)
    with pytest.raises(OSError, match="No space"):
        witness.look(shown)
    assert witness.known is before


def test_signatures_of_strangers_are_not_passed_on(shown: _Shown, state: WitnessState) -> None:
    """A hundred of them would make a note that nobody reads any more, the witness included."""
    honest = parse_note(shown.log.checkpoint())
    own = honest.signatures[0]
    strangers = [NoteSignature(f"s{n}", b"1234", bytes(64)) for n in range(90)]
    shown.note = bytes(honest.signed([*strangers, *[own] * 9]))
    witness = _witness(state, shown.log)
    assert witness.look(shown)
    assert witness.known is not None
    assert [s.name for s in witness.known.note.signatures] == [shown.log.name, OWN.verifier.name]
    assert _witness(state, shown.log).known == witness.known
