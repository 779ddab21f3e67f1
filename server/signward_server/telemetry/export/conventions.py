"""What spans and metrics are of, and OpenTelemetry's conventions for gRPC as they use them.

https://opentelemetry.io/docs/specs/semconv/rpc/grpc, version 1.44 (release candidate): methods in
full, status codes by name, and `rpc.system.name` in place of the older `rpc.system`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.semconv._incubating.attributes import rpc_attributes
from opentelemetry.semconv.attributes import error_attributes, service_attributes
from opentelemetry.semconv.schemas import Schemas

__all__ = ["FAULTS", "SCHEMA", "Origin", "known", "rpc_outcome"]

SCHEMA: Final = Schemas.V1_44_0.value
_SCOPE: Final = "signward_server"
FAULTS: Final = frozenset(
    {"UNKNOWN", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"}
)
"""Status codes that are errors of a server's span; all others are the caller's."""


@dataclass(frozen=True, slots=True)
class Origin:
    """What is said of the daemon beside everything that comes from it.

    Attributes:
        resource: The daemon.
        scope: The library that measures, which is the daemon as well.
    """

    resource: Resource
    scope: InstrumentationScope

    @classmethod
    def of(cls, resource: Mapping[str, str]) -> Self:
        """Return that of a daemon; nothing is detected, and no variables are read."""
        version = resource.get(service_attributes.SERVICE_VERSION, "")
        return cls(Resource(known(resource), SCHEMA), InstrumentationScope(_SCOPE, version, SCHEMA))


def known(attributes: Mapping[str, str]) -> dict[str, str]:
    """Return the attributes that are not empty, as Unicode, which the SDK insists on."""
    return {
        name: text if text.isascii() else text.encode("utf-8", "replace").decode()
        for name, text in attributes.items()
        if text
    }


def rpc_outcome(method: str, status: str) -> dict[str, str]:
    """Return the attributes that calls and their durations share; empty ones included."""
    return {
        rpc_attributes.RPC_SYSTEM_NAME: rpc_attributes.RpcSystemNameValues.GRPC.value,
        rpc_attributes.RPC_METHOD: method,
        rpc_attributes.RPC_RESPONSE_STATUS_CODE: status,
        error_attributes.ERROR_TYPE: status if status in FAULTS else "",
    }
