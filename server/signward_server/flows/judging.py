"""Who may sign an item now, with which version, and whether that is still so."""

from __future__ import annotations

from collections.abc import Mapping

from signward_server.core.errors import (
    EtagMismatch,
    KeyFrozen,
    KeyPurposeMismatch,
    PayloadUnsupported,
)
from signward_server.core.keys import Freeze, Key, KeyVersion, VersionState
from signward_server.core.ports import Call, Chain, Generation
from signward_server.core.signing import Decoded, SignRequest
from signward_server.core.version_life import effective
from signward_server.flows.access import signing_version, visible_key
from signward_server.flows.signing_ports import SigningPorts

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
        allowed: Ids of the policies that allow it; ``None`` until they do.
        policy_set: Hash of the policies that were asked last.
    """

    __slots__ = (
        "_call",
        "_generation",
        "_number",
        "_ports",
        "_request",
        "_totals",
        "allowed",
        "chain",
        "decoded",
        "key",
        "policy_set",
        "version",
    )

    def __init__(self, ports: SigningPorts, call: Call, request: SignRequest) -> None:
        self._ports = ports
        self._call = call
        self._request = request
        self._number = request.version
        self.allowed: tuple[str, ...] | None = None
        self.policy_set = ""

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
        self.decoded: Decoded = chain.decode(request.payload, key, int(ports.clock.time() * 1000))
        return self.decoded

    def judge(self, totals: Mapping[str, int]) -> None:
        """Return if this caller may sign this Intent with this version of this key.

        Args:
            totals: Windowed totals, the item included (S12).
        """
        self._totals: Mapping[str, int] = totals
        ports, key, intent = self._ports, self.key, self.decoded.intent
        if key.freeze is Freeze.CANCEL_ONLY and intent.action not in ports.cancelling:
            raise KeyFrozen
        self.policy_set = self._generation.version
        self.allowed = ports.policy.authorize(
            self._call, intent.action, key, self.version, intent, totals
        )

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

    def _choose(self) -> None:
        fingerprint = self._request.expected_fingerprint
        self.version = signing_version(self.key, self._number, self._ports.onward, fingerprint)
        self.judge(self._totals)
