"""Whoever is no longer believed is refused: on new connections, open ones, and open streams."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import grpc
import pytest
from signward.v1 import sign_service_pb2 as pb
from signward.v1.sign_service_pb2_grpc import SignServiceStub

from tests.fakes.spine.serving import Served, reason, serve
from tests.fakes.spine.tls import Issued, TestAuthority

pytestmark = pytest.mark.integration

REQUEST = pb.SignRequest(key="bot-key", raw=pb.RawMessage(message=b"hello"))


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serve(tmp_path) as running:
        running.world.key()
        yield running


@dataclass
class _Stream:
    """An open stream that is sent what a test says."""

    channel: grpc.Channel
    requests: queue.SimpleQueue[pb.SignStreamRequest | None] = field(
        default_factory=queue.SimpleQueue
    )

    def __post_init__(self) -> None:
        sent = iter(self.requests.get, None)
        self.answers = SignServiceStub(self.channel).SignStream(sent, timeout=30)

    def sign(self, number: int) -> None:
        self.requests.put(pb.SignStreamRequest(id=number, request=REQUEST))
        assert next(self.answers).response.version == 1

    def refused(self) -> str:
        with pytest.raises(grpc.RpcError) as raised:
            next(self.answers)
        self.requests.put(None)
        assert raised.value.code() is grpc.StatusCode.UNAUTHENTICATED
        return reason(raised.value)


def _refused(channel: grpc.Channel) -> str:
    with pytest.raises(grpc.RpcError) as raised:
        SignServiceStub(channel).Sign(REQUEST, timeout=10)
    assert raised.value.code() is grpc.StatusCode.UNAUTHENTICATED
    return reason(raised.value)


def _signed(channel: grpc.Channel) -> None:
    assert SignServiceStub(channel).Sign(REQUEST, timeout=10).version == 1


def _revoke(served: Served, bot: Issued) -> None:
    served.files["crl.pem"].write_bytes(served.authority.revoking(bot))
    served.certificates.load()


def _revoke_overdue(served: Served, bot: Issued) -> None:
    overdue = served.authority.revoking(bot, age=timedelta(days=30))
    served.files["crl.pem"].write_bytes(overdue)
    served.certificates.load()


def _remove_ca(served: Served, bot: Issued) -> None:
    other = TestAuthority("another CA")
    served.files["crl.pem"].write_bytes(other.revoking())
    served.files["ca.pem"].write_bytes(other.pem)
    served.certificates.load()


def _expire(served: Served, bot: Issued) -> None:
    served.world.clock.advance(3600)


def _not_yet(served: Served, bot: Issued) -> None:
    served.world.clock.advance(-3600)


ENDS = pytest.mark.parametrize(
    ("end", "why"),
    [
        (_revoke, "CERTIFICATE_REVOKED"),
        (_revoke_overdue, "CERTIFICATE_REVOKED"),
        (_remove_ca, "IDENTITY_UNKNOWN"),
        (_expire, "CERTIFICATE_INVALID"),
        (_not_yet, "CERTIFICATE_INVALID"),
    ],
)
_End = Callable[[Served, Issued], None]


@ENDS
def test_s02_an_open_connection_is_refused_from_the_next_call_on(
    served: Served, end: _End, why: str
) -> None:
    bot = served.authority.client("bot")
    channel = served.channel(issued=bot)
    _signed(channel)
    end(served, bot)
    assert [_refused(channel), _refused(channel)] == [why, why]
    assert served.failures.reasons == [why, why]
    assert len(served.world.custody.asked) == 1


@ENDS
def test_s02_a_new_connection_is_refused_at_once(served: Served, end: _End, why: str) -> None:
    bot = served.authority.client("bot")
    end(served, bot)
    channel = served.channel(issued=bot)
    if end is _remove_ca:  # TLS itself knows
        with pytest.raises(grpc.RpcError) as raised:
            SignServiceStub(channel).Sign(REQUEST, timeout=5)
        assert raised.value.code() is grpc.StatusCode.UNAVAILABLE
    else:
        assert _refused(channel) == why
        assert served.failures.reasons == [why]
    assert served.world.custody.asked == []


@ENDS
def test_s04_an_open_stream_ends_with_its_next_message(served: Served, end: _End, why: str) -> None:
    bot = served.authority.client("bot")
    stream = _Stream(served.channel(issued=bot))
    stream.sign(1)
    end(served, bot)
    stream.requests.put(pb.SignStreamRequest(id=2, request=REQUEST))
    assert stream.refused() == why
    assert served.failures.reasons == [why]
    assert len(served.world.custody.asked) == 1


@ENDS
def test_s04_a_silent_stream_ends_as_well(served: Served, end: _End, why: str) -> None:
    bot = served.authority.client("bot")
    stream = _Stream(served.channel(issued=bot))
    stream.sign(1)
    end(served, bot)
    assert stream.refused() == why
    assert served.failures.reasons == [why]


def test_s04_the_streams_of_others_go_on(served: Served) -> None:
    bot, other = served.authority.client("bot"), served.authority.client("other")
    stream = _Stream(served.channel(issued=other))
    stream.sign(1)
    _revoke(served, bot)
    stream.sign(2)
    stream.requests.put(None)
    assert list(stream.answers) == []
    assert served.failures.counted == []


def test_s02_a_revocation_that_is_taken_back_revives(served: Served) -> None:
    bot = served.authority.client("bot")
    channel = served.channel(issued=bot)
    _revoke(served, bot)
    assert _refused(channel) == "CERTIFICATE_REVOKED"
    served.files["crl.pem"].write_bytes(served.authority.revoking())
    served.certificates.load()
    _signed(channel)


@pytest.fixture
def named(tmp_path: Path) -> Iterator[Served]:
    """Serve with a bundle that says what its CAs may assert, so that there may be several."""
    with serve(tmp_path, names=["bot"]) as running:
        running.world.key()
        yield running


def test_a_new_ca_and_a_new_certificate_count_from_the_next_handshake(named: Served) -> None:
    old = named.channel()
    _signed(old)
    added = TestAuthority("added CA")
    fresh = added.server()
    named.files["ca.pem"].write_bytes(named.authority.pem + added.pem)
    named.files["server.pem"].write_bytes(fresh.certificate)
    named.files["server.key"].write_bytes(fresh.key)
    named.certificates.load()
    issued = added.client("bot")
    credentials = grpc.ssl_channel_credentials(added.pem, issued.key, issued.certificate)
    for target in (f"localhost:{named.port}", f"unix:{named.files['ca.pem'].parent}/s.sock"):
        options = [("grpc.use_local_subchannel_pool", 1)]
        if target.startswith("unix:"):
            options.append(("grpc.ssl_target_name_override", "localhost"))  # type: ignore[arg-type]
        with grpc.secure_channel(target, credentials, options) as channel:
            _signed(channel)
    alone = grpc.ssl_channel_credentials(added.pem)
    with grpc.secure_channel(f"localhost:{named.api_key_port}", alone) as channel:
        assert _refused(channel) == "IDENTITY_MISSING"
    _signed(old)  # its own CA is still believed
    with pytest.raises(grpc.RpcError):  # and does not believe in the new one
        SignServiceStub(named.channel()).Sign(REQUEST, timeout=5)


def test_promise_9_a_bad_file_keeps_everything_as_it_is(served: Served) -> None:
    from signward_server.rpc.tls_files import TlsFileError

    channel = served.channel()
    served.files["ca.pem"].write_bytes(b"garbage")
    with pytest.raises(TlsFileError):
        served.certificates.load()
    _signed(channel)
    _signed(served.channel())
