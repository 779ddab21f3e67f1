"""Who may sign an item now, with which version, and whether that is still so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn

from signward_server.core.errors import (
    EtagMismatch,
    KeyFrozen,
    KeyPurposeMismatch,
    PayloadUnsupported,
    PolicyDenied,
    SpendLimit,
)
from signward_server.core.keys import Freeze, Key, KeyVersion, VersionState
from signward_server.core.ports import Approval, Call, Chain, Generation, Reservation
from signward_server.core.signing import Decoded, Intent, SignRequest
from signward_server.core.version_life import effective
from signward_server.flows.access import APPROVE_AGENT, may_view, signing_version, visible_key
from signward_server.flows.asking import Asking
from signward_server.flows.signing_ports import SigningPorts
from signward_server.flows.spend_limits import allowed_after

__all__ = ["Judging"]

_TRIES = 8


class Judging:
    """Judges one item: ``read`` it, then ``judge``, and ``renew`` when it ``is_outdated``.

    Each of these raises what refuses the item; a refused one is asked no further.

    Args:
        ports: The other parts.
        call: The call that carries it.
        request: What is asked for.

    Attributes:
        key: The key, as it was judged; set by ``read``, as all others.
        version: The version that is to sign.
        chain: Whose payload it is.
        decoded: What is judged, and the bytes that follow from it.
        is_restricted: Whether somebody else may approve it, and a policy asks for that (S15).
        approval: Somebody else's approval of exactly this, ``None`` for none.
        allowed: Ids of the policies that allow it; ``None`` until they do.
        policy_set: Hash of the policies that were asked last.
        note: What is to be recorded of it besides.
    """

    __slots__ = (
        "_call",
        "_digest",
        "_generation",
        "_is_retry",
        "_number",
        "_ports",
        "_request",
        "_reservation",
        "allowed",
        "approval",
        "chain",
        "decoded",
        "is_restricted",
        "key",
        "note",
        "policy_set",
        "version",
    )

    def __init__(self, ports: SigningPorts, call: Call, request: SignRequest) -> None:
        self._ports = ports
        self._call = call
        self._request = request
        self._number = request.version
        self._digest = b""
        self.approval: Approval | None = None
        self.allowed: tuple[str, ...] | None = None
        self.policy_set = ""
        self.note = ""

    def read(self) -> Decoded:
        """Find the key and the version that is asked for, and decode the payload."""
        ports, request = self._ports, self._request
        self._generation: Generation = ports.policy.generation
        key = visible_key(ports.catalogue, ports.policy, self._call, request.key)
        chain = ports.chains.get(type(request.payload))
        if chain is None:
            raise PayloadUnsupported
        if key.purpose not in chain.purposes:
            raise KeyPurposeMismatch
        self.version: KeyVersion = signing_version(
            key, self._number, ports.onward, request.expected_fingerprint
        )
        self.key: Key = key
        self.chain: Chain = chain
        decoded: Decoded = chain.decode(request.payload, key, int(ports.clock.time() * 1000))
        self.decoded = decoded
        self.is_restricted = self._may_be_approved(decoded.intent) or (
            bool(decoded.more) and any(map(self._may_be_approved, decoded.more))
        )
        return decoded

    def needs_approval(self, digest: bytes, approval: Approval | None) -> None:
        """Take somebody else's approval of exactly this, if there is one.

        Args:
            digest: What names exactly this; told to whoever is refused.
            approval: The approval.
        """
        self._digest = digest
        self.approval = approval
        self.note = f"approval_digest {digest.hex()}"

    def judge(self, reservation: Reservation, *, retry: bool = False) -> None:
        """Return if this caller may sign all of these Intents with this version of this key.

        Args:
            reservation: What was counted, the item included (S12).
            retry: Whether it was counted at its first use already (S33).

        Raises:
            KeyFrozen: The key signs only what cancels, and one of them does not.
            PolicyDenied: One of them is not allowed. Metadata ``approval_digest`` says what
                somebody else could approve, where that is all that is missing, and ``intent``
                which one it was, from 0.
            SpendLimit: Likewise, for the sole reason of what was spent already.
            PolicyError, PayloadUnsupported: See ``ports.Policy``.
        """
        self._reservation: Reservation = reservation
        self._is_retry: bool = retry
        ports, key, decoded = self._ports, self.key, self.decoded
        if key.freeze is Freeze.CANCEL_ONLY and not ports.cancelling.issuperset(
            intent.action for intent in decoded.intents
        ):
            raise KeyFrozen(metadata={"freeze": key.freeze.name})
        self.policy_set = self._generation.version
        intent, totals = decoded.intent, reservation.before if retry else reservation.totals
        self.allowed = None
        try:
            if self.approval is None and not decoded.more:  # nearly always
                allowed = ports.policy.authorize(
                    self._call, intent.action, key, self.version, intent, totals
                )
            else:
                allowed = self._asking().each(totals)
        except PolicyDenied as error:
            self._deny(error, totals)
        except SpendLimit as error:
            raise SpendLimit(
                metadata=error.metadata,
                retry_after=allowed_after(reservation, self._asking().allows),
            ) from None
        self.allowed = allowed

    def judge_again(self) -> None:
        """Judge anew by what was counted; see ``judge``."""
        self.judge(self._reservation, retry=self._is_retry)

    def ensure_grants(self) -> None:
        """Return if whoever gets rights by it may have them, from this caller (S14, S31).

        Raises:
            PolicyDenied, PolicyError: The caller may not approve the agent.
            FieldInvalid, EnvelopeCorrupt: See ``ports.Agents``.
        """
        decoded, call = self.decoded, self._call
        if not decoded.grants:
            return
        agents, policy = self._ports.agents, self._ports.policy
        if not self._request.is_granted:
            agent_key = agents.key_of(decoded, lambda key: may_view(policy, call, key))
            policy.authorize(call, APPROVE_AGENT, agent_key)
        agents.ensure_approvable(self.key, self.version, decoded)

    def keep(self) -> None:
        """Have the version stay the one that was judged, whatever is primary later."""
        self._number = self.version.version

    def choose(self, number: int) -> None:
        """Take another version than the one that was judged, keep and judge that (S24, S33)."""
        self._number = number
        self._choose()

    def is_outdated(self) -> bool:
        """Return whether key or policies are others than those that it was judged by.

        So is what was judged by a version whose grace has ended since (S13).
        """
        ports, version = self._ports, self.version
        return (
            ports.catalogue.get(self._request.key) is not self.key
            or ports.policy.generation is not self._generation
            or (
                version.state is VersionState.GRACE
                and effective(version, ports.onward.now()) is not VersionState.GRACE
            )
        )

    def renew(self) -> None:
        """Judge by what key and policies have become (S11).

        Whoever asked for the primary version gets the one that is primary by now, unless the
        version is to be kept. Nothing is counted again.

        Raises:
            EtagMismatch: They change faster than it can be judged.
        """
        ports, request = self._ports, self._request
        for _ in range(_TRIES):
            if not self.is_outdated():
                return
            self._generation = ports.policy.generation
            self.key = visible_key(ports.catalogue, ports.policy, self._call, request.key)
            self._choose()
        raise EtagMismatch

    def _may_be_approved(self, intent: Intent) -> bool:
        action = intent.action
        return action in self._ports.restricted and self._generation.asks_approval(action)

    def _choose(self) -> None:
        fingerprint = self._request.expected_fingerprint
        self.version = signing_version(self.key, self._number, self._ports.onward, fingerprint)
        self.judge_again()

    def _asking(self) -> Asking:
        is_approved = self.approval is not None
        policy, intents = self._ports.policy, self.decoded.intents
        return Asking(policy, self._call, self.key, self.version, intents, approved=is_approved)

    def _deny(self, error: PolicyDenied, totals: Mapping[str, int]) -> NoReturn:
        """Raise it, with what somebody else could approve if that would help."""
        if not self._digest or self.approval is not None:
            raise error
        if not self._asking().would_allow(totals):
            self.note = ""
            raise error
        told = {**error.metadata, "approval_digest": self._digest.hex()}
        raise PolicyDenied(metadata=told) from None
