"""What holds for any request: a batch, a stream and a retry say what single calls say (S33)."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from random import Random
from typing import TypeAlias

import grpc
import pytest
from google.rpc import status_pb2
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from signward import Client, SignwardError
from signward.v1 import resources_pb2 as resources
from signward.v1 import sign_service_pb2 as pb

from tests.running.calls import SIGN, Refusal, refusal_in, refusal_of
from tests.running.homes import PATIENCE
from tests.running.keys import create, sign_request, unrecorded
from tests.running.process import Daemon

pytestmark = pytest.mark.integration

KEYS = {
    "prop-ed": (resources.ALGORITHM_ED25519, resources.PURPOSE_RAW),
    "prop-ec": (resources.ALGORITHM_ECDSA_SECP256K1, resources.PURPOSE_RAW),
    "prop-order": (resources.ALGORITHM_ECDSA_SECP256K1, resources.PURPOSE_ORDER),
}
Answer: TypeAlias = pb.SignResponse | Refusal
quick = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
numbers = itertools.count()

names = st.sampled_from([*KEYS, "prop-nobody", "Bad name", ""])
amounts = st.one_of(
    st.decimals(0, 10**6, places=3).map(str), st.sampled_from(["-1", "1e3", "NaN", "1" * 30, ""])
)
raws = st.builds(
    pb.RawMessage,
    message=st.binary(max_size=200),
    hash=st.sampled_from([*pb.Hash.values(), 7]),
)
orders = st.builds(
    pb.OrderIntent,
    action=st.sampled_from(["order", "cancel", "", 'x"']),
    coin=st.sampled_from(["BTC", "PURR/USDC", "\n"]),
    is_buy=st.booleans(),
    sz=amounts,
    limit_px=amounts,
    timestamp=st.sampled_from([0, 5000, 10**9]).map(lambda ago: time.time_ns() // 10**6 - ago),
)
requests = st.one_of(
    st.builds(pb.SignRequest, key=names, version=st.sampled_from([0, 1, 2]), raw=raws),
    st.builds(
        pb.SignRequest,
        key=names,
        order=orders,
        expected_fingerprint=st.sampled_from([b"", b"", b"", bytes(32), b"short"]),
    ),
)
good_requests = st.one_of(
    st.builds(sign_request, st.just("prop-ed"), st.binary(min_size=1, max_size=99)),
    st.builds(
        sign_request,
        st.just("prop-ec"),
        st.binary(min_size=1, max_size=99),
        st.just(resources.ALGORITHM_ECDSA_SECP256K1),
    ),
)


@pytest.fixture(scope="module")
def daemon(shared_daemon: Daemon) -> Daemon:
    with shared_daemon.client("admin") as client:
        for name, (algorithm, purpose) in KEYS.items():
            create(client, name, algorithm, purpose)
    return shared_daemon


@pytest.fixture(scope="module")
def bot(daemon: Daemon) -> Iterator[Client]:
    with daemon.client("bot") as client:
        yield client


@pytest.fixture(scope="module")
def admin(daemon: Daemon) -> Iterator[Client]:
    with daemon.client("admin") as client:
        yield client


def single(client: Client, request: pb.SignRequest) -> Answer:
    call = client.channel.unary_unary(SIGN + "Sign")
    try:
        answer = call(request.SerializeToString(), timeout=PATIENCE)
    except grpc.RpcError as error:
        return refusal_of(error)
    return unrecorded(pb.SignResponse.FromString(answer))


def told(outcome: pb.SignBatchResult | pb.SignStreamResponse) -> Answer:
    if outcome.HasField("error"):
        assert isinstance(outcome.error, status_pb2.Status)
        return refusal_in(outcome.error)
    return unrecorded(outcome.response)


@quick
@given(items=st.lists(requests, min_size=1, max_size=8))
def test_a_batch_says_what_single_calls_say(bot: Client, items: list[pb.SignRequest]) -> None:
    data = pb.SignBatchRequest(requests=items).SerializeToString()
    answer = bot.channel.unary_unary(SIGN + "SignBatch")(data, timeout=PATIENCE)
    results = pb.SignBatchResponse.FromString(answer).results
    assert [told(result) for result in results] == [single(bot, item) for item in items]


@quick
@given(items=st.lists(requests, min_size=1, max_size=8), ids=st.randoms(use_true_random=False))
def test_a_stream_says_what_single_calls_say(
    bot: Client, items: list[pb.SignRequest], ids: Random
) -> None:
    chosen = ids.sample(range(2**62), len(items))
    messages = [
        pb.SignStreamRequest(id=number, request=item).SerializeToString()
        for number, item in zip(chosen, items, strict=True)
    ]
    call = bot.channel.stream_stream(SIGN + "SignStream")
    answers = [
        pb.SignStreamResponse.FromString(data) for data in call(iter(messages), timeout=PATIENCE)
    ]
    by_id = {answer.id: told(answer) for answer in answers}
    assert len(answers) == len(items)
    assert [by_id[number] for number in chosen] == [single(bot, item) for item in items]


@quick
@given(request=good_requests, by_batch=st.booleans())
def test_s33_a_retry_is_answered_as_at_first_whatever_came_between(
    bot: Client, request: pb.SignRequest, by_batch: bool
) -> None:
    request.request_id = f"retry-{next(numbers)}"
    first = single(bot, request)
    assert isinstance(first, pb.SignResponse)
    other = pb.SignRequest()
    other.CopyFrom(request)
    other.raw.message += b"!"
    assert single(bot, other) == Refusal("ALREADY_EXISTS", "REQUEST_ID_REUSED")
    if by_batch:  # another method is another scope, and its own content is its own
        assert isinstance(bot.sign_batch([other])[0], pb.SignResponse)
    assert single(bot, request) == first


@quick
@given(mine=good_requests, theirs=good_requests)
def test_s33_a_request_id_is_nothing_to_another_identity(
    bot: Client, admin: Client, mine: pb.SignRequest, theirs: pb.SignRequest
) -> None:
    mine.request_id = theirs.request_id = f"mine-{next(numbers)}"
    first = single(bot, mine)
    unnumbered = pb.SignRequest()
    unnumbered.CopyFrom(theirs)
    unnumbered.request_id = ""
    assert single(admin, theirs) == single(admin, unnumbered)
    assert single(bot, mine) == first


def test_s33_a_creation_is_answered_as_at_first_and_to_its_own_identity_only(
    bot: Client, admin: Client
) -> None:
    how = {
        "algorithm": resources.ALGORITHM_ED25519,
        "purpose": resources.PURPOSE_RAW,
        "custody": resources.CUSTODY_ENVELOPE,
        "request_id": "prop-creation",
    }
    first = bot.create_key("prop-once", **how)
    assert bot.create_key("prop-once", **how) == first
    with pytest.raises(SignwardError) as raised:
        admin.create_key("prop-once", **how)
    assert raised.value.reason == "KEY_EXISTS"


def test_s33_a_retry_asks_for_the_keys_state_again(bot: Client, admin: Client) -> None:
    create(admin, "prop-stopped")
    request = sign_request("prop-stopped", request_id="prop-before")
    first = single(bot, request)
    admin.disable_key("prop-stopped")
    assert single(bot, request) == Refusal("FAILED_PRECONDITION", "KEY_DISABLED")
    admin.enable_key("prop-stopped")
    assert single(bot, request) == first
