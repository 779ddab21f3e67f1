"""Names of OpenTelemetry's semantic conventions for gRPC, and ours beside them.

https://opentelemetry.io/docs/specs/semconv/rpc/grpc, version 1.44 (release candidate): methods in
full, status codes by name, and `rpc.system.name` in place of the older `rpc.system`.
"""

from __future__ import annotations

from typing import Final

SCHEMA: Final = "https://opentelemetry.io/schemas/1.44.0"
SCOPE: Final = "signward_server"
GRPC: Final = "grpc"
FAULTS: Final = frozenset(
    {"UNKNOWN", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"}
)
"""Status codes that are errors of a server's span; all others are the caller's."""
