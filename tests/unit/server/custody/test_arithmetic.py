"""Secrets are addresses to Python; only C functions read what is there (S21)."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from signward_server import custody
from signward_server.core.payloads import Hash
from signward_server.custody.hpke import Hpke
from signward_server.custody.memory import Slot
from signward_server.custody.native import Native
from signward_server.custody.pairs import Ed25519Pairs, KeyPairs, Secp256k1Pairs

SOURCES = sorted(Path(next(iter(custody.__path__))).rglob("*.py"))
# What brings the content of memory to Python, or does sums with it.
READERS = {
    "cast",
    "contents",
    "from_buffer_copy",
    "from_bytes",
    "memoryview",
    "string_at",
    "to_bytes",
    "wstring_at",
}
SECRET = bytes(range(100, 132))
# A view onto a slot, and who passes it on to readv and writev without looking at it.
VIEWS = {"from_address": {"roots.py"}}


def names(source: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(source.read_text())))
    return {node.attr for node in nodes if isinstance(node, ast.Attribute)} | {
        node.id for node in nodes if isinstance(node, ast.Name)
    }


def test_s21_no_source_reads_the_content_of_a_slot() -> None:
    assert len(SOURCES) > 20
    for source in SOURCES:
        assert names(source) & READERS == set(), source.name
        for view, allowed in VIEWS.items():
            assert view not in names(source) or source.name in allowed


@pytest.mark.parametrize(
    ("make", "hash_"),
    [(lambda native: Ed25519Pairs(native.sodium), Hash.NONE), (Secp256k1Pairs, Hash.SHA256)],
)
def test_s21_a_private_half_is_never_among_the_values_of_python(
    native: Native,
    taken: Callable[[], Slot],
    peek: Callable[[Slot], bytes],
    monkeypatch: pytest.MonkeyPatch,
    make: Callable[[Native], KeyPairs],
    hash_: Hash,
) -> None:
    seen: list[object] = []
    for library in (native.sodium, native.secp256k1):
        for name, function in list(vars(library).items()):
            if callable(function):
                monkeypatch.setattr(library, name, _recorded(function, seen))
    pairs, slot = make(native), taken()
    public_key = pairs.generate(slot, taken())
    seen.append(pairs.sign(slot, b"m", hash_, public_key).value)
    secret = peek(slot)[:32]
    assert slot.address in seen
    assert not any(isinstance(each, bytes) and secret in each for each in seen)
    assert int.from_bytes(secret) not in seen
    assert int.from_bytes(secret, "little") not in seen


def test_s21_nothing_secret_of_hpke_is_among_the_values_of_python(
    native: Native,
    taken: Callable[[], Slot],
    peek: Callable[[Slot], bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    private, into, work = taken(), taken(), taken()
    hpke = Hpke(native.sodium)
    public_key = hpke.generate(private)
    recipient = X25519PublicKey.from_public_bytes(public_key)
    suite = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
    sealed = suite.encrypt(SECRET, recipient, b"info")
    seen: list[object] = []
    for name, function in list(vars(native.sodium).items()):
        monkeypatch.setattr(native.sodium, name, _recorded(function, seen))
    agreed = _spied(native, monkeypatch, "scalarmult", work, peek)
    derived = _spied(native, monkeypatch, "hmacsha256", into, peek)
    keys = _spied(native, monkeypatch, "hmacsha256", work, peek)
    assert hpke.open(sealed, b"info", private, public_key, into, work)
    assert peek(into)[:32] == SECRET
    hidden = {peek(private)[:32], SECRET, *(held[:32] for held in (*derived, *keys))}
    hidden = (hidden | {agreed[0][19:51]}) - {bytes(32)}
    assert len(hidden) > 6
    values = [each for each in seen if isinstance(each, bytes)]
    assert values
    assert not any(secret in each for each in values for secret in hidden)


def _spied(
    native: Native,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    slot: Slot,
    peek: Callable[[Slot], bytes],
) -> list[bytes]:
    """Keep what a slot holds after each call of a function."""
    held: list[bytes] = []
    function = getattr(native.sodium, name)

    def call(*arguments: object) -> int:
        result: int = function(*arguments)
        held.append(peek(slot))
        return result

    monkeypatch.setattr(native.sodium, name, call)
    return held


def _recorded(function: Callable[..., int], seen: list[object]) -> Callable[..., int]:
    def call(*arguments: object) -> int:
        result = function(*arguments)
        seen.extend(getattr(argument, "raw", argument) for argument in arguments)
        return result

    return call
