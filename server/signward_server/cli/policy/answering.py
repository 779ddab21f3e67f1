"""What a caller asks for, and what the daemon answers."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from signward_server.core.errors import KeyNotFound, PolicyDenied, SignwardError, SpendLimit
from signward_server.core.keys import Key
from signward_server.core.payloads import Payload
from signward_server.core.ports import Caller
from signward_server.policy.explain import Explanation

__all__ = ["Answer", "Request", "RequestRefused", "Step", "Verdict"]


class Verdict(enum.StrEnum):
    """What becomes of a request."""

    ALLOW = "allow"
    DENY = "deny"
    ERROR = "error"


class RequestRefused(Exception):  # noqa: N818  # says what happened
    """Nobody can ask for this; the text says why, in one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked for.

    Attributes:
        caller: Who asks.
        time: When, UTC.
        key: The key in question, ``None`` for what concerns the server.
        action: The action; empty for signing, where the payload says it.
        payload: What is to be signed, ``None`` for what is not signing.
        version: Number of the version that is to sign, 0 for the primary one.
        totals: Windowed totals including this request; what is not said is this request alone.
        approved: Whether somebody else has approved exactly this.
    """

    caller: Caller
    time: datetime
    key: Key | None = None
    action: str = ""
    payload: Payload | None = None
    version: int = 0
    totals: Mapping[str, int] = field(default_factory=dict)
    approved: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One decision on the way to an answer."""

    action: str
    explanation: Explanation


@dataclass(frozen=True, slots=True)
class Answer:
    """What the daemon answers, and what that rests on.

    Attributes:
        error: What is said instead of doing it; ``None`` where it is done.
        steps: The decisions on the way, in order; that on viewing the key comes first.
    """

    error: SignwardError | None
    steps: tuple[Step, ...]

    @property
    def verdict(self) -> Verdict:
        """What becomes of the request."""
        if self.error is None:
            return Verdict.ALLOW
        return (
            Verdict.DENY
            if isinstance(self.error, (KeyNotFound, PolicyDenied, SpendLimit))
            else Verdict.ERROR
        )

    @property
    def reason(self) -> str:
        """The error's reason; empty where it is allowed."""
        return "" if self.error is None else self.error.reason

    @property
    def policies(self) -> tuple[str, ...]:
        """Ids of the policies that made the answer what it is."""
        last = self.steps[-1].explanation if self.steps else None
        if last is None or (last.allowed and self.error is not None):
            return ()
        if self.error is not None or last is self.steps[0].explanation:
            return last.policies
        decided = [step.explanation.policies for step in self.steps[1:]]  # after the view
        return tuple(dict.fromkeys(name for names in decided for name in names))

    @property
    def detail(self) -> str:
        """Why it is not allowed, beyond the reason."""
        if self.error is None:
            return ""
        if self.error.violations:
            found = self.error.violations
            return "; ".join(f"{v.field}: {v.description.rstrip('.')}" for v in found)
        last = self.steps[-1] if self.steps else None
        if last is None or last.explanation.allowed:
            return self.error.text.rstrip(".")
        told = f"{last.action} is {last.explanation.reason}"
        return f"{told} ({', '.join(self.policies)})" if self.policies else told

    @property
    def summary(self) -> str:
        """The answer in a line."""
        if self.error is None:
            return f"allow by {', '.join(self.policies)}"
        return f"{self.verdict.value} ({self.reason}): {self.detail}"
