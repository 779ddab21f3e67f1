"""Attacks by calls: certificates and API keys that show nothing, and streams."""

from __future__ import annotations

import itertools
import random
import string
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import grpc
from google.rpc import error_details_pb2, status_pb2
from signward.v1 import sign_service_pb2 as pb

from tests.running.attacks.blows import Field

__all__ = ["bad_api_keys", "hostile_names", "slow_readers", "streams"]

_SIGN = "/signward.v1.SignService/Sign"
_SIGN_STREAM = "/signward.v1.SignService/SignStream"
_PATIENCE = 10.0
_STILL = 0.5
_OWN = (("grpc.use_local_subchannel_pool", 1), ("grpc.enable_retries", 0))
_SMALL_WINDOWS = (*_OWN, ("grpc.http2.lookahead_bytes", 65536), ("grpc.http2.bdp_probe", 0))
_LETTERS = string.digits + string.ascii_letters


def hostile_names(
    field: Field,
    port: int,
    ca: str,
    pairs: Sequence[Mapping[str, str]],
    rate: float,
    calls_each: int,
) -> None:
    """Call with certificates of the daemon's own CA whose names are none."""
    kinds = itertools.cycle(pairs)

    def blow() -> str:
        with _channel(port, ca, **next(kinds)) as channel:
            call = channel.unary_unary(_SIGN)
            for _ in range(calls_each - 1):
                field.met[_outcome(call, (), "k")] += 1
            return _outcome(call, (), "k")

    field.repeat(blow, rate)


def bad_api_keys(field: Field, port: int, ca: str, rate: float) -> None:
    """Call with API keys that nobody has: random ones, malformed ones, several at once."""
    chance = random.Random(20261121)  # noqa: S311  # guesses, not secrets
    channel = _channel(port, ca)
    call = channel.unary_unary(_SIGN)

    def metadata() -> Sequence[tuple[str, str]]:
        guess = "".join(chance.choices(_LETTERS, k=49))
        forms = (
            (("authorization", f"Bearer signward_{guess}"),),
            (("x-api-key", guess),),
            (("authorization", f"Basic {guess}"),),
            (("x-api-key", guess), ("authorization", f"Bearer {guess}")),
            (),
        )
        return chance.choice(forms)

    field.repeat(lambda: _outcome(call, metadata(), "k"), rate)


def streams(
    field: Field, port: int, ca: str, certificate: str, key: str, number: int, key_id: str
) -> None:
    """Keep so many streams open, and try again for those that are refused."""
    channels = [_channel(port, ca, certificate, key) for _ in range(-(-number // 50))]
    turn = itertools.cycle(channels)
    held: list[grpc.Call] = []

    def blow() -> str:
        if len(held) >= number:
            return "all open"
        call = next(turn).stream_stream(_SIGN_STREAM)(_one(key_id, field.stopped))
        try:
            next(call)
        except grpc.RpcError as error:
            return _reason(error)
        held.append(call)
        return "opened"

    for _ in range(number):
        field.met[blow()] += 1
    field.repeat(blow, rate=20)
    for call in held:
        call.cancel()


def slow_readers(
    field: Field, port: int, ca: str, certificate: str, key: str, number: int, key_id: str
) -> None:
    """Send on so many streams as much as the daemon takes, and never read an answer."""
    message = pb.SignStreamRequest(
        request=pb.SignRequest(key=key_id, raw=pb.RawMessage(message=bytes(2**15)))
    )

    def requests() -> Iterator[bytes]:
        for item in itertools.count(1):
            if field.stopped.is_set():
                return
            message.id = item
            field.met["sent"] += 1
            yield message.SerializeToString()

    channels = [_channel(port, ca, certificate, key, _SMALL_WINDOWS) for _ in range(number)]
    calls = [channel.stream_stream(_SIGN_STREAM)(requests()) for channel in channels]
    sent = 0
    while field.met["sent"] > sent:  # until flow control holds them all
        sent = field.met["sent"]
        field.stopped.wait(_STILL)
    field.hold()
    for call in calls:
        call.cancel()


def _channel(
    port: int,
    ca: str,
    certificate: str = "",
    key: str = "",
    options: Sequence[tuple[str, int]] = _OWN,
) -> grpc.Channel:
    pair = (Path(key).read_bytes(), Path(certificate).read_bytes()) if key else (None, None)
    credentials = grpc.ssl_channel_credentials(Path(ca).read_bytes(), *pair)
    return grpc.secure_channel(f"localhost:{port}", credentials, options)


def _outcome(call: object, metadata: Sequence[tuple[str, str]], key_id: str) -> str:
    request = pb.SignRequest(key=key_id, raw=pb.RawMessage(message=b"m"))
    try:
        call(request.SerializeToString(), metadata=metadata, timeout=_PATIENCE)  # type: ignore[operator]
    except grpc.RpcError as error:
        return _reason(error)
    return "answered"


def _reason(error: grpc.RpcError) -> str:
    for name, data in error.trailing_metadata() or ():  # type: ignore[attr-defined]
        if name == "grpc-status-details-bin":
            for detail in status_pb2.Status.FromString(data).details:
                info = error_details_pb2.ErrorInfo()
                if detail.Unpack(info):
                    return str(info.reason)
    return str(error.code().name)  # type: ignore[attr-defined]


def _one(key_id: str, stopped: threading.Event) -> Iterator[bytes]:
    request = pb.SignRequest(key=key_id, raw=pb.RawMessage(message=b"m"))
    yield pb.SignStreamRequest(id=1, request=request).SerializeToString()
    stopped.wait()
