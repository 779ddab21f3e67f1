"""``AccountService`` of the fake daemon."""

from __future__ import annotations

import datetime as dt

from signward.v1 import account_service_pb2 as pb
from signward.v1.account_service_pb2_grpc import AccountServiceServicer

from tests.fakes.daemon_state import FakeState, abort
from tests.fakes.statuses import status

__all__ = ["FakeAccountService"]

_BODY = b'{"action":{"type":"approveAgent"}}'


class FakeAccountService(FakeState, AccountServiceServicer):
    """Approves whatever it is asked to.

    Attributes:
        agents: Those that it has approved, oldest first.
    """

    def __init__(self) -> None:
        super().__init__()
        self.agents: list[pb.Agent] = []

    def ApproveAgent(self, request, context):  # noqa: N802 -- the service's names
        self._enter("ApproveAgent", request, context)
        agent = self._approved(request, request.agent_version or 1, request.agent_name)
        return self._signed(pb.ApproveAgentResponse(agent=agent))

    def RotateAgent(self, request, context):  # noqa: N802
        self._enter("RotateAgent", request, context)
        agent = self._approved(request, 2, "maker")
        return self._signed(pb.RotateAgentResponse(agent=agent))

    def ListAgents(self, request, context):  # noqa: N802
        self._enter("ListAgents", request, context)
        found = [agent for agent in reversed(self.agents) if agent.key == request.key]
        start, size = int(request.page_token or 0), request.page_size or 100
        end = start + size
        token = str(end) if end < len(found) else ""
        return pb.ListAgentsResponse(agents=found[start:end], next_page_token=token)

    def ExpireAgent(self, request, context):  # noqa: N802
        self._enter("ExpireAgent", request, context)
        for agent in self.agents:
            if agent.address == request.address:
                agent.end_time.FromDatetime(dt.datetime.now(dt.UTC))
                return pb.ExpireAgentResponse(agent=agent)
        return abort(context, status("NOT_FOUND", "AGENT_NOT_FOUND", "No such agent of this key."))

    def _approved(
        self, request: pb.ApproveAgentRequest | pb.RotateAgentRequest, version: int, name: str
    ) -> pb.Agent:
        agent = pb.Agent(
            address=f"0x{len(self.agents) + 1:040x}",
            key=request.key,
            account=f"0x{'f' * 40}",
            agent_key=request.agent_key,
            agent_version=version,
            agent_name=name,
            network="testnet",
        )
        agent.approve_time.FromDatetime(dt.datetime.now(dt.UTC))
        if request.HasField("expire_time"):
            agent.expire_time.CopyFrom(request.expire_time)
        self.agents.append(agent)
        return agent

    @staticmethod
    def _signed(answer: pb.ApproveAgentResponse) -> pb.ApproveAgentResponse:
        answer.signature.post_body = _BODY
        return answer
