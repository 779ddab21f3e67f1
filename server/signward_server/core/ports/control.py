"""Who may do what, and how often."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from signward_server.core.errors import SignwardError
from signward_server.core.identity import Identity
from signward_server.core.keys import Key, KeyVersion
from signward_server.core.method_classes import MethodClass
from signward_server.core.ports.calls import Caller
from signward_server.core.signing import Decoded, Intent

__all__ = ["AuthenticationFailures", "Caps", "Generation", "Limits", "Policy", "Reservation"]


class Generation(Protocol):
    """One state of policies and groups."""

    @property
    def version(self) -> str:
        """Hash of the policies, the same for the same ones."""
        ...

    def asks_approval(self, action: str) -> bool:
        """Return whether some policy about an action asks if somebody else has approved it."""
        ...


class Policy(Protocol):
    """Decides who may do what."""

    @property
    def generation(self) -> Generation:
        """What the decisions of now rest on.

        Another object after any change of policies or groups, so that whoever judged before
        can see that it must judge again (S11).
        """
        ...

    def authorize(
        self,
        caller: Caller,
        action: str,
        key: Key | None,
        version: KeyVersion | None = None,
        intent: Intent | None = None,
        totals: Mapping[str, int] | None = None,
        *,
        approved: bool = False,
    ) -> tuple[str, ...]:
        """Return if it is allowed.

        Args:
            caller: Who asks.
            action: An action of ``core.actions``, or the Intent's.
            key: The key in question, ``None`` for what concerns the server.
            version: The version that is to sign; ``None`` for what is not signing.
            intent: What is to be signed, ``None`` for what is not signing.
            totals: Windowed totals including this request.
            approved: Whether somebody else has approved exactly this (S15).

        Returns:
            Ids of the policies that allow it.

        Raises:
            PolicyDenied: It is not; ``policies`` of its metadata names those that decided,
                separated by commas.
            SpendLimit: The same, where all that forbid it are annotated as spend limits;
                ``limits`` of its metadata names the windowed totals.
            PolicyError: A policy could not be evaluated, which denies as well (S5).
            PayloadUnsupported: A number of the Intent is outside of 0..2^63-1 (S6).
        """
        ...


class Reservation(Protocol):
    """Spending that was counted before the decision (S12)."""

    @property
    def totals(self) -> Mapping[str, int]:
        """Windowed totals by name, this request included."""
        ...

    @property
    def before(self) -> Mapping[str, int]:
        """The same without this request: what a retry is judged by, which is counted already."""
        ...

    def ahead(self) -> Iterator[tuple[float, Mapping[str, int]]]:
        """Yield what the totals will be, at each time when one falls.

        Yields:
            Seconds from now, rising, and the totals from then on if nothing else is counted.
        """
        ...

    def release(self) -> None:
        """Give it back: no signature can have left."""
        ...


class Caps(Protocol):
    """Sums and counts over windows."""

    @property
    def actions(self) -> frozenset[str]:
        """What is counted: whoever signs such waits for the store."""
        ...

    def alone(self, decoded: Decoded) -> Reservation:
        """Return what a reservation would be if nothing had been spent; nothing is counted.

        Raises:
            PayloadUnsupported: See ``reserve``.
        """
        ...

    def reserve(
        self, identity: Identity, key: Key, version: KeyVersion, decoded: Decoded
    ) -> Reservation:
        """Count this request in and return the totals (S12).

        Touches no store where none of its Intents is counted by any cap.

        Raises:
            StoreUnavailable: It cannot be counted, so that it must not be signed.
            EnvelopeCorrupt: Nobody knows for which account it counts; see ``AccountOf``.
        """
        ...


class Limits(Protocol):
    """Rate limits."""

    @property
    def blocking(self) -> bool:
        """Whether ``admit`` may wait for another process."""
        ...

    def admit(self, identity: Identity, what: MethodClass, key: str = "", cost: int = 1) -> None:
        """Count calls or items.

        Args:
            identity: The caller.
            what: The class of the method.
            key: The key, where one is known and the caller may know of it; empty otherwise.
            cost: How many are counted, at least 1.

        Raises:
            RateLimited: Nothing was counted. ``retry_after`` is the time after which the same
                cost gets through, if nobody else takes it.
            FieldInvalid: The cost is above what the limit ever admits at once.
        """
        ...


class AuthenticationFailures(Protocol):
    """Keeps count of callers that could not show who they are (S38, S43)."""

    def answer(self, address: str, error: SignwardError) -> SignwardError:
        """Count a failure and return what the peer is told.

        A valid credential never gets here, so that nobody is refused for others' failures.

        Args:
            address: The peer's IP address; empty over a Unix socket.
            error: Why it failed.

        Returns:
            The error itself, or ``RateLimited`` for a peer that fails too often.
        """
        ...
