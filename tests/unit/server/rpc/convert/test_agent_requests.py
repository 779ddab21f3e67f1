from __future__ import annotations

from datetime import UTC, datetime

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st
from signward.v1 import account_service_pb2 as pb
from signward_server.core.errors import FieldInvalid
from signward_server.rpc.convert.agent_messages import agent_message
from signward_server.rpc.convert.agent_requests import agent_address, approve_agent, rotate_agent
from signward_server.rpc.convert.fields import Fields

from tests.fakes.spine.agent_register import APPROVED, agent

END = Timestamp(seconds=1_800_000_000, nanos=123_999_999)


def approval(**fields: object) -> pb.ApproveAgentRequest:
    asked: dict[str, object] = {
        "key": "desk",
        "agent_key": "bot",
        "network": "testnet",
        "request_id": "r1",
    }
    return pb.ApproveAgentRequest(**asked | fields)  # type: ignore[arg-type]


def named(error: pytest.ExceptionInfo[FieldInvalid]) -> list[str]:
    return [violation.field for violation in error.value.violations]


def test_a_short_approval() -> None:
    request = approve_agent(approval())
    assert (request.key_id, request.agent_key, request.agent_version) == ("desk", "bot", 0)
    assert (request.name, request.network, request.request_id) == ("", "testnet", "r1")
    assert request.expire_time is None


def test_a_full_approval_ends_at_a_whole_millisecond() -> None:
    request = approve_agent(approval(agent_version=3, agent_name="a b", expire_time=END))
    assert (request.agent_version, request.name) == (3, "a b")
    assert request.expire_time == datetime.fromtimestamp(1_800_000_000, UTC).replace(
        microsecond=123_000
    )


def test_a_rotation() -> None:
    message = pb.RotateAgentRequest(key="desk", agent_key="bot", expire_time=END, request_id="r")
    request = rotate_agent(message)
    assert (request.key_id, request.agent_key, request.request_id) == ("desk", "bot", "r")
    assert request.expire_time is not None


NAMES = ["a", "a" * 16, "Bot_1.x-y", "a b", "a  b", "-", "."]
NO_NAMES = [
    "a" * 17, " a", "a ", " ", "a\n", "ä", "a/b", "a\u00a0b", "x valid_until 1",
    "x valid_until 01", "valid_until",
    "a\x00", '"',
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_names_that_are_taken(name: str) -> None:
    assert approve_agent(approval(agent_name=name)).name == name


@pytest.mark.parametrize("name", NO_NAMES)
def test_names_that_are_refused(name: str) -> None:
    with pytest.raises(FieldInvalid) as raised:
        approve_agent(approval(agent_name=name))
    assert named(raised) == ["agent_name"]


@given(st.text(max_size=20))
def test_no_name_says_when_it_ends(name: str) -> None:
    try:
        taken = approve_agent(approval(agent_name=name)).name
    except (FieldInvalid, ValueError):  # the latter: no Unicode
        return
    assert taken == name
    assert " valid_until " not in f" {taken} "


BAD = {
    "key": "No",
    "agent_key": "",
    "network": "Testnet",
    "request_id": "",
    "expire_time": Timestamp(seconds=-(10**12)),
}


@pytest.mark.parametrize("field", BAD)
def test_each_bad_field_is_named(field: str) -> None:
    with pytest.raises(FieldInvalid) as raised:
        approve_agent(approval(**{field: BAD[field]}))
    assert named(raised) == [field]


def test_all_bad_fields_are_named_at_once() -> None:
    with pytest.raises(FieldInvalid) as raised:
        rotate_agent(pb.RotateAgentRequest(request_id="x" * 65))
    assert named(raised) == ["key", "agent_key", "request_id"]
    with pytest.raises(FieldInvalid) as raised:
        approve_agent(pb.ApproveAgentRequest())
    assert set(named(raised)) == {"key", "agent_key", "network", "request_id"}


@pytest.mark.parametrize("text", ["", "0x", "0x" + "g" * 40, "ab" * 20])
def test_an_address_must_be_one(text: str) -> None:
    fields = Fields()
    agent_address(fields, text)
    with pytest.raises(FieldInvalid) as raised:
        fields.check()
    assert set(named(raised)) == {"address"}


def test_an_address_is_read_in_any_case() -> None:
    fields = Fields()
    shown = "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359"
    assert agent_address(fields, shown) == agent_address(fields, shown.lower()) == shown.lower()
    fields.check()


def test_an_agent_is_shown_with_the_capitals_of_its_addresses() -> None:
    made = agent("a", address="0xfb6916095ca1df60bb79ce92ce3ea74c37c5d359")
    message = agent_message(made)
    assert message.address == "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359"
    assert message.account.lower() == made.account
    assert (message.key, message.agent_key, message.agent_version) == ("master", "agent-a", 1)
    assert (message.agent_name, message.network) == ("bot a", "testnet")
    assert message.approve_time.ToDatetime(UTC) == APPROVED
    assert not message.HasField("expire_time")
    assert not message.HasField("end_time")
    ended = agent_message(agent("a", expire_time=APPROVED, end_time=APPROVED))
    assert ended.expire_time == ended.end_time == message.approve_time
