from __future__ import annotations

import pytest
import sha3
from hypothesis import given
from hypothesis import strategies as st
from signward_server.core.ethereum import address_of, checksummed, lowered

# EIP-55, "Test Cases": all caps, all lower, normal.
EIP_55 = [
    "0x52908400098527886E0F7030069857D2E4169EE7",
    "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
    "0xde709f2102306220921060314715629080e2fb77",
    "0x27b1fdb04752bbc536007a920d24acb045561c26",
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
    "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
    "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
]
# The public key of the private key 1 is the curve's generator (SEC 2, section 2.4.1).
GENERATOR = bytes.fromhex(
    "0479be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
    "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8"
)


def keccak(data: bytes) -> bytes:
    return sha3.keccak_256(data).digest()


@pytest.mark.parametrize("address", EIP_55)
def test_capitals_are_those_of_eip_55(address: str) -> None:
    assert checksummed(address.lower(), keccak) == address
    assert lowered(address, keccak) == address.lower()


@given(st.binary(min_size=20, max_size=20))
def test_any_case_is_read_and_the_checksum_too(digits: bytes) -> None:
    address = f"0x{digits.hex()}"
    shown = checksummed(address, keccak)
    assert shown.lower() == address
    for text in (address, f"0x{digits.hex().upper()}", shown):
        assert lowered(text, keccak) == address


@pytest.mark.parametrize("position", range(2, 42))
def test_a_wrong_capital_is_refused(position: int) -> None:
    address = EIP_55[4]
    swapped = address[:position] + address[position].swapcase() + address[position + 1 :]
    assert (lowered(swapped, keccak) is None) == (swapped != address)


@pytest.mark.parametrize(
    "text",
    [
        "", "0x", EIP_55[2][2:], EIP_55[2] + "0", EIP_55[2][:-1], "0X" + EIP_55[2][2:],
        EIP_55[2] + "\n", " " + EIP_55[2], "0x" + "g" * 40, "0x" + "\uff11" * 40, "xyz:" + "0" * 40,
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused(text: str) -> None:
    assert lowered(text, keccak) is None


def test_the_address_of_a_public_key_is_known() -> None:
    assert address_of(GENERATOR, keccak) == "0x7e5f4552091a69125d5dfcb7b8c2659029395bdf"
