"""Bad requests through the wire: each with its status, its reason and its field."""

from __future__ import annotations

import time
from collections.abc import Iterator

import grpc
import pytest
from signward.v1 import key_service_pb2 as key_pb
from signward.v1 import resources_pb2 as resources
from signward.v1 import sign_service_pb2 as pb

from tests.running.calls import KEYS, SIGN, Refusal, refusal_in, refused, unary
from tests.running.keys import create, sign_request
from tests.running.process import Daemon
from tests.running.wire import field, number

pytestmark = pytest.mark.integration

MIB = 2**20
ED, EC, ORDER = "bad-ed", "bad-ec", "bad-order"


def invalid(*fields: str) -> Refusal:
    return Refusal("INVALID_ARGUMENT", "FIELD_INVALID", fields)


MALFORMED = Refusal("INVALID_ARGUMENT", "PAYLOAD_MALFORMED")
TOO_LARGE = Refusal("RESOURCE_EXHAUSTED", "MESSAGE_TOO_LARGE")
NO_KEY = Refusal("NOT_FOUND", "KEY_NOT_FOUND")
NOT_KNOWN = invalid("")  # the request as a whole: a field that the daemon does not know


@pytest.fixture(scope="module")
def daemon(shared_daemon: Daemon) -> Daemon:
    with shared_daemon.client() as client:
        create(client, ED)
        create(client, EC, resources.ALGORITHM_ECDSA_SECP256K1)
        create(client, ORDER, purpose=resources.PURPOSE_ORDER)
    return shared_daemon


@pytest.fixture(scope="module")
def channel(daemon: Daemon) -> Iterator[grpc.Channel]:
    with daemon.client() as client:
        yield client.channel


def raw(message: bytes = b"m", key: str = ED, hash_: int = 0, **fields: object) -> bytes:
    payload = pb.RawMessage(message=message, hash=hash_)  # type: ignore[arg-type]
    return pb.SignRequest(key=key, raw=payload, **fields).SerializeToString()  # type: ignore[arg-type]


def order(key: str = ORDER, **changes: object) -> bytes:
    good: dict[str, object] = {
        "action": "order", "coin": "BTC", "is_buy": True, "sz": "0.1", "limit_px": "50000",
        "timestamp": time.time_ns() // 10**6,
    }  # fmt: skip
    intent = pb.OrderIntent(**(good | changes))  # type: ignore[arg-type]
    return pb.SignRequest(key=key, order=intent).SerializeToString()


