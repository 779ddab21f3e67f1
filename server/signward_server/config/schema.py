"""The configuration: every section, key, default and bound. Secrets are never in it."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal, Self

from pydantic import Field, model_validator

from signward_server.config.addresses import (
    Endpoint,
    OptionalEndpoint,
    SocketPath,
)
from signward_server.config.audit import Audit
from signward_server.config.caps import CapRule, Caps
from signward_server.config.custody import Custody, Envelope
from signward_server.config.home import Home
from signward_server.config.hyperliquid import Hyperliquid
from signward_server.config.keys import Keys
from signward_server.config.limits import Limits
from signward_server.config.policy import Groups, Policy
from signward_server.config.quantities import Duration
from signward_server.config.rate_limits import FailureLimit, RateLimits, RateRule
from signward_server.config.reload import Reload
from signward_server.config.section import Section, contradiction, table
from signward_server.config.store import Store
from signward_server.config.telemetry import Telemetry
from signward_server.config.tls import ClientCa, Tls
from signward_server.config.workers import Workers

__all__ = [
    "Audit",
    "CapRule",
    "Caps",
    "ClientCa",
    "Custody",
    "Envelope",
    "FailureLimit",
    "Groups",
    "Health",
    "Home",
    "Hyperliquid",
    "Keys",
    "Limits",
    "Listen",
    "Log",
    "Order",
    "Policy",
    "RateLimits",
    "RateRule",
    "Reload",
    "Settings",
    "Shutdown",
    "Store",
    "Telemetry",
    "Tls",
    "Workers",
]


class Listen(Section):
    """Where the daemon listens."""

    tcp: OptionalEndpoint = Field(
        Endpoint("127.0.0.1", "127.0.0.1", 7443),
        description="gRPC over mTLS, HOST:PORT; empty turns it off, port 0 picks one.",
    )
    unix: SocketPath = Field(
        None,
        description="gRPC over mTLS on a Unix socket, mode 0660; empty turns it off.",
    )
    api_keys: OptionalEndpoint = Field(
        None,
        description="gRPC over TLS for callers with an API key and no certificate, HOST:PORT; "
        "empty turns it off.",
    )
    http: OptionalEndpoint = Field(
        Endpoint("127.0.0.1", "127.0.0.1", 7480),
        description="/livez, /readyz and, for Prometheus, /metrics over plain HTTP; empty turns "
        "them off.",
    )

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if self.tcp is None and self.unix is None:
            raise contradiction("tcp", "is off, and so is listen.unix", "set one of the two")
        taken: dict[str, str] = {}  # by address, whatever the name that stood for it
        for name in ("tcp", "api_keys", "http"):
            endpoint: Endpoint | None = getattr(self, name)
            if endpoint is None or not endpoint.port:
                continue
            if (address := str(endpoint)) in taken:
                fix = f"choose another port than that of listen.{taken[address]}"
                raise contradiction(name, "is the address of another listener", fix)
            taken[address] = name
        return self


class Order(Section):
    """Order intents."""

    timestamp_window: Duration = Field(
        timedelta(seconds=60),
        ge=timedelta(seconds=1),
        le=timedelta(hours=1),
        description="How far an order's timestamp may lie from the daemon's clock, either way.",
    )


class Log(Section):
    """JSON lines on standard error; never payloads, signatures or secrets."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="The least that is logged: debug, info, warning or error."
    )


class Shutdown(Section):
    """The end."""

    grace: Duration = Field(
        timedelta(seconds=10),
        ge=timedelta(0),
        le=timedelta(minutes=5),
        description="Time for running calls after SIGTERM.",
    )


class Health(Section):
    """Who may ask whether the daemon is well."""

    anonymous: bool = Field(
        default=False,
        description="Whether grpc.health.v1 answers callers that show no certificate or API key, "
        "and whatever the policies say. The probes of listen.http always do.",
    )


class Settings(Section):
    """The whole configuration."""

    listen: Listen = table("Where the daemon listens.")
    workers: Workers = table("How many processes serve.")
    tls: Tls = table("Certificates and who is believed.")
    policy: Policy = table("Who may do what.")
    groups: Groups = table("Groups of identities.")
    home: Home = table("By what a copy is noticed.")
    store: Store = table("Where keys are kept.")
    custody: Custody = table("Where private halves live.")
    keys: Keys = table("What the daemon does to keys by itself.")
    audit: Audit = table("What was done.")
    limits: Limits = table("How much the daemon takes on.")
    rate_limits: RateLimits = table("How often who may do what.")
    caps: Caps = table("How much may be signed within a time.")
    order: Order = table("Order intents.")
    hyperliquid: Hyperliquid = table("Actions of the Hyperliquid exchange.")
    health: Health = table("Who may ask whether the daemon is well.")
    reload: Reload = table("What takes effect without a restart.")
    log: Log = table("What is logged.")
    telemetry: Telemetry = table("Where spans and metrics go.")
    shutdown: Shutdown = table("The end.")
