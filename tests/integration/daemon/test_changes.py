"""What changes while connections and streams are open counts from then on, item by item."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import grpc
import pytest
from signward import Client, SignwardError

from tests.running.calls import SIGN, Refusal, refused
from tests.running.homes import PATIENCE
from tests.running.keys import create, sign_request
from tests.running.peers import Issuer
from tests.running.process import Daemon
from tests.running.streams import Stream
from tests.running.waiting import eventually

pytestmark = pytest.mark.integration

INVALID = Refusal("UNAUTHENTICATED", "CERTIFICATE_INVALID")
DISABLED = Refusal("FAILED_PRECONDITION", "KEY_DISABLED")


def test_s02_a_certificate_that_expires_ends_its_calls_and_streams(
    shared_daemon: Daemon,
) -> None:
    with shared_daemon.client() as client:
        create(client, "chg-expiry")
    issuer = Issuer.of(shared_daemon.home.authority)
    pair = issuer.issue(("bot",), start=timedelta(seconds=15) - timedelta(days=1))
    data = sign_request("chg-expiry").SerializeToString()
    with pair.channel(shared_daemon) as channel:
        stream = Stream(channel, "chg-expiry")
        assert stream.sign() is None
        assert channel.unary_unary(SIGN + "Sign")(data, timeout=PATIENCE)
        assert eventually(lambda: expired(channel, data))
        with pytest.raises(grpc.RpcError) as raised:
            stream.sign()
        assert raised.value.code() is grpc.StatusCode.UNAUTHENTICATED
        assert refused(channel, SIGN + "Sign", data) == INVALID
        stream.close()


def expired(channel: grpc.Channel, data: bytes) -> bool:
    try:
        channel.unary_unary(SIGN + "Sign")(data, timeout=PATIENCE)
    except grpc.RpcError:
        return True
    return False


def test_s04_each_item_of_an_open_stream_is_judged_by_the_keys_state(
    shared_daemon: Daemon,
) -> None:
    with shared_daemon.client() as client:
        create(client, "chg-stream")
        stream = Stream(client.channel, "chg-stream")
        for _ in range(3):
            assert stream.sign() is None
            client.disable_key("chg-stream")
            assert stream.sign() == DISABLED
            client.enable_key("chg-stream")
        assert stream.sign() is None
        stream.close()


class Signer(threading.Thread):
    """Signs until the key is disabled; keeps when each call that was answered began."""

    def __init__(self, client: Client, key: str) -> None:
        super().__init__()
        self._client = client
        self._request = sign_request(key)
        self.began: list[float] = []
        self.refusals: list[str] = []

    def run(self) -> None:
        while len(self.refusals) < 5:
            start = time.monotonic()
            try:
                self._client.sign(self._request)
            except SignwardError as error:
                self.refusals.append(error.reason)
            else:
                self.began.append(start)


def test_s34_nothing_is_signed_once_disabling_has_returned(shared_daemon: Daemon) -> None:
    with shared_daemon.client() as client, shared_daemon.client("admin") as admin:
        create(client, "chg-stop")
        for _ in range(5):
            signers = [Signer(client, "chg-stop") for _ in range(4)]
            for signer in signers:
                signer.start()
            assert eventually(lambda signers=signers: all(each.began for each in signers))
            admin.disable_key("chg-stop")
            returned = time.monotonic()
            for signer in signers:
                signer.join(PATIENCE)
                assert set(signer.refusals) == {"KEY_DISABLED"}
                assert max(signer.began) <= returned
            admin.enable_key("chg-stop")