SIGN_CASES: dict[str, tuple[bytes, Refusal]] = {
    "64 KiB and a byte": (raw(bytes(2**16 + 1)), invalid("raw.message")),
    "more than the largest message": (raw(bytes(2**17)), TOO_LARGE),
    "empty payload": (raw(b""), invalid("raw.message")),
    "no payload": (pb.SignRequest(key=ED).SerializeToString(), invalid("payload")),
    "no key": (raw(key=""), invalid("key")),
    "unknown key": (raw(key="nobody"), NO_KEY),
    "a key with a hostile name": (raw(key="../../kek"), NO_KEY),
    "a key with a name too long": (raw(key="k" * 129), invalid("key")),
    "unknown version": (raw(version=2), Refusal("NOT_FOUND", "KEY_VERSION_NOT_FOUND")),
    "the largest version": (raw(version=2**32 - 1), Refusal("NOT_FOUND", "KEY_VERSION_NOT_FOUND")),
    "unknown hash": (raw(hash_=9), invalid("raw.hash")),
    "negative hash": (raw(hash_=-1), invalid("raw.hash")),
    "hash for Ed25519": (raw(hash_=1), invalid("raw.hash")),
    "no hash for secp256k1": (raw(key=EC), invalid("raw.hash")),
    "a digest without the right to": (raw(bytes(32), EC, 3), invalid("raw.hash")),
    "an Ethereum message": (
        raw(b"\x19Ethereum Signed Message:\n", EC, 2),
        Refusal("INVALID_ARGUMENT", "PAYLOAD_UNSUPPORTED", ("raw.message",)),
    ),
    "short fingerprint": (raw(expected_fingerprint=b"1"), invalid("expected_fingerprint")),
    "another fingerprint": (
        raw(expected_fingerprint=bytes(32)),
        Refusal("FAILED_PRECONDITION", "FINGERPRINT_MISMATCH"),
    ),
    "long request_id": (raw(request_id="r" * 65), invalid("request_id")),
    "space in the request_id": (raw(request_id="a b"), invalid("request_id")),
    "several at once": (
        pb.SignRequest(expected_fingerprint=b"1", request_id="a b").SerializeToString(),
        invalid("key", "expected_fingerprint", "request_id", "payload"),
    ),
    "a raw message for a key that signs orders": (
        raw(key=ORDER),
        Refusal("PERMISSION_DENIED", "KEY_PURPOSE_MISMATCH"),
    ),
    "unknown field": (raw() + field(99, b"x"), NOT_KNOWN),
    "unknown field in the payload": (
        field(1, ED.encode()) + field(10, field(1, b"m") + number(77, 1)),
        NOT_KNOWN,
    ),
    "unknown payload": (field(1, ED.encode()) + field(15, b""), NOT_KNOWN),
    "invalid UTF-8 in the key": (field(1, b"\xff\xfe") + field(10, field(1, b"m")), MALFORMED),
    "overlong UTF-8 in the key": (field(1, b"\xc0\xaf") + field(10, field(1, b"m")), MALFORMED),
    "a surrogate in the key": (field(1, b"\xed\xa0\x80") + field(10, field(1, b"m")), MALFORMED),
    "invalid UTF-8 in the request_id": (raw() + field(4, b"\x80"), MALFORMED),
    "invalid UTF-8 in the coin": (
        field(1, ORDER.encode()) + field(11, field(2, b"\xff")),
        MALFORMED,
    ),
    "a length beyond the end": (b"\x0a\xff\xff\xff\xff\x0f", MALFORMED),
    "an endless varint": (b"\x10" + b"\xff" * 11, MALFORMED),
    "no protobuf": (b"\xff\xff\xff\xff", MALFORMED),
    "JSON": (b'{"key": "bad-ed"}', MALFORMED),
}


@pytest.mark.parametrize("name", SIGN_CASES)
def test_a_bad_request_to_sign(channel: grpc.Channel, name: str) -> None:
    data, expected = SIGN_CASES[name]
    assert refused(channel, SIGN + "Sign", data) == expected


ORDER_CASES: dict[str, tuple[dict[str, object], Refusal]] = {
    "NaN": ({"sz": "NaN"}, invalid("order.sz")),
    "infinity": ({"limit_px": "Infinity"}, invalid("order.limit_px")),
    "negative": ({"sz": "-1"}, invalid("order.sz")),
    "negative zero": ({"sz": "-0"}, invalid("order.sz")),
    "plus": ({"sz": "+1"}, invalid("order.sz")),
    "exponent": ({"limit_px": "1e3"}, invalid("order.limit_px")),
    "30 digits": ({"sz": "1" * 30}, invalid("order.sz")),
    "30 zeros": ({"sz": "0." + "0" * 30}, invalid("order.sz")),
    "16 digits": ({"sz": "0.1234567890123456"}, invalid("order.sz")),
    "empty": ({"sz": ""}, invalid("order.sz")),
    "leading zero": ({"sz": "01"}, invalid("order.sz")),
    "point first": ({"sz": ".5"}, invalid("order.sz")),
    "comma": ({"sz": "1,5"}, invalid("order.sz")),
    "underscore": ({"sz": "1_000"}, invalid("order.sz")),
    "Arabic digits": ({"sz": "\u0661"}, invalid("order.sz")),
    "hexadecimal": ({"sz": "0x10"}, invalid("order.sz")),
    "quote in the coin": ({"coin": 'B","sz":"9'}, invalid("order.coin")),
    "long coin": ({"coin": "C" * 33}, invalid("order.coin")),
    "no action": ({"action": ""}, invalid("order.action")),
    "line feed in the action": ({"action": "order\n"}, invalid("order.action")),
    "no timestamp": ({"timestamp": 0}, invalid("order.timestamp")),
    "seconds": ({"timestamp": 1_800_000_000}, invalid("order.timestamp")),
    "negative time": ({"timestamp": -1}, invalid("order.timestamp")),
    "the end of time": ({"timestamp": 2**63 - 1}, invalid("order.timestamp")),
    "all at once": (
        {"action": "", "coin": "", "sz": "", "limit_px": "", "timestamp": 0},
        invalid("order.action", "order.coin", "order.sz", "order.limit_px", "order.timestamp"),
    ),
    "9 decimals": (
        {"sz": "0.000000001"},
        Refusal("INVALID_ARGUMENT", "PAYLOAD_UNSUPPORTED", ("order.sz",)),
    ),
    "more than a long": (
        {"sz": "100000000000"},
        Refusal("INVALID_ARGUMENT", "PAYLOAD_UNSUPPORTED", ("order.sz",)),
    ),
    "a product above a long": (
        {"sz": "1000000000", "limit_px": "1000"},
        Refusal("INVALID_ARGUMENT", "PAYLOAD_UNSUPPORTED", ("order.limit_px",)),
    ),
}


