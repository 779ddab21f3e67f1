"""The sections of rate limits: how often who may do what, and where that is counted."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from signward_server.config.addresses import OptionalFilePath
from signward_server.config.quantities import Duration
from signward_server.config.section import Section, contradiction, table

__all__ = ["FailureLimit", "RateLimits", "RateRule"]

_NETWORK = frozenset({"redis", "rediss", "valkey", "valkeys"})
_ENCRYPTED = frozenset({"rediss", "valkeys"})
_UNIX = frozenset({"redis+unix", "valkey+unix"})
_LONGEST_URL = 512
_SECOND = timedelta(seconds=1)

_is_plain = re.compile(r"[!-~]*").fullmatch
_is_database = re.compile(r"(?:/[0-9]{0,4})?").fullmatch


def _whole_seconds(value: timedelta) -> timedelta:
    if value % _SECOND:
        fix = 'write it like "10s", "5m" or "24h"'
        raise PydanticCustomError("duration", "is no whole number of seconds", {"fix": fix})
    return value


def _storage(text: str) -> str:
    """Return the address of a server in which nothing is secret, or the empty text."""
    if not text:
        return text
    try:
        parts = urlsplit(text) if len(text) <= _LONGEST_URL and _is_plain(text) else None
        port = parts.port if parts else None
    except ValueError:
        parts = port = None
    fix = 'write it like "redis://10.0.0.7:6379/0", "rediss://…" or "redis+unix:///run/redis.sock"'
    if parts is None or parts.scheme not in _NETWORK | _UNIX:
        raise PydanticCustomError("storage", "is no address of Redis or Valkey", {"fix": fix})
    if "@" in parts.netloc or parts.query or parts.fragment:
        hidden = "put a password into a file for storage_password, a name into storage_username"
        raise PydanticCustomError("storage", "holds more than an address", {"fix": hidden})
    remote = bool(parts.hostname) and port != 0 and _is_database(parts.path)
    local = not parts.netloc and len(parts.path) > 1
    if not (local if parts.scheme in _UNIX else remote):
        raise PydanticCustomError("storage", "is no address of Redis or Valkey", {"fix": fix})
    return text


class RateRule(Section):
    """A rate limit: so many of a class, in a window that begins with the first that is counted."""

    model_config = ConfigDict(serialize_by_alias=True)

    what: Literal[
        "sign",
        "verify",
        "read",
        "list",
        "key_creation",
        "key_change",
        "administration",
        "health",
        "reflection",
    ] = Field(
        alias="class",
        description="What is counted together; `sign` counts each item of batches and streams.",
    )
    per: Literal["identity", "key", "identity_and_key"] = Field(
        description="What has a counter of its own; keys have one for `sign` alone."
    )
    limit: int = Field(ge=1, le=1_000_000_000, description="How many a window admits.")
    window: Annotated[Duration, AfterValidator(_whole_seconds)] = Field(
        ge=_SECOND, le=timedelta(hours=24), description="Length of a window, in whole seconds."
    )

    @model_validator(mode="after")
    def _applies(self) -> Self:
        if self.what != "sign" and self.per != "identity":
            raise contradiction("per", "counts by key, which only sign does", 'use "identity"')
        return self


class FailureLimit(Section):
    """Failed authentications. They never stand in the way of a valid credential."""

    limit: int = Field(
        20,
        ge=1,
        le=1_000_000,
        description="Failures of one address, or IPv6 network of 64 bits, that are answered with "
        "their reason; further ones are answered with RATE_LIMITED.",
    )
    window: Duration = Field(
        timedelta(minutes=1),
        ge=_SECOND,
        le=timedelta(hours=24),
        description="Length of a window, from the first failure.",
    )


def _default_rules() -> Any:  # noqa: ANN401  # still to be validated, like all defaults
    return [
        {"class": "list", "per": "identity", "limit": 60, "window": "1m"},
        {"class": "key_creation", "per": "identity", "limit": 5, "window": "5m"},
        {"class": "key_change", "per": "identity", "limit": 60, "window": "1m"},
        {"class": "administration", "per": "identity", "limit": 60, "window": "1m"},
    ]


class RateLimits(Section):
    """How often who may do what; more is refused with RATE_LIMITED and the time to wait."""

    storage: Annotated[str, AfterValidator(_storage)] = Field(
        "",
        description="Redis or Valkey that all replicas count in, such as "
        '`"rediss://10.0.0.7:6379/0"`; empty counts in memory.',
    )
    storage_username: str = Field(
        "", max_length=253, pattern=r"^[!-~]*$", description="User of the storage, if it has ACLs."
    )
    storage_password: OptionalFilePath = Field(
        None, description="File with the storage's password, mode 0600 or 0640; empty for none."
    )
    storage_ca: OptionalFilePath = Field(
        None, description="PEM bundle that the storage's certificate comes from; empty: the system."
    )
    storage_connect_timeout: Duration = Field(
        timedelta(milliseconds=100),
        ge=timedelta(milliseconds=10),
        le=timedelta(seconds=5),
        description="Time to connect to the storage.",
    )
    storage_timeout: Duration = Field(
        timedelta(milliseconds=250),
        ge=timedelta(milliseconds=10),
        le=timedelta(seconds=5),
        description="Time for the storage to answer.",
    )
    when_unavailable: Literal["refuse", "local"] = Field(
        "refuse",
        description="While the storage fails: refuse what has a rule, or let each replica "
        "count alone.",
    )
    rules: tuple[RateRule, ...] = Field(
        default_factory=_default_rules,
        max_length=64,
        strict=False,
        description="All limits that there are: rules of your own replace the default ones, and "
        "a class without a rule has no limit.",
    )
    failures: FailureLimit = table("Failed authentications.")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        scheme = self.storage.partition(":")[0]
        given = {
            "storage_username": self.storage_username,
            "storage_password": self.storage_password,
            "storage_ca": self.storage_ca,
        }
        for key, value in given.items():
            if value and not scheme:
                raise contradiction(key, "is for a storage, and there is none", "set storage")
        if self.storage_ca and scheme not in _ENCRYPTED:
            raise contradiction("storage_ca", "is for TLS", 'use "rediss://…" in storage')
        kinds = {(rule.what, rule.per, rule.window) for rule in self.rules}
        if len(kinds) < len(self.rules):
            fix = "keep the one with the lowest limit"
            raise contradiction("rules", "has two of the same class, per and window", fix)
        return self
