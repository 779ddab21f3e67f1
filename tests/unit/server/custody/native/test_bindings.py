from __future__ import annotations

import ctypes
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from signward_server.custody.native import Native, NativeLibraryError
from signward_server.custody.native.locate import locate
from signward_server.custody.native.secp256k1 import Secp256k1
from signward_server.custody.native.sodium import Sodium


class FakeLibrary:
    """Every function answers 1 but for those that are told otherwise."""

    def __init__(self, **answers: int) -> None:
        self._answers = answers

    def __getattr__(self, name: str) -> Any:
        def function(*arguments: object) -> int:
            return self._answers.get(name, 1)

        setattr(self, name, function)
        return function


def test_s25_argument_types_are_declared(native: Native) -> None:
    functions = [
        value
        for library in (native.sodium, native.secp256k1)
        for value in vars(library).values()
        if callable(value)
    ]
    assert len(functions) == 14 + 9
    for function in functions:
        assert function.argtypes is not None
        with pytest.raises((ctypes.ArgumentError, TypeError)):
            function(*[object()] * len(function.argtypes))


def test_functions_keep_the_gil(native: Native) -> None:
    released = ctypes.CDLL(str(locate("nacl", "_sodium"))).sodium_memzero
    kept = native.sodium.memzero
    python_api = 4  # FUNCFLAG_PYTHONAPI in CPython's ctypes.h: no Py_BEGIN_ALLOW_THREADS
    assert type(kept)._flags_ & python_api
    assert not type(released)._flags_ & python_api


@pytest.mark.parametrize("content", [b"", b"not a library"])
def test_what_is_no_library_is_refused(native: Native, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "library.so"
    path.write_bytes(content)
    with pytest.raises(NativeLibraryError, match="is no libsodium that can be used; install"):
        Sodium(path)
    with pytest.raises(NativeLibraryError, match="is no libsecp256k1 that can be used; install"):
        Secp256k1(path, native.sodium)


def test_another_library_is_refused(native: Native) -> None:
    with pytest.raises(NativeLibraryError, match="is no libsodium that can be used; install"):
        Sodium(locate("coincurve", "_libsecp256k1"))
    with pytest.raises(NativeLibraryError, match="is no libsecp256k1 that can be used; install"):
        Secp256k1(locate("nacl", "_sodium"), native.sodium)


@pytest.mark.parametrize(
    ("answers", "text"),
    [
        ({"sodium_init": -1}, "libsodium finds no randomness; provide"),
        (
            {"crypto_aead_aes256gcm_is_available": 0},
            "this processor has no AES instructions, which sealed keys need; run on",
        ),
    ],
)
def test_a_libsodium_that_cannot_work_is_refused(
    answers: dict[str, int], text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ctypes, "PyDLL", lambda path: FakeLibrary(**answers))
    with pytest.raises(NativeLibraryError, match=f"^{text}"):
        Sodium(Path("libsodium.so"))


@pytest.mark.parametrize("started", [0, 1])  # 1: already started by somebody else
def test_libsodium_may_have_been_started_before(
    started: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ctypes, "PyDLL", lambda path: FakeLibrary(sodium_init=started))
    assert Sodium(Path("libsodium.so")).memzero is not None


def test_a_context_that_is_not_randomised_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeLibrary(secp256k1_context_randomize=0)
    monkeypatch.setattr(ctypes, "PyDLL", lambda path: fake)
    sodium = SimpleNamespace(randombytes=lambda *_: None, memzero=lambda *_: None)
    with pytest.raises(NativeLibraryError, match="cannot randomise its context; install"):
        Secp256k1(Path("libsecp256k1.so"), sodium)  # type: ignore[arg-type]


def test_the_context_is_randomised_with_random_bytes(
    native: Native, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[int, bytes]] = []

    def randomize(context: int, seed: Any) -> int:
        seen.append((context, bytes(seed)))
        return 1

    fake = FakeLibrary(secp256k1_context_create=77)
    fake.secp256k1_context_randomize = randomize
    monkeypatch.setattr(ctypes, "PyDLL", lambda path: fake)
    made = [Secp256k1(Path("libsecp256k1.so"), native.sodium) for _ in range(2)]
    assert [each.context for each in made] == [77, 77]
    assert [context for context, _ in seen] == [77, 77]
    assert [len(seed) for _, seed in seen] == [32, 32]
    assert len({seed for _, seed in seen} | {bytes(32)}) == 3