@pytest.mark.parametrize("name", ORDER_CASES)
def test_a_bad_order(channel: grpc.Channel, name: str) -> None:
    changes, expected = ORDER_CASES[name]
    assert refused(channel, SIGN + "Sign", order(**changes)) == expected


def creation(**changes: object) -> bytes:
    good: dict[str, object] = {"key_id": "bad-new", "algorithm": 1, "custody": 1, "purpose": 1}
    return key_pb.CreateKeyRequest(**(good | changes)).SerializeToString()  # type: ignore[arg-type]


KEY_CASES: dict[str, tuple[str, bytes, Refusal]] = {
    "unknown algorithm": ("CreateKey", creation(algorithm=9), invalid("algorithm")),
    "no algorithm": ("CreateKey", creation(algorithm=0), invalid("algorithm")),
    "unknown custody": ("CreateKey", creation(custody=99), invalid("custody")),
    "no custody": ("CreateKey", creation(custody=0), invalid("custody")),
    "unknown purpose": ("CreateKey", creation(purpose=-5), invalid("purpose")),
    "upper case id": ("CreateKey", creation(key_id="Key"), invalid("key_id")),
    "path as id": ("CreateKey", creation(key_id="../x"), invalid("key_id")),
    "existing id": ("CreateKey", creation(key_id=ED), Refusal("ALREADY_EXISTS", "KEY_EXISTS")),
    "hostile owner": ("CreateKey", creation(owner="admin\n"), invalid("owner")),
    "41 labels": (
        "CreateKey",
        creation(labels={f"l{n}": "" for n in range(41)}),
        invalid("labels"),
    ),
    "control character in a label": ("CreateKey", creation(labels={"a\0": "x"}), invalid("labels")),
    "digests for Ed25519": ("CreateKey", creation(allow_digest=True), invalid("allow_digest")),
    "network for a raw key": ("CreateKey", creation(network="mainnet"), invalid("network")),
    "everything at once": (
        "CreateKey",
        b"",
        invalid("key_id", "algorithm", "custody", "purpose"),
    ),
    "unknown key to read": ("GetKey", field(1, b"nobody"), NO_KEY),
    "unknown key to disable": ("DisableKey", field(1, b"nobody"), NO_KEY),
    "unknown key's public key": ("GetPublicKey", field(1, b"nobody"), NO_KEY),
    "unknown version's public key": (
        "GetPublicKey",
        field(1, ED.encode()) + number(2, 7),
        Refusal("NOT_FOUND", "KEY_VERSION_NOT_FOUND"),
    ),
    "unknown field": ("GetKey", field(1, ED.encode()) + number(500, 1), NOT_KNOWN),
    "unknown view": ("GetKey", field(1, ED.encode()) + number(2, 9), invalid("view")),
    "a forged page token": ("ListKeys", field(2, b"bad-ed"), invalid("page_token")),
    "a page token of another form": ("ListKeys", field(2, b"AmJhZA"), invalid("page_token")),
    "a page token that is too long": ("ListKeys", field(2, b"A" * 5000), invalid("page_token")),
    "a page token of no text": ("ListKeys", field(2, b"Af__"), invalid("page_token")),
    "an unknown purpose to filter": ("ListKeys", number(7, 50), invalid("purpose")),
    "invalid UTF-8 in the id": ("GetKey", field(1, b"\xff"), MALFORMED),
    "nothing to update": ("UpdateKey", field(1, ED.encode()), invalid("update_mask")),
    "immutable field to update": (
        "UpdateKey",
        key_pb.UpdateKeyRequest(key_id=ED, update_mask={"paths": ["purpose"]}).SerializeToString(),
        invalid("update_mask"),
    ),
    "stale etag": (
        "UpdateKey",
        key_pb.UpdateKeyRequest(
            key_id=ED, etag="nope", update_mask={"paths": ["labels"]}
        ).SerializeToString(),
        Refusal("ABORTED", "ETAG_MISMATCH"),
    ),
    "a grace that is too long": (
        "RotateKey",
        key_pb.RotateKeyRequest(
            key_id=ED, grace_period={"seconds": 366 * 86_400}
        ).SerializeToString(),
        invalid("grace_period"),
    ),
    "a stale etag to rotate": (
        "RotateKey",
        key_pb.RotateKeyRequest(key_id=ED, etag="nope").SerializeToString(),
        Refusal("ABORTED", "ETAG_MISMATCH"),
    ),
    "no version to activate": ("ActivateKeyVersion", field(1, ED.encode()), invalid("version")),
    "a version that is not pending": (
        "ActivateKeyVersion",
        key_pb.ActivateKeyVersionRequest(key_id=ED, version=1).SerializeToString(),
        Refusal("FAILED_PRECONDITION", "KEY_VERSION_NOT_PENDING"),
    ),
    "a wait that is too short": (
        "ScheduleDestroyKeyVersion",
        key_pb.ScheduleDestroyKeyVersionRequest(
            key_id=ED, version=1, wait={"seconds": 86_400}
        ).SerializeToString(),
        invalid("wait"),
    ),
    "the primary version to destroy": (
        "ScheduleDestroyKeyVersion",
        key_pb.ScheduleDestroyKeyVersionRequest(key_id=ED, version=1).SerializeToString(),
        Refusal("FAILED_PRECONDITION", "KEY_VERSION_PRIMARY"),
    ),
    "nothing to restore": (
        "RestoreKeyVersion",
        key_pb.RestoreKeyVersionRequest(key_id=ED, version=1).SerializeToString(),
        Refusal("FAILED_PRECONDITION", "KEY_VERSION_NOT_SCHEDULED"),
    ),
    "a version that is not there": (
        "RestoreKeyVersion",
        key_pb.RestoreKeyVersionRequest(key_id=ED, version=9).SerializeToString(),
        Refusal("NOT_FOUND", "KEY_VERSION_NOT_FOUND"),
    ),
    "not implemented": (
        "RefreshShares",
        field(1, ED.encode()),
        Refusal("UNIMPLEMENTED", "METHOD_UNIMPLEMENTED"),
    ),
}


