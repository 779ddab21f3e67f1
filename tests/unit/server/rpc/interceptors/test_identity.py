"""Who calls is found out first; only failures are counted, wherever in a call they come."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from signward_server.core.errors import (
    CertificateRevoked,
    CustodyUnavailable,
    IdentityMissing,
    KeyNotFound,
    RateLimited,
    SignwardError,
)
from signward_server.rpc.call import GrpcCall
from signward_server.rpc.interceptors.identity import anonymous, identified, identified_stream

from tests.fakes.spine.call import BOT
from tests.fakes.spine.context import FakeContext
from tests.fakes.spine.judges import FakeFailures
from tests.fakes.spine.standing import FakeStanding
from tests.fakes.spine.world import World

ADDRESS = "127.0.0.1"
Run = Callable[[Callable[[GrpcCall], None]], list[str]]


class _Authenticator:
    """Lets everybody in as the bot, or nobody."""

    def __init__(self, refusal: SignwardError | None = None) -> None:
        self._refusal = refusal

    def of(self, context: object) -> FakeStanding:
        if self._refusal is not None:
            raise self._refusal
        return FakeStanding(BOT)


@pytest.fixture
def failures() -> FakeFailures:
    return FakeFailures()


def _unary(
    failures: FakeFailures, inside: Callable[[GrpcCall], None], refusal: SignwardError | None
) -> list[str]:
    def following(request: str, call: GrpcCall) -> list[str]:
        inside(call)
        return [request, str(call.identity)]

    wrapped = identified(following, _Authenticator(refusal), failures)  # type: ignore[arg-type]
    return wrapped("in", GrpcCall(FakeContext(), "/x", World().endings))  # type: ignore[arg-type]


def _stream(
    failures: FakeFailures, inside: Callable[[GrpcCall], None], refusal: SignwardError | None
) -> list[str]:
    def following(requests: Iterator[bytes], call: GrpcCall) -> Iterator[bytes]:
        yield from requests
        inside(call)
        yield str(call.identity).encode()

    wrapped = identified_stream(following, _Authenticator(refusal), failures)  # type: ignore[arg-type]
    call = GrpcCall(FakeContext(), "/x", World().endings)  # type: ignore[arg-type]
    return [data.decode() for data in wrapped(iter([b"in"]), call)]


def _nothing(call: GrpcCall) -> None:
    call.ensure_live()


def _revoked(call: GrpcCall) -> None:
    call.standing.end = CertificateRevoked()  # type: ignore[union-attr]
    call.ensure_live()


def _other(call: GrpcCall) -> None:
    raise KeyNotFound


BOTH = pytest.mark.parametrize("run", [_unary, _stream])


@BOTH
def test_s43_whoever_shows_who_it_is_is_never_counted(run, failures: FakeFailures) -> None:
    failures.tired = True
    assert run(failures, _nothing, None) == ["in", "cn:bot"]
    with pytest.raises(KeyNotFound):
        run(failures, _other, None)
    assert failures.counted == []


@BOTH
@pytest.mark.parametrize(
    ("inside", "refusal", "raised"),
    [
        (_nothing, IdentityMissing(), IdentityMissing),
        (_revoked, None, CertificateRevoked),
    ],
)
def test_s38_each_failure_is_counted_once_and_answered_as_the_counter_says(
    run, failures: FakeFailures, inside, refusal, raised: type[SignwardError]
) -> None:
    with pytest.raises(raised):
        run(failures, inside, refusal)
    assert failures.counted == [(ADDRESS, raised.reason)]
    failures.tired = True
    with pytest.raises(RateLimited):
        run(failures, inside, refusal)


@BOTH
def test_what_the_daemon_cannot_do_is_nobodys_failure(run, failures: FakeFailures) -> None:
    with pytest.raises(CustodyUnavailable):
        run(failures, _nothing, CustodyUnavailable())
    assert failures.counted == []


def test_an_exempt_call_is_nobodys() -> None:
    seen = []
    call = GrpcCall(FakeContext(), "/x", World().endings)  # type: ignore[arg-type]
    anonymous(lambda request, call: seen.append((request, call.standing)))("in", call)
    assert seen == [("in", call.standing)]
    call.ensure_live()
    with pytest.raises(IdentityMissing):
        _ = call.identity
