from __future__ import annotations

import hmac
from collections.abc import Callable
from operator import attrgetter

import pytest
from signward_server.core.errors import CustodyUnavailable
from signward_server.custody.envelope import Kek, KekRowAuthenticator
from signward_server.custody.memory import LockedMemory, Slot
from signward_server.custody.native import Native

Take = Callable[[], Slot]
Peek = Callable[[Slot], bytes]
Poke = Callable[[Slot, bytes], None]
ROOT = bytes(range(32))
NONCE = b"n" * 12


def expanded(info: bytes) -> bytes:
    """HKDF-Expand of one block, RFC 5869 section 2.3."""
    return hmac.digest(ROOT, info + b"\x01", "sha256")


@pytest.fixture
def rooted(native: Native, memory: LockedMemory, taken: Take, poke: Poke) -> Kek:
    with taken() as root:
        poke(root, ROOT)
        return Kek(native.sodium, memory, root)


def test_the_id_is_derived(rooted: Kek) -> None:
    assert rooted.kek_id == expanded(b"signward kek v1 identity")[:16]
    assert repr(rooted) == f"Kek({rooted.kek_id.hex()})"


def test_another_kek_has_another_id_and_other_keys(rooted: Kek, kek: Kek) -> None:
    assert rooted.kek_id != kek.kek_id
    assert rooted.mac(b"row") != kek.mac(b"row")


def test_wraps_under_a_derived_key(rooted: Kek, taken: Take, poke: Poke) -> None:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    data_key = taken()
    poke(data_key, b"d" * 32)
    wrapped = rooted.wrap(data_key, NONCE, b"bound")
    cipher = AESGCM(expanded(b"signward kek v1 wrapping"))
    assert wrapped == cipher.encrypt(NONCE, b"d" * 32, b"bound")


def test_unwraps_only_what_it_wrapped(rooted: Kek, kek: Kek, taken: Take, peek: Peek) -> None:
    data_key, into = taken(), taken()
    wrapped = rooted.wrap(data_key, NONCE, b"bound")
    assert rooted.unwrap(wrapped, NONCE, b"bound", into)
    assert peek(into)[:32] == peek(data_key)[:32]
    assert not rooted.unwrap(wrapped, NONCE, b"other", into)
    assert not rooted.unwrap(wrapped, b"o" * 12, b"bound", into)
    assert not rooted.unwrap(wrapped[:-1] + bytes([wrapped[-1] ^ 1]), NONCE, b"bound", into)
    assert not kek.unwrap(wrapped, NONCE, b"bound", into)


def test_s17_rows_are_authenticated_under_a_derived_key(rooted: Kek, kek: Kek) -> None:
    rows = KekRowAuthenticator(rooted)
    tag = rows.tag(b"a row")
    assert tag == hmac.digest(expanded(b"signward kek v1 rows"), b"a row", "sha256")
    assert rows.matches(b"a row", tag)
    assert not rows.matches(b"a row.", tag)
    assert not rows.matches(b"a row", tag[:31])
    assert not rows.matches(b"a row", b"")
    assert not KekRowAuthenticator(kek).matches(b"a row", tag)


def test_a_closed_kek_does_nothing(rooted: Kek, taken: Take, memory: LockedMemory) -> None:
    assert rooted.intact
    rooted.close()
    rooted.close()
    assert not rooted.intact
    for use in (
        lambda: rooted.wrap(taken(), NONCE, b""),
        lambda: rooted.unwrap(bytes(48), NONCE, b"", taken()),
        lambda: rooted.mac(b"row"),
        lambda: KekRowAuthenticator(rooted).matches(b"row", bytes(32)),
    ):
        with pytest.raises(CustodyUnavailable):
            use()


@pytest.mark.parametrize("name", ["_wrapping", "rows.slot"])
def test_a_wiped_page_wraps_and_authenticates_nothing(
    rooted: Kek, name: str, taken: Take, poke: Poke
) -> None:
    """What the child of a fork would see."""
    poke(attrgetter(name)(rooted), bytes(64))
    assert not rooted.intact
    uses = {
        "_wrapping": [
            lambda: rooted.wrap(taken(), NONCE, b""),
            lambda: rooted.unwrap(bytes(48), NONCE, b"", taken()),
        ],
        "rows.slot": [lambda: rooted.mac(b"row")],
    }
    for use in uses[name]:
        with pytest.raises(CustodyUnavailable):
            use()
    assert not attrgetter(name)(rooted).leased


def test_s18_a_kek_in_use_is_wiped_afterwards(
    native: Native, rooted: Kek, monkeypatch: pytest.MonkeyPatch, peek: Peek
) -> None:
    right = rooted.mac(b"row")
    real = native.sodium.hmacsha256

    def closed_meanwhile(*arguments: object) -> int:
        rooted.close()
        result: int = real(*arguments)
        return result

    monkeypatch.setattr(native.sodium, "hmacsha256", closed_meanwhile)
    assert rooted.mac(b"row") == right
    assert peek(rooted.rows.slot) == bytes(64)


def test_every_lease_ends(rooted: Kek, taken: Take) -> None:
    rooted.unwrap(rooted.wrap(taken(), NONCE, b""), NONCE, b"", taken())
    rooted.mac(b"row")
    assert not rooted._wrapping.leased
    assert not rooted.rows.slot.leased


@pytest.mark.parametrize("free", [0, 1])
def test_no_slot_left_means_no_kek(
    native: Native, memory: LockedMemory, taken: Take, free: int
) -> None:
    root = taken()
    slots = [taken() for _ in range(4 * 64 - 1)]
    for slot in slots[:free]:
        slot.retire()
    with pytest.raises(CustodyUnavailable):
        Kek(native.sodium, memory, root)
    for _ in range(free):
        assert memory.take() is not None
    assert memory.take() is None