@pytest.mark.parametrize("name", KEY_CASES)
def test_a_bad_request_about_keys(channel: grpc.Channel, name: str) -> None:
    method, data, expected = KEY_CASES[name]
    assert refused(channel, KEYS + method, data) == expected


def test_batches_of_none_and_of_too_many(channel: grpc.Channel) -> None:
    one = sign_request(ED)
    many = pb.SignBatchRequest(requests=[one] * 257).SerializeToString()
    assert refused(channel, SIGN + "SignBatch", b"") == invalid("requests")
    assert refused(channel, SIGN + "SignBatch", many) == invalid("requests")
    most = pb.SignBatchRequest(requests=[one] * 256).SerializeToString()
    answer = pb.SignBatchResponse.FromString(unary(channel, SIGN + "SignBatch")(most, timeout=60))
    assert len(answer.results) == 256


def test_a_batch_above_its_bytes_is_refused_and_one_below_is_not(channel: grpc.Channel) -> None:
    large = sign_request(ED, bytes(2**16))
    above = pb.SignBatchRequest(requests=[large] * 16).SerializeToString()
    assert len(above) > MIB
    assert refused(channel, SIGN + "SignBatch", above) == TOO_LARGE
    below = pb.SignBatchRequest(requests=[large] * 15).SerializeToString()
    answer = pb.SignBatchResponse.FromString(unary(channel, SIGN + "SignBatch")(below, timeout=60))
    assert all(result.HasField("response") for result in answer.results)


