"""The exchange's hashes: msgpack of an action, Keccak-256, EIP-712.

Sources: the exchange's documentation, "Signing", and hyperliquid-python-sdk 0.24.0,
``utils/signing.py``; EIP-712 for domains and structs; the MessagePack specification.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import ormsgpack
from sha3 import keccak_256

__all__ = [
    "CHAIN_ID",
    "action_hash",
    "agent_message",
    "keccak",
    "packed",
    "struct_type",
    "typed_message",
]

CHAIN_ID = "0x66eee"
"""``signatureChainId`` of user-signed actions, on both networks."""

packed: Callable[[object], bytes] = ormsgpack.packb
"""Returns the MessagePack form of text, integers, flags, ``None``, lists and maps."""

_WORD = 32
_PREFIX = b"\x19\x01"


def keccak(data: bytes) -> bytes:
    """Return the 32 bytes of Keccak-256, as Ethereum uses it (not FIPS 202)."""
    digest: bytes = keccak_256(data).digest()
    return digest


def action_hash(action: bytes, nonce: int, vault: str, expires_after: int) -> bytes:
    """Return the hash of an action, 32 bytes.

    Args:
        action: The action, packed.
        nonce: Within 0..2^64-1.
        vault: Address in lower case, empty for none.
        expires_after: Milliseconds since the epoch, 0 for none.
    """
    data = action + nonce.to_bytes(8, "big")
    data += b"\x01" + bytes.fromhex(vault[2:]) if vault else b"\0"
    if expires_after:
        data += b"\0" + expires_after.to_bytes(8, "big")
    digest: bytes = keccak_256(data).digest()
    return digest


def agent_message(network: str, connection_id: bytes) -> bytes:
    """Return what is signed for an L1 action: 66 bytes, whose Keccak-256 is signed (EIP-712).

    Args:
        network: ``mainnet`` or ``testnet``.
        connection_id: Its ``action_hash``.
    """
    digest: bytes = keccak_256(_AGENT_STRUCTS[network] + connection_id).digest()
    return _AGENT_PREFIX + digest


def struct_type(name: str, fields: Sequence[tuple[str, str]]) -> bytes:
    """Return the typeHash of a struct (EIP-712), 32 bytes.

    Args:
        name: Name of the struct.
        fields: Type and name of each field.
    """
    inner = ",".join(f"{kind} {field}" for kind, field in fields)
    return keccak(f"{name}({inner})".encode())


def typed_message(
    type_hash: bytes, fields: Sequence[tuple[str, str]], values: Mapping[str, object]
) -> bytes:
    """Return what is signed for a user-signed action: 66 bytes, as ``agent_message``.

    Args:
        type_hash: Of its struct, with exactly these fields.
        fields: Type and name of each field.
        values: By name: text for ``string`` and ``address``, 32 bytes for ``bytes32``.
    """
    words = [_WORDS[kind](values[name]) for kind, name in fields]
    return _USER_PREFIX + keccak(type_hash + b"".join(words))


def _text_word(value: object) -> bytes:
    return keccak(str(value).encode())


def _number_word(value: object) -> bytes:
    return int(value).to_bytes(_WORD, "big")  # type: ignore[call-overload,no-any-return]


def _address_word(value: object) -> bytes:
    return bytes.fromhex(str(value)[2:]).rjust(_WORD, b"\0")


def _bytes_word(value: object) -> bytes:
    if not isinstance(value, bytes) or len(value) != _WORD:
        raise TypeError("bytes32 has 32 bytes")
    return value


_WORDS: Mapping[str, Callable[[object], bytes]] = {
    "string": _text_word,
    "uint64": _number_word,
    "bool": _number_word,
    "address": _address_word,
    "bytes32": _bytes_word,
}


def _domain(name: str, chain_id: int) -> bytes:
    fields = (
        ("string", "name"),
        ("string", "version"),
        ("uint256", "chainId"),
        ("address", "verifyingContract"),
    )
    words = (_text_word(name), _text_word("1"), _number_word(chain_id), bytes(_WORD))
    return keccak(struct_type("EIP712Domain", fields) + b"".join(words))


_AGENT_TYPE = struct_type("Agent", (("string", "source"), ("bytes32", "connectionId")))
_AGENT_STRUCTS = {
    "mainnet": _AGENT_TYPE + _text_word("a"),
    "testnet": _AGENT_TYPE + _text_word("b"),
}
_AGENT_PREFIX = _PREFIX + _domain("Exchange", 1337)
_USER_PREFIX = _PREFIX + _domain("HyperliquidSignTransaction", int(CHAIN_ID, 16))
