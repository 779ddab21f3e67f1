"""Requests about agents, checked for form."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TypeAlias

from signward.v1 import account_service_pb2 as pb

from signward_server.core.networks import HYPERLIQUID_NETWORKS
from signward_server.flows.agents.names import whole_milliseconds
from signward_server.flows.agents.requests import ApproveAgent, RotateAgent
from signward_server.rpc.convert.fields import Fields
from signward_server.rpc.convert.times import moment

__all__ = ["agent_address", "approve_agent", "rotate_agent"]

_is_name = re.compile(r"(?:[A-Za-z0-9_.-](?:[A-Za-z0-9_. -]{0,14}[A-Za-z0-9_.-])?)?").fullmatch
_NAME_RULE = (
    "Must be at most 16 letters, digits, spaces and _.-, with no space first or last, and without "
    "valid_until: see expire_time."
)
_Ending: TypeAlias = pb.ApproveAgentRequest | pb.RotateAgentRequest


def approve_agent(message: pb.ApproveAgentRequest) -> ApproveAgent:
    """Convert an ApproveAgentRequest.

    Raises:
        FieldInvalid: Names each field at fault.
    """
    fields = Fields()
    if not _is_name(message.agent_name) or "valid_until" in message.agent_name:
        fields.note("agent_name", _NAME_RULE)
    if message.network not in HYPERLIQUID_NETWORKS:
        fields.note("network", f"Must be {' or '.join(HYPERLIQUID_NETWORKS)}.")
    request = ApproveAgent(
        key_id=fields.key_id("key", message.key),
        agent_key=fields.key_id("agent_key", message.agent_key),
        agent_version=message.agent_version,
        name=message.agent_name,
        network=message.network,
        expire_time=_expire_time(fields, message),
        request_id=_request_id(fields, message.request_id),
    )
    fields.check()
    return request


def rotate_agent(message: pb.RotateAgentRequest) -> RotateAgent:
    """Convert a RotateAgentRequest.

    Raises:
        FieldInvalid: Names each field at fault.
    """
    fields = Fields()
    request = RotateAgent(
        key_id=fields.key_id("key", message.key),
        agent_key=fields.key_id("agent_key", message.agent_key),
        expire_time=_expire_time(fields, message),
        request_id=_request_id(fields, message.request_id),
    )
    fields.check()
    return request


def agent_address(fields: Fields, text: str) -> str:
    """Check the address of an agent; return it in lower case."""
    if not text:
        fields.note("address", "Must be the address of an agent, 0x and 40 hex digits.")
    return fields.address("address", text)


def _request_id(fields: Fields, text: str) -> str:
    if not text:
        fields.note("request_id", "Must be set: a retry without one would be another approval.")
    return fields.request_id("request_id", text)


def _expire_time(fields: Fields, message: _Ending) -> datetime | None:
    """Check when an agent is to end; ``None`` for no wish."""
    if not message.HasField("expire_time"):
        return None
    end = moment(message.expire_time)
    if end is None:
        fields.note("expire_time", "Must be a time of the calendar.")
        return None
    return whole_milliseconds(end)
