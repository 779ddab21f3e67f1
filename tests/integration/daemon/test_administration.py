"""Operators at work on a real daemon: API keys, freezing, reloading."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from signward import Client, SignwardError
from signward.v1 import admin_service_pb2 as pb
from signward.v1 import resources_pb2
from signward.v1.admin_service_pb2_grpc import AdminServiceStub

from tests.running.calls import Refusal, refusal_of
from tests.running.filling import key_name
from tests.running.homes import PATIENCE, Home
from tests.running.keys import sign_request
from tests.running.process import UNMEASURED, Daemon
from tests.running.stock import stocked

_log = logging.getLogger(__name__)
pytestmark = pytest.mark.integration

IMPORTED = "the-secret-of-the-replaced-service"
ALL = resources_pb2.FREEZE_ALL


def _in(span: timedelta) -> Timestamp:
    message = Timestamp()
    message.FromDatetime(datetime.now(UTC) + span)
    return message


def _files(home: Home) -> Iterator[bytes]:
    for path in home.path.rglob("*"):
        if path.is_file():
            yield path.read_bytes()


def _refused(stub: AdminServiceStub, request: pb.ImportApiKeyRequest) -> Refusal:
    with pytest.raises(grpc.RpcError) as raised:
        stub.ImportApiKey(request, timeout=PATIENCE)
    return refusal_of(raised.value)


def test_api_keys_outlive_the_daemon_and_their_secrets_are_nowhere(home: Home) -> None:
    importing = pb.ImportApiKeyRequest(
        identity="apikey:bot", expire_time=_in(timedelta(days=1)), secret=IMPORTED
    )
    creating = pb.CreateApiKeyRequest(
        identity="cn:bot", expire_time=_in(timedelta(days=1)), address_ranges=["127.0.0.0/8"]
    )
    with Daemon(home) as daemon, daemon.client("admin") as client:
        stub = AdminServiceStub(client.channel)
        created = stub.CreateApiKey(creating, timeout=PATIENCE)
        imported = stub.ImportApiKey(importing, timeout=PATIENCE).api_key
        revoking = pb.RevokeApiKeyRequest(api_key_id=imported.id)
        revoked = stub.RevokeApiKey(revoking, timeout=PATIENCE).api_key
        taken = Refusal("ALREADY_EXISTS", "API_KEY_EXISTS")
        assert _refused(stub, importing) == taken
        daemon.kill()  # no time to save anything
    with Daemon(home) as daemon, daemon.client("admin") as client:
        stub = AdminServiceStub(client.channel)
        listed = stub.ListApiKeys(pb.ListApiKeysRequest(), timeout=PATIENCE).api_keys
        assert sorted(listed, key=lambda key: key.imported) == [created.api_key, revoked]
        assert _refused(stub, importing) == taken
        said = daemon.said
    for secret in (created.secret, created.secret[9:], IMPORTED):
        assert secret not in said
        assert not any(secret.encode() in data for data in _files(home))


def test_s34_nothing_is_signed_once_freezing_has_returned(shared_daemon: Daemon) -> None:
    with shared_daemon.client() as client, shared_daemon.client("admin") as admin:
        admin.create_key(
            "adm-freeze",
            owner="cn:bot",
            algorithm=resources_pb2.ALGORITHM_ED25519,
            purpose=resources_pb2.PURPOSE_RAW,
            custody=resources_pb2.CUSTODY_ENVELOPE,
            labels={"desk": "adm"},
        )
        stub = AdminServiceStub(admin.channel)
        selector = pb.LabelSelector(labels={"desk": "adm"})
        for _ in range(3):
            client.sign(sign_request("adm-freeze"))
            freezing = pb.FreezeKeyRequest(selector=selector, mode=ALL, reason="test")
            assert stub.FreezeKey(freezing, timeout=PATIENCE).key_ids == ["adm-freeze"]
            assert _reason(client, "adm-freeze") == "KEY_FROZEN"
            assert client.get_key("adm-freeze").freeze == ALL
            stub.UnfreezeKey(pb.UnfreezeKeyRequest(selector=selector), timeout=PATIENCE)
        client.sign(sign_request("adm-freeze"))


def _reason(client: Client, key_id: str) -> str:
    with pytest.raises(SignwardError) as raised:
        client.sign(sign_request(key_id))
    return raised.value.reason


@pytest.mark.timeout(400)  # another process may be making the home
def test_ten_thousand_keys_are_frozen_within_the_time_of_one_call(
    pristine: Home, shelf: Path
) -> None:
    home = stocked(pristine, shelf / "frozen", 10_000)
    selector = pb.LabelSelector(labels={"team": "market-making"})
    with (
        Daemon(home, **UNMEASURED) as daemon,
        daemon.client() as client,
        daemon.client("admin") as admin,
    ):
        stub = AdminServiceStub(admin.channel)
        started = time.monotonic()
        request = pb.FreezeKeyRequest(selector=selector, mode=ALL, reason="test")
        assert len(stub.FreezeKey(request, timeout=60).key_ids) == 10_000
        _log.info("10,000 keys frozen after %.2f s", time.monotonic() - started)
        assert _reason(client, key_name(0)) == "KEY_FROZEN"
        assert _reason(client, key_name(9_999)) == "KEY_FROZEN"
