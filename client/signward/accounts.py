"""The client's calls to ``AccountService``: agents of Hyperliquid accounts."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from signward.expiry import expiry_message
from signward.methods import paged, unary
from signward.plans import Pages, Plan, Rpc, has_request_id
from signward.v1 import account_service_pb2 as pb
from signward.v1.account_service_pb2_grpc import AccountServiceStub

__all__ = ["AccountCalls"]

_APPROVE_AGENT = Rpc(AccountServiceStub, lambda stub: stub.ApproveAgent, has_request_id)
_ROTATE_AGENT = Rpc(AccountServiceStub, lambda stub: stub.RotateAgent, has_request_id)
_LIST_AGENTS = Rpc(AccountServiceStub, lambda stub: stub.ListAgents)
_EXPIRE_AGENT = Rpc(AccountServiceStub, lambda stub: stub.ExpireAgent)


class AccountCalls:
    """``AccountService``. Every call raises ``SignwardError`` when it fails."""

    @unary
    def approve_agent(
        self,
        key: str,
        agent_key: str,
        *,
        network: str,
        agent_name: str = "",
        agent_version: int = 0,
        expires: datetime | timedelta | None = None,
        request_id: str | None = None,
        timeout: float | None = None,
    ) -> Plan[pb.ApproveAgentResponse]:
        """Sign the approval of an agent, ready to post.

        Args:
            key: Id of the master's key.
            agent_key: Id of the agent's key.
            network: ``mainnet`` or ``testnet``, as both keys are pinned.
            agent_name: At most 16 letters, digits, spaces and ``_.-``; empty: the account's one
                agent without a name.
            agent_version: Version of the agent's key; 0: the newest primary or pending one.
            expires: When the exchange shall end it, with a time zone, or how long from now; 180
                days ahead at most; needs a name. To repeat a request give the same time.
            request_id: Makes retries safe, for ever; ``None``: a fresh one, so that this call's
                own retries are.
            timeout: Seconds; ``None``: the client's.

        Returns:
            The agent, and the signature with ``post_body``, the body of a POST to
            ``/exchange``.

        Raises:
            ValueError: ``expires`` has no time zone.
        """
        request = pb.ApproveAgentRequest(
            key=key,
            agent_key=agent_key,
            agent_version=agent_version,
            agent_name=agent_name,
            network=network,
            expire_time=None if expires is None else expiry_message(expires),
            request_id=uuid.uuid4().hex if request_id is None else request_id,
        )
        return _APPROVE_AGENT(request, timeout)

    @unary
    def rotate_agent(
        self,
        key: str,
        agent_key: str,
        *,
        expires: datetime | timedelta | None = None,
        request_id: str | None = None,
        timeout: float | None = None,
    ) -> Plan[pb.RotateAgentResponse]:
        """Make a new version of an agent's key, and sign its approval under the agent's name.

        Post it, and then ``activate_key_version`` with ``response.agent.agent_version``.
        Arguments as of ``approve_agent``.
        """
        request = pb.RotateAgentRequest(
            key=key,
            agent_key=agent_key,
            expire_time=None if expires is None else expiry_message(expires),
            request_id=uuid.uuid4().hex if request_id is None else request_id,
        )
        return _ROTATE_AGENT(request, timeout)

    @paged
    def list_agents(
        self, key: str, *, page_size: int = 0, timeout: float | None = None
    ) -> Pages[pb.Agent]:
        """Yield the agents of a master key, newest first, those that have ended included.

        Pages are asked for as they are needed; ``timeout`` is for each of them.
        """
        request = pb.ListAgentsRequest(key=key, page_size=page_size)
        return Pages(_LIST_AGENTS, request, timeout, lambda page: page.agents)

    @unary
    def expire_agent(
        self, key: str, address: str, *, reason: str = "", timeout: float | None = None
    ) -> Plan[pb.Agent]:
        """End an agent for good; returns when no worker signs with it any more.

        Args:
            key: Id of the master's key.
            address: The agent's address.
            reason: Why, for the record; at most 256 characters.
            timeout: Seconds; ``None``: the client's.
        """
        request = pb.ExpireAgentRequest(key=key, address=address, reason=reason)
        return (yield from _EXPIRE_AGENT(request, timeout)).agent