def test_every_bad_item_of_a_batch_says_what_the_single_call_says(channel: grpc.Channel) -> None:
    cases = {
        name: case for name, case in SIGN_CASES.items() if case[1] not in {MALFORMED, TOO_LARGE}
    }
    good = sign_request(ED).SerializeToString()
    data = b"".join(field(1, good) + field(1, bad) for bad, _ in cases.values())
    answer = pb.SignBatchResponse.FromString(unary(channel, SIGN + "SignBatch")(data, timeout=60))
    assert all(result.HasField("response") for result in answer.results[::2])
    told = dict(zip(cases, (refusal_in(r.error) for r in answer.results[1::2]), strict=True))
    assert told == {name: expected for name, (_, expected) in cases.items()}


def test_every_bad_item_of_a_stream_says_what_the_single_call_says(channel: grpc.Channel) -> None:
    cases = {name: case for name, case in SIGN_CASES.items() if case[1] != MALFORMED}
    messages = [number(1, n) + field(4, bad) for n, (bad, _) in enumerate(cases.values(), 1)]
    answers = list(channel.stream_stream(SIGN + "SignStream")(iter(messages), timeout=60))
    told = [refusal_in(pb.SignStreamResponse.FromString(data).error) for data in answers]
    assert dict(zip(cases, told, strict=True)) == {
        name: expected for name, (_, expected) in cases.items()
    }


def test_a_hundred_mebibytes_are_refused_and_not_kept(
    daemon: Daemon, channel: grpc.Channel
) -> None:
    data = raw(bytes(100 * MIB))
    before = daemon.status("VmHWM")
    for method in ("Sign", "SignBatch"):
        assert refused(channel, SIGN + method, data).status == "RESOURCE_EXHAUSTED"
    assert daemon.status("VmHWM") - before < 30 * 1024  # KiB
    assert unary(channel, SIGN + "Sign")(raw(), timeout=60)


def test_metadata_above_its_bound_is_refused(channel: grpc.Channel) -> None:
    call = channel.unary_unary(SIGN + "Sign")
    with pytest.raises(grpc.RpcError) as raised:
        call(raw(), timeout=60, metadata=[("x-long", "x" * 9000)])
    assert raised.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert call(raw(), timeout=60, metadata=[("x-short", "x" * 4000)])


def test_an_unknown_method_is_unimplemented(channel: grpc.Channel) -> None:
    for method in (SIGN + "SignEverything", "/signward.v1.Nothing/At", "/", "/../../kek"):
        assert refused(channel, method, b"").status == "UNIMPLEMENTED"


def test_a_request_id_that_was_used_for_something_else(channel: grpc.Channel) -> None:
    unary(channel, SIGN + "Sign")(raw(b"one", request_id="bad-1"), timeout=60)
    reused = Refusal("ALREADY_EXISTS", "REQUEST_ID_REUSED")
    assert refused(channel, SIGN + "Sign", raw(b"two", request_id="bad-1")) == reused
    unary(channel, KEYS + "CreateKey")(creation(request_id="bad-2"), timeout=60)
    again = refused(channel, KEYS + "CreateKey", creation(request_id="bad-2", algorithm=2))
    assert again == reused
