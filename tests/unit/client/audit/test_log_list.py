"""The list of logs: what is written is read, and nothing else is."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from signward.audit.errors import AuditError, NoteError, SignatureError
from signward.audit.log_list import (
    FIRST,
    MAX_LOGS,
    LogList,
    key_of,
    list_key,
    parse_log_list,
    sign_log_list,
    worker_folder,
)
from signward.audit.notes import Note

from tests.fakes.audit_log import KeyPair

NAME = "signward/0123456789abcdef"
PAIR = KeyPair(NAME)
KEY = PAIR.verifier


def signed(*folders: str, text: str | None = None, pair: KeyPair = PAIR) -> bytes:
    """Return a list that may be no list at all, signed all the same."""
    text = LogList(NAME, folders).text() if text is None else text
    return bytes(Note(text, (list_key(pair.verifier).signature(pair.sign(text.encode())),)))


def test_a_list_is_as_it_is_documented():
    made = sign_log_list(KEY, PAIR.sign, [FIRST, "worker-1"])
    assert made.note.decode().startswith(
        f"{NAME}/logs\n2\n{NAME} .\n{NAME}/worker-1 worker-1\n\n\u2014 {NAME}/logs "
    )
    found = parse_log_list(made.note, KEY)
    assert found == made
    assert found.origins == {NAME: ".", f"{NAME}/worker-1": "worker-1"}
    assert len(found) == 2


def test_lists_grow():
    one, two, three = (
        sign_log_list(KEY, PAIR.sign, [FIRST, *map(worker_folder, range(1, n))]) for n in (1, 2, 3)
    )
    assert three.continues(one)
    assert three.continues(two)
    assert three.continues(three)
    assert not two.continues(three)
    other = sign_log_list(KEY, PAIR.sign, [FIRST, "worker-2", "worker-1"])
    assert not other.continues(two)
    assert three.digest(2) == two.digest()
    assert three.digest() != two.digest()


def test_each_log_has_the_key_under_its_own_name():
    worker = key_of(KEY, f"{NAME}/worker-12")
    assert (worker.name, worker.public_key) == (f"{NAME}/worker-12", KEY.public_key)
    assert worker.key_id != KEY.key_id
    for origin in (NAME, "elsewhere", f"{NAME}/worker-0", f"{NAME}/logs", f"{NAME}/worker-1/x"):
        assert key_of(KEY, origin) == KEY


@pytest.mark.parametrize(
    "folders",
    [
        (),
        ("worker-1",),
        (".", "worker-1", "worker-1"),
        (".", "."),
        (".", ".."),
        (".", "../worker-1"),
        (".", "worker-1/../../etc"),
        (".", "/etc"),
        (".", "worker-0"),
        (".", "worker-01"),
        (".", "worker-\uff11"),
        (".", "worker-12345"),
        (".", "worker-1\x00"),
        (".", "WORKER-1"),
        (".", *(f"worker-{n}" for n in range(1, MAX_LOGS + 1))),
    ],
)
def test_a_list_that_names_what_it_must_not_is_none(folders):
    with pytest.raises(NoteError):
        parse_log_list(signed(*folders), KEY)


@pytest.mark.parametrize(
    "text",
    [
        f"{NAME}/logs\n3\n{NAME} .\n{NAME}/worker-1 worker-1\n",
        f"{NAME}/logs\n01\n{NAME} .\n",
        f"{NAME}/logs\n1\n{NAME} .\n\n",
        f"{NAME}/logs\n1\n{NAME}  .\n",
        f"{NAME}/logs\n2\n{NAME} .\nelsewhere worker-1\n",
        f"{NAME}/logs\n2\n{NAME} .\n{NAME}/worker-2 worker-1\n",
        f"{NAME}\n1\n{NAME} .\n",
        f"{NAME}/logs\n",
        "signward/other/logs\n1\nsignward/other .\n",
    ],
)
def test_a_list_is_written_in_one_way(text):
    with pytest.raises(NoteError):
        parse_log_list(signed(text=text), KEY)


def test_a_list_that_others_signed_is_none():
    thief = KeyPair("thief").under(NAME)
    with pytest.raises(SignatureError, match="not signed by"):
        parse_log_list(signed(".", "worker-1", pair=thief), KEY)
    text = LogList(NAME, (".", "worker-1")).text()
    forged = bytes(Note(text, (list_key(KEY).signature(bytes(64)),)))
    with pytest.raises(SignatureError, match="not one of"):
        parse_log_list(forged, KEY)
    as_checkpoint = bytes(Note(text, (KEY.signature(PAIR.sign(text.encode())),)))
    with pytest.raises(SignatureError):
        parse_log_list(as_checkpoint, KEY)


@given(st.integers(0, 400), st.binary(max_size=3))
@settings(max_examples=150, deadline=None)
def test_what_is_cut_or_changed_is_no_list(at, instead):
    note = signed(".", "worker-1", "worker-2")
    changed = note[:at] + instead
    if changed == note:
        return
    with pytest.raises(AuditError):
        parse_log_list(changed, KEY)
    changed = note[:at] + instead + note[at + len(instead) :]
    if changed != note:
        with pytest.raises(AuditError):
            parse_log_list(changed, KEY)
