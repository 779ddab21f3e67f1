"""Who calls, and how that was shown."""

from __future__ import annotations

import enum
from dataclasses import dataclass

__all__ = ["Authentication", "Identity", "IdentityKind"]


class IdentityKind(enum.StrEnum):
    """Where an identity's name comes from; the value is its prefix."""

    SPIFFE = "spiffe"
    DNS = "dns"
    CN = "cn"
    API_KEY = "apikey"

    __hash__ = str.__hash__  # computed in C: looked up on the signing path


class Authentication(enum.StrEnum):
    """How a caller has shown who it is; policies read the value."""

    CERTIFICATE = "certificate"
    API_KEY = "api_key"
    CERTIFICATE_AND_API_KEY = "certificate_and_api_key"

    __hash__ = str.__hash__  # see IdentityKind


@dataclass(frozen=True, slots=True)
class Identity:
    """A caller, typed: two kinds with the same name are two identities (S1).

    Attributes:
        kind: Where the name comes from.
        name: The name without its kind; for SPIFFE the part after ``spiffe:``.
    """

    kind: IdentityKind
    name: str

    def __str__(self) -> str:
        return f"{self.kind._value_}:{self.name}"  # ``value`` takes ten times as long
