"""Importing keys from a program."""

from __future__ import annotations

from datetime import timedelta

import pytest
from signward import Algorithm, Custody, Purpose, Unavailable
from signward.sealing import sealer

from tests.fakes.statuses import status

SECRET = bytes(range(1, 33))


def test_the_private_key_travels_sealed(daemon, client):
    key = client.import_key(
        "mine",
        sealer(SECRET),
        algorithm=Algorithm.ALGORITHM_ECDSA_SECP256K1,
        purpose=Purpose.PURPOSE_HEDERA,
        network="testnet",
        owner="cn:desk",
        user_id="u",
        labels={"a": "b"},
        unlock_ttl=timedelta(seconds=5),
        grace_period=timedelta(days=1),
        allow_digest=True,
    )
    assert key.id == "mine"
    assert daemon.imported == [SECRET]
    [asked], [request] = daemon.calls("CreateImportParameters"), daemon.calls("ImportKey")
    for message in (asked, request):
        assert (message.key_id, message.network) == ("mine", "testnet")
        assert message.algorithm == Algorithm.ALGORITHM_ECDSA_SECP256K1
        assert message.purpose == Purpose.PURPOSE_HEDERA
        assert len(message.request_id) == 32
        assert SECRET not in message.SerializeToString()
    assert (request.owner, request.user_id, dict(request.labels)) == ("cn:desk", "u", {"a": "b"})
    assert (request.unlock_ttl.seconds, request.grace_period.seconds) == (5, 86_400)
    assert (request.custody, request.allow_digest) == (Custody.CUSTODY_ENVELOPE, True)
    assert len(request.wrapped_key) == 80


def test_only_to_validate_seals_nothing(daemon, client):
    def seal(public_key, info):
        raise AssertionError

    ed, raw = Algorithm.ALGORITHM_ED25519, Purpose.PURPOSE_RAW
    client.import_key("mine", seal, algorithm=ed, purpose=raw, validate_only=True)
    [request] = daemon.calls("ImportKey")
    assert (request.wrapped_key, request.validate_only) == (b"", True)
    assert request.import_id


def test_retries_repeat_the_same_request(daemon, client):
    for method in ("CreateImportParameters", "ImportKey"):
        daemon.plan(method, status("UNAVAILABLE", "STORE_UNAVAILABLE", "Not now."))
    ed, raw = Algorithm.ALGORITHM_ED25519, Purpose.PURPOSE_RAW
    client.import_key("mine", sealer(SECRET), algorithm=ed, purpose=raw)
    for method in ("CreateImportParameters", "ImportKey"):
        one, two = daemon.calls(method)
        assert one == two
    assert daemon.imported == [SECRET]


def test_parameters_without_a_request_id_are_asked_for_once(daemon, client):
    daemon.plan("CreateImportParameters", status("UNAVAILABLE", "STORE_UNAVAILABLE", "Not now."))
    ed, raw = Algorithm.ALGORITHM_ED25519, Purpose.PURPOSE_RAW
    with pytest.raises(Unavailable):
        client.create_import_parameters("mine", algorithm=ed, purpose=raw, request_id="")


@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_a_private_key_has_32_bytes(size):
    with pytest.raises(ValueError, match="32 bytes"):
        sealer(bytes(size))
