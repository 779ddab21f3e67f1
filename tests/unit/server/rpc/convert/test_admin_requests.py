from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st
from signward.v1 import admin_service_pb2 as pb
from signward.v1 import resources_pb2
from signward_server.core.errors import FieldInvalid
from signward_server.core.identity import Identity, IdentityKind
from signward_server.core.keys import Freeze
from signward_server.core.ports import ReloadPart
from signward_server.flows.key_requests import KeyFilter
from signward_server.rpc.convert.admin_requests import (
    api_key_id,
    approval_digest,
    approval_end,
    freeze_mode,
    identity,
    make_api_key,
    reload_parts,
    target,
)
from signward_server.rpc.convert.fields import Fields
from signward_server.rpc.convert.times import timestamp

NOW = datetime(2030, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
IMPORTED = "the-secret-of-the-replaced-service"
Making = pb.CreateApiKeyRequest | pb.ImportApiKeyRequest


def _creation(**changes: object) -> pb.CreateApiKeyRequest:
    fields: dict[str, object] = {"identity": "cn:bot", "expire_time": timestamp(NOW + DAY)}
    return pb.CreateApiKeyRequest(**(fields | changes))  # type: ignore[arg-type]


def _import(**changes: object) -> pb.ImportApiKeyRequest:
    fields: dict[str, object] = {
        "identity": "cn:bot",
        "expire_time": timestamp(NOW + DAY),
        "secret": IMPORTED,
    }
    return pb.ImportApiKeyRequest(**(fields | changes))  # type: ignore[arg-type]


def _named(message: Making) -> list[str]:
    with pytest.raises(FieldInvalid) as caught:
        make_api_key(message, NOW)
    return [violation.field for violation in caught.value.violations]


def test_a_short_creation() -> None:
    request = make_api_key(_creation(), NOW)
    assert request.identity == Identity(IdentityKind.CN, "bot")
    assert request.expire_time == NOW + DAY
    assert (request.address_ranges, request.secret) == ((), "")


def test_a_full_import() -> None:
    ranges = ["10.1.0.0/16", "2001:DB8:0::/32", "10.1.0.0/16"]
    request = make_api_key(_import(identity="spiffe://a.b/c", address_ranges=ranges), NOW)
    assert str(request.identity) == "spiffe://a.b/c"
    assert request.address_ranges == ("10.1.0.0/16", "2001:db8::/32")
    assert request.secret == IMPORTED
    assert IMPORTED not in repr(request)


@pytest.mark.parametrize("text", ["spiffe://a.b/c", "dns:a.example", "cn:A b", "apikey:bot-1"])
def test_every_kind_of_identity_can_hold_a_key(text: str) -> None:
    assert str(make_api_key(_creation(identity=text), NOW).identity) == text


@pytest.mark.parametrize(
    "text",
    ["", "bot", "cn:", "cn:a\0", "cn: a", "CN:a", "dns:*.a", "apikey:A", "spiffe://a", "cn:ü"],
)
def test_s01_an_identity_outside_of_its_grammar_is_refused(text: str) -> None:
    assert _named(_creation(identity=text)) == ["identity"]


@pytest.mark.parametrize(
    ("expire_time", "accepted"),
    [
        (timestamp(NOW), False),
        (timestamp(NOW - DAY), False),
        (timestamp(NOW + timedelta(microseconds=1)), True),
        (Timestamp(seconds=int(NOW.timestamp()), nanos=999), False),
        (timestamp(NOW.replace(year=2040)), True),
        (timestamp(NOW.replace(year=2040) + 2 * DAY), False),
        (timestamp(datetime(9999, 12, 31, tzinfo=UTC)), False),
        (Timestamp(), False),
        (Timestamp(seconds=int(NOW.timestamp()) + 1, nanos=1_000_000_000), False),
        (Timestamp(seconds=int(NOW.timestamp()) + 1, nanos=-1), False),
        (Timestamp(seconds=2**63 - 1), False),
        (Timestamp(seconds=-(2**63)), False),
    ],
)
def test_a_key_ends_within_ten_years(expire_time: Timestamp, accepted: bool) -> None:
    message = _creation(expire_time=expire_time)
    if accepted:
        assert make_api_key(message, NOW).expire_time == expire_time.ToDatetime(UTC)
    else:
        assert _named(message) == ["expire_time"]


def test_a_key_without_an_end_is_refused() -> None:
    message = _creation()
    message.ClearField("expire_time")
    assert _named(message) == ["expire_time"]


@pytest.mark.parametrize("text", ["", "10.0.0.1", "10.0.0.1/8", "10.0.0.0/08", "::ffff:0:0/96"])
def test_s03_a_range_that_is_not_plainly_a_network_is_refused(text: str) -> None:
    assert _named(_creation(address_ranges=["192.0.2.0/24", text])) == ["address_ranges"]


def test_s03_there_are_at_most_32_ranges() -> None:
    ranges = [f"10.{number}.0.0/16" for number in range(33)]
    assert _named(_creation(address_ranges=ranges)) == ["address_ranges"]
    assert len(make_api_key(_creation(address_ranges=ranges[:32]), NOW).address_ranges) == 32


@pytest.mark.parametrize(
    "secret", ["", "short", "a" * 30, "a secret with spaces 0123456", "ä" * 24, "signward_" * 6]
)
def test_a_secret_that_is_easy_to_guess_is_refused_and_not_repeated(secret: str) -> None:
    with pytest.raises(FieldInvalid) as caught:
        make_api_key(_import(secret=secret), NOW)
    (violation,) = caught.value.violations
    assert violation.field == "secret"
    assert not secret or secret not in repr(violation)


def test_all_that_is_wrong_is_said_at_once() -> None:
    message = pb.ImportApiKeyRequest(address_ranges=["x"])
    assert _named(message) == ["identity", "expire_time", "address_ranges", "secret"]


@pytest.mark.parametrize(
    ("text", "accepted"),
    [
        ("ak_abcdefghij234567", True),
        ("ak_0000000000000000", True),
        ("", False),
        ("ak_", False),
        ("ak_abcdefghij23456", False),
        ("ak_abcdefghij2345678", False),
        ("ak_ABCDEFGHIJ234567", False),
        ("ak_abcdefghij234567\n", False),
        ("xx_abcdefghij234567", False),
    ],
)
def test_the_id_of_an_api_key(text: str, accepted: bool) -> None:
    fields = Fields()
    assert api_key_id(fields, text) == text
    assert (_violated(fields) == []) == accepted


def test_an_identity_to_look_for_may_be_empty_but_not_malformed() -> None:
    fields = Fields()
    assert identity(fields, "") is None
    assert _violated(fields) == []
    assert identity(fields, "nonsense") is None
    assert _violated(fields) == ["identity"]


def _violated(fields: Fields) -> list[str]:
    try:
        fields.check()
    except FieldInvalid as invalid:
        return [violation.field for violation in invalid.violations]
    return []


@pytest.mark.parametrize("kind", [pb.FreezeKeyRequest, pb.UnfreezeKeyRequest])
def test_a_target_is_a_key_or_some_labels(
    kind: type[pb.FreezeKeyRequest | pb.UnfreezeKeyRequest],
) -> None:
    fields = Fields()
    assert target(fields, kind(key_id="hot")) == "hot"
    selector = pb.LabelSelector(labels={"desk": "a"})
    assert target(fields, kind(selector=selector)) == KeyFilter(labels={"desk": "a"})
    assert _violated(fields) == []


@pytest.mark.parametrize(
    ("message", "field"),
    [
        (pb.FreezeKeyRequest(), "target"),
        (pb.FreezeKeyRequest(key_id=""), "key_id"),
        (pb.FreezeKeyRequest(key_id="Hot"), "key_id"),
        (pb.FreezeKeyRequest(selector=pb.LabelSelector()), "selector.labels"),
        (
            pb.FreezeKeyRequest(selector=pb.LabelSelector(labels={f"l{n}": "" for n in range(41)})),
            "selector.labels",
        ),
        (
            pb.FreezeKeyRequest(selector=pb.LabelSelector(labels={"": "a"})),
            "selector.labels",
        ),
    ],
)
def test_a_target_that_could_mean_every_key_is_refused(
    message: pb.FreezeKeyRequest, field: str
) -> None:
    fields = Fields()
    target(fields, message)
    assert _violated(fields) == [field]


@pytest.mark.parametrize(
    ("number", "mode"),
    [
        (resources_pb2.FREEZE_CANCEL_ONLY, Freeze.CANCEL_ONLY),
        (resources_pb2.FREEZE_ALL, Freeze.ALL),
        (resources_pb2.FREEZE_UNSPECIFIED, None),
        (resources_pb2.FREEZE_NONE, None),
        (99, None),
    ],
)
def test_a_freeze_stops_something(number: int, mode: Freeze | None) -> None:
    fields = Fields()
    found = freeze_mode(fields, number)
    assert _violated(fields) == ([] if mode else ["mode"])
    assert mode in (None, found)


def test_parts_to_reload() -> None:
    fields = Fields()
    assert reload_parts(fields, []) == frozenset()
    assert reload_parts(fields, [1, 2, 3, 4, 5, 6, 4]) == frozenset(ReloadPart)
    assert reload_parts(fields, [pb.RELOAD_PART_LIMITS]) == {ReloadPart.LIMITS}
    assert _violated(fields) == []
    for unknown in (0, 7, -1):
        fields = Fields()
        reload_parts(fields, [1, unknown])
        assert _violated(fields) == ["parts"]


@given(
    st.text(max_size=40),
    st.integers(-(2**63), 2**63 - 1),
    st.integers(-(2**31), 2**31 - 1),
    st.lists(st.text(max_size=20), max_size=40),
    st.text(max_size=60),
)
def test_no_request_crashes_and_nothing_malformed_is_accepted(
    holder: str, seconds: int, nanos: int, ranges: list[str], secret: str
) -> None:
    message = pb.ImportApiKeyRequest(
        identity=holder,
        expire_time=Timestamp(seconds=seconds, nanos=nanos),
        address_ranges=ranges,
        secret=secret,
    )
    try:
        request = make_api_key(message, NOW)
    except FieldInvalid as invalid:
        named = {violation.field for violation in invalid.violations}
        assert named <= {"identity", "expire_time", "address_ranges", "secret"}
        return
    assert NOW < request.expire_time <= NOW + 3653 * DAY
    assert str(request.identity) == holder
    assert len(secret) >= 24


@pytest.mark.parametrize(("size", "accepted"), [(0, False), (31, False), (32, True), (33, False)])
def test_what_is_approved_has_32_bytes(size: int, accepted: bool) -> None:
    fields = Fields()
    assert approval_digest(fields, bytes(size)) == bytes(size)
    assert (_violated(fields) == []) == accepted


@pytest.mark.parametrize(
    ("end", "accepted"),
    [
        (NOW, False),
        (NOW + timedelta(microseconds=1), True),
        (NOW + DAY, True),
        (NOW + DAY + timedelta(microseconds=1), False),
        (NOW - DAY, False),
    ],
)
def test_s15_an_approval_ends_within_a_day(end: datetime, accepted: bool) -> None:
    fields = Fields()
    message = pb.ApproveRequestRequest(digest=bytes(32), expire_time=timestamp(end))
    assert approval_end(fields, message, NOW) == (end if accepted else NOW)
    assert (_violated(fields) == []) == accepted


@pytest.mark.parametrize(
    "message",
    [
        pb.ApproveRequestRequest(),
        pb.ApproveRequestRequest(expire_time=Timestamp(seconds=2**62)),
        pb.ApproveRequestRequest(expire_time=Timestamp(seconds=1, nanos=-1)),
    ],
)
def test_an_end_that_is_no_time_is_refused(message: pb.ApproveRequestRequest) -> None:
    fields = Fields()
    assert approval_end(fields, message, NOW) == NOW
    assert _violated(fields) == ["expire_time"]
