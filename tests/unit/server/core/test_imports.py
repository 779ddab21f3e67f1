"""What HPKE binds of an import: exactly these bytes, and no others."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st
from signward.importing import import_info
from signward.v1 import key_service_pb2 as pb
from signward_server.core.imports import ImportTerms
from signward_server.core.keys import Algorithm, Purpose

TERMS = ImportTerms(
    import_id="im_abcdefghijklmnopqrstuvwx",
    identity="cn:bot",
    key_id="treasury-1",
    algorithm=Algorithm.ECDSA_SECP256K1,
    purpose=Purpose.HEDERA,
    network="testnet",
)

# The example of docs/formats/import.md.
GOLDEN = bytes.fromhex(
    "000000127369676e7761726420696d706f7274207631"
    "0000001b696d5f6162636465666768696a6b6c6d6e6f707172737475767778"
    "00000006636e3a626f74"
    "0000000a74726561737572792d31"
    "000000080000000000000002"
    "000000080000000000000003"
    "00000007746573746e6574"
)  # fmt: skip


def client_info(terms: ImportTerms) -> bytes:
    parameters = pb.CreateImportParametersResponse(
        import_id=terms.import_id, identity=terms.identity
    )
    return import_info(
        parameters,
        key_id=terms.key_id,
        algorithm=terms.algorithm,  # type: ignore[arg-type]
        purpose=terms.purpose,  # type: ignore[arg-type]
        network=terms.network,
    )


def test_s23_the_info_is_as_documented() -> None:
    assert TERMS.info() == GOLDEN
    assert client_info(TERMS) == GOLDEN


@pytest.mark.parametrize(
    "changes",
    [
        {"import_id": "im_bbcdefghijklmnopqrstuvwx"},
        {"identity": "cn:bob"},
        {"key_id": "treasury-2"},
        {"algorithm": Algorithm.ED25519},
        {"purpose": Purpose.HYPERLIQUID},
        {"network": "mainnet"},
        {"network": ""},
        {"identity": "cn:bott", "key_id": "reasury-1"},
    ],
)
def test_s23_other_terms_have_another_info(changes: dict[str, object]) -> None:
    assert dataclasses.replace(TERMS, **changes).info() != GOLDEN  # type: ignore[arg-type]


_TEXT = st.text(max_size=20)
_TERMS = st.builds(
    ImportTerms,
    import_id=_TEXT,
    identity=_TEXT,
    key_id=_TEXT,
    algorithm=st.sampled_from(Algorithm),
    purpose=st.sampled_from(Purpose),
    network=_TEXT,
)


@given(_TERMS, _TERMS)
def test_s23_client_and_daemon_agree_and_no_two_terms_do(
    one: ImportTerms, two: ImportTerms
) -> None:
    assert client_info(one) == one.info()
    assert (one == two) == (one.info() == two.info())
