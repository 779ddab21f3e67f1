"""Who may be approved as an agent (S31)."""

from __future__ import annotations

from collections.abc import Callable

from signward_server.core.agents import Agent
from signward_server.core.errors import FieldInvalid
from signward_server.core.keys import Key, KeyVersion, Purpose, VersionState
from signward_server.core.ports import AgentRegister, Clock, Time
from signward_server.core.signing import Decoded
from signward_server.flows.agents.addresses import Addresses
from signward_server.flows.agents.names import grant_of

__all__ = ["KeyedAgents"]

_FIELD = "hyperliquid.approve_agent.agent_address"
_MAY_SIGN = frozenset({VersionState.PENDING, VersionState.PRIMARY})
_NO_KEY = "Must be the address of a hyperliquid key of this daemon, on the same network."
_SAME = "Must be another key's than the account's own."
_MASTER = "Must be of a key that has no agents itself: what it signs counts for its own account."
_ENDED_VERSION = "Its version must be primary or pending; rotate the agent for a new one."
_OTHER = "Was approved for another account; an agent's address is used once."
_OVER = (
    "Was an agent before; an address that is one no more is never approved again; rotate the agent."
)


class KeyedAgents:
    """Implements ``core.ports.Agents``: agents are keys of the catalogue.

    Args:
        register: Every agent.
        addresses: Those of keys.
        clock: Dates approvals.
        onward: The time by which they end.
    """

    def __init__(
        self, register: AgentRegister, addresses: Addresses, clock: Clock, onward: Time
    ) -> None:
        self._register = register
        self._addresses = addresses
        self._clock = clock
        self._onward = onward

    def key_of(self, decoded: Decoded, is_visible: Callable[[Key], bool]) -> Key:
        """See ``core.ports.Agents.key_of``."""
        found = self._addresses.find(decoded.grants)
        if found is None or not is_visible(found[0]):
            raise FieldInvalid.at(_FIELD, _NO_KEY)
        return found[0]

    def ensure_approvable(self, key: Key, version: KeyVersion, decoded: Decoded) -> None:
        """See ``core.ports.Agents.ensure_approvable``."""
        account = grant_of(decoded)[2] or self._addresses.of(key, version)
        _refuse(self.problem(key, account, decoded.grants))

    def problem(self, key: Key, account: str, address: str) -> str:
        """Return why an address may not become an agent, empty if it may.

        Args:
            key: The key that is to sign.
            account: The account that it would act for.
            address: The address.

        Raises:
            EnvelopeCorrupt: What is known of it fails its MAC.
        """
        found = self._addresses.find(address)
        if found is None or not _go_together(found[0], key):
            return _NO_KEY
        agent_key, version = found
        if agent_key.id == key.id or address == account:
            return _SAME
        if self._register.page(agent_key.id, "", 1):
            return _MASTER
        if version.state not in _MAY_SIGN:
            return _ENDED_VERSION
        known = self._register.get(address)
        return "" if known is None else self._past_problem(known, account)

    def granted(self, key: Key, version: KeyVersion, decoded: Decoded) -> None:
        """See ``core.ports.Agents.granted``."""
        found = self._addresses.find(decoded.grants)
        if found is None:
            raise FieldInvalid.at(_FIELD, _NO_KEY)
        name, end, account = grant_of(decoded)
        account = account or self._addresses.of(key, version)
        known = self._register.get(decoded.grants)
        if known is not None:
            _refuse(self._past_problem(known, account))  # others may have been quicker
            if known.nonce >= decoded.nonce:
                return  # a retry, or one that was overtaken
        stored = self._register.put(
            Agent(
                address=decoded.grants,
                key=key.id,
                account=account,
                agent_key=found[0].id,
                agent_version=found[1].version,
                name=name,
                network=key.network,
                nonce=decoded.nonce,
                approve_time=self._clock.now(),
                expire_time=end,
            )
        )
        _refuse(_OVER if stored.end_time is not None else "")

    def _past_problem(self, known: Agent, account: str) -> str:
        """Return why what was an agent may not be approved again, empty if it is one still."""
        if known.account != account:
            return _OTHER
        last = self._register.of_name(known.account, known.network, known.name)
        is_over = (
            known.end_time is not None
            or (known.expire_time is not None and known.expire_time <= self._onward.now())
            or (last is not None and last.address != known.address)
        )
        return _OVER if is_over else ""


def _refuse(problem: str) -> None:
    if problem:
        raise FieldInvalid.at(_FIELD, problem)


def _go_together(agent_key: Key, key: Key) -> bool:
    return agent_key.purpose is Purpose.HYPERLIQUID and agent_key.network == key.network
