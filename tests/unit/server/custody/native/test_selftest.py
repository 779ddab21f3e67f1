from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from signward_server.custody.native import Native, NativeLibraryError
from signward_server.custody.native.selftest import check_secp256k1, check_sodium


def off_by_one_bit(function: Callable[..., Any], output: int) -> Callable[..., Any]:
    """Call the function, then change a bit of what it wrote to an argument."""

    def call(*arguments: Any) -> Any:
        result = function(*arguments)
        written = arguments[output]
        written[0] = bytes([written[0][0] ^ 1])
        return result

    return call


def test_s25_the_right_answers_pass(native: Native) -> None:
    check_sodium(native.sodium)
    check_secp256k1(native.secp256k1)


@pytest.mark.parametrize(
    ("name", "output"),
    [
        ("sign_seed_keypair", 0),
        ("sign_detached", 0),
        ("aes256gcm_encrypt", 0),
        ("aes256gcm_decrypt", 0),
        ("hmacsha256", 0),
        ("scalarmult", 0),
        ("scalarmult_base", 0),
        ("pwhash", 0),
    ],
)
def test_s25_a_wrong_answer_of_libsodium_is_noticed(native: Native, name: str, output: int) -> None:
    lying = copy.copy(native.sodium)
    setattr(lying, name, off_by_one_bit(getattr(lying, name), output))
    with pytest.raises(
        NativeLibraryError, match=r"^libsodium computes a known answer wrongly; install"
    ):
        check_sodium(lying)


@pytest.mark.parametrize("answer", [0, -1])
def test_s25_a_verification_that_always_says_the_same_is_noticed(
    native: Native, answer: int
) -> None:
    lying = copy.copy(native.sodium)
    lying.sign_verify_detached = lambda *_: answer
    with pytest.raises(NativeLibraryError):
        check_sodium(lying)


def test_s25_an_agreement_on_zero_that_is_not_refused_is_noticed(native: Native) -> None:
    lying = copy.copy(native.sodium)
    right = lying.scalarmult
    lying.scalarmult = lambda *arguments: right(*arguments) and 0
    with pytest.raises(NativeLibraryError):
        check_sodium(lying)


@pytest.mark.parametrize("name", ["sign_recoverable", "serialize_recoverable"])
def test_s25_a_wrong_answer_of_libsecp256k1_is_noticed(native: Native, name: str) -> None:
    lying = copy.copy(native.secp256k1)
    setattr(lying, name, off_by_one_bit(getattr(lying, name), 1))
    with pytest.raises(
        NativeLibraryError, match=r"^libsecp256k1 computes a known answer wrongly; install"
    ):
        check_secp256k1(lying)


@pytest.mark.parametrize("answer", [0, 1])
def test_s25_an_ecdsa_verification_that_always_says_the_same_is_noticed(
    native: Native, answer: int
) -> None:
    lying = copy.copy(native.secp256k1)
    lying.verify = lambda *_: answer
    with pytest.raises(NativeLibraryError):
        check_secp256k1(lying)
