"""AccountService: messages to flows and back."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from signward.v1 import account_service_pb2 as pb

from signward_server.core.audit_events import AuditEvent
from signward_server.core.method_classes import MethodClass
from signward_server.flows.access import APPROVE_AGENT, VIEW_KEY
from signward_server.flows.agents.approval import AgentApproval
from signward_server.flows.agents.ending import EXPIRE_AGENT, AgentEnding
from signward_server.flows.agents.listing import LIST_AGENTS, AgentListing
from signward_server.flows.agents.rotation import ROTATE_AGENT, AgentRotation
from signward_server.flows.key_reading import Place
from signward_server.rpc.call import GrpcCall
from signward_server.rpc.convert.agent_messages import agent_message
from signward_server.rpc.convert.agent_requests import agent_address, approve_agent, rotate_agent
from signward_server.rpc.convert.fields import Fields
from signward_server.rpc.convert.hyperliquid import write_hyperliquid
from signward_server.rpc.key_routes import answer_bytes
from signward_server.rpc.page_token import PageTokens
from signward_server.rpc.pages import fitting, page_size
from signward_server.rpc.parsing import parse
from signward_server.rpc.routes import Route, Unary

__all__ = ["AccountService", "AgentFlows"]

_SERVICE = "/signward.v1.AccountService/"
_SIGNATURE = "SignHyperliquidApproveAgent"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentFlows:
    """The use cases behind it."""

    approval: AgentApproval
    rotation: AgentRotation
    listing: AgentListing
    ending: AgentEnding


class AccountService:
    """The RPCs of AccountService."""

    def __init__(self, agents: AgentFlows, tokens: PageTokens) -> None:
        self._agents = agents
        self._tokens = tokens

    def routes(self) -> list[Route]:
        """Return its RPCs."""
        return [
            _changing(APPROVE_AGENT, self._approve, _SIGNATURE),
            _changing(ROTATE_AGENT, self._rotate, _SIGNATURE),
            _changing(EXPIRE_AGENT, self._expire),
            Route(
                _SERVICE + LIST_AGENTS,
                (VIEW_KEY, LIST_AGENTS),
                MethodClass.LIST,
                AuditEvent.FAILURE,
                unary=self._list,
            ),
        ]

    def _approve(self, data: bytes, call: GrpcCall) -> bytes:
        request = approve_agent(parse(pb.ApproveAgentRequest, data))
        approved = self._agents.approval.approve(call, request)
        answer = pb.ApproveAgentResponse(agent=agent_message(approved.agent))
        write_hyperliquid(answer.signature, approved.signature)
        return answer_bytes(answer)

    def _rotate(self, data: bytes, call: GrpcCall) -> bytes:
        request = rotate_agent(parse(pb.RotateAgentRequest, data))
        approved = self._agents.rotation.rotate(call, request)
        answer = pb.RotateAgentResponse(agent=agent_message(approved.agent))
        write_hyperliquid(answer.signature, approved.signature)
        return answer_bytes(answer)

    def _list(self, data: bytes, call: GrpcCall) -> bytes:
        message = parse(pb.ListAgentsRequest, data)
        fields = Fields()
        key_id = fields.key_id("key", message.key)
        fields.check()
        content = sha256(key_id.encode()).digest()
        place = self._tokens.decode(call, content, message.page_token)
        page = self._agents.listing.page(call, key_id, place.after, page_size(message.page_size))
        shown = list(fitting(map(agent_message, page.agents)))
        following = page.following
        if len(shown) < len(page.agents):
            following = page.agents[len(shown) - 1].address
        token = self._tokens.encode(call, content, Place(following) if following else None)
        return answer_bytes(pb.ListAgentsResponse(agents=shown, next_page_token=token))

    def _expire(self, data: bytes, call: GrpcCall) -> bytes:
        message = parse(pb.ExpireAgentRequest, data)
        fields = Fields()
        key_id = fields.key_id("key", message.key)
        address = agent_address(fields, message.address)
        reason = fields.text("reason", message.reason)
        fields.check()
        agent = self._agents.ending.end(call, key_id, address, reason)
        return answer_bytes(pb.ExpireAgentResponse(agent=agent_message(agent)))


def _changing(name: str, behaviour: Unary, *further: str) -> Route:
    """Return the route of an RPC that changes something; its action has its name."""
    return Route(
        _SERVICE + name,
        (VIEW_KEY, name, *further),
        MethodClass.KEY_CHANGE,
        AuditEvent.ADMINISTRATION,
        unary=behaviour,
    )
